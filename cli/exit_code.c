/* Exit codes: one table for help and man pages, one order of precedence, one mapping from library results. */
#include "exit_code.h"

static const struct {
  int code;
  const char *meaning;
} table[] = {
    {EXIT_DONE, "all done (also: nothing matched)"},
    {EXIT_OTHER, "anything not listed here"},
    {EXIT_USAGE, "usage: wrong arguments, options or node file; nothing was done"},
    {EXIT_PARTIAL, "partial: something failed or is missing"},
    {EXIT_NO_MATCH, "nothing matched, and --require-match was given"},
    {EXIT_CONNECT, "cannot connect"},
    {EXIT_REJECTED, "association rejected, lost, or aborted (by us, too, for what the peer sent)"},
    {EXIT_SECURITY, "user identity; TLS (not in this version)"},
    {EXIT_TIMEOUT, "a time-out passed"},
    {EXIT_REFUSED, "refused by the peer (DIMSE failure status)"},
    {EXIT_VERIFICATION, "what came is not what was promised, or what is kept here is damaged"},
    {EXIT_STORAGE, "local storage: reading or writing files here"},
    {EXIT_INTERRUPTED, "interrupted"},
};

static const int precedence[] = {EXIT_INTERRUPTED, EXIT_USAGE, EXIT_STORAGE, EXIT_VERIFICATION, EXIT_PARTIAL};

void exit_add(exit_causes *causes, int code) {
  if (code <= EXIT_DONE || code > EXIT_INTERRUPTED) return;
  if (causes->first == EXIT_DONE) causes->first = code;
  causes->has[code] = true;
}

int exit_decide(const exit_causes *causes) {
  for (size_t i = 0; i < sizeof precedence / sizeof *precedence; i++)
    if (causes->has[precedence[i]]) return precedence[i];
  return causes->first;
}

/* What the peer sent broke a bound or was cut: we have aborted the association for it. */
static bool is_of_peer(scu_phase phase) {
  return phase == SCU_PHASE_ASSOCIATE || phase == SCU_PHASE_RESPONSE;
}

int exit_code_of(const scu_error *error) {
  return exit_code_of_result(scu_error_result(error), scu_error_phase(error));
}

int exit_code_of_result(scu_result result, scu_phase phase) {
  switch (result) {
  case SCU_ERROR_USAGE: return EXIT_USAGE;
  case SCU_ERROR_TRANSPORT:
    return phase == SCU_PHASE_RESOLVE || phase == SCU_PHASE_CONNECT || phase == SCU_PHASE_NONE ? EXIT_CONNECT
           : phase == SCU_PHASE_LISTEN                                                         ? EXIT_OTHER
                                                                                               : EXIT_REJECTED;
  case SCU_ERROR_TIMEOUT: return EXIT_TIMEOUT;
  case SCU_ERROR_CLOSED:
  case SCU_ERROR_REJECTED:
  case SCU_ERROR_ABORTED:
  case SCU_ERROR_PROTOCOL: return EXIT_REJECTED;
  /* What this version lacks was asked for: as with an unknown option nothing was done. */
  case SCU_ERROR_UNSUPPORTED: return phase == SCU_PHASE_USAGE || phase == SCU_PHASE_SECURE ? EXIT_USAGE : EXIT_OTHER;
  case SCU_ERROR_STORAGE: return EXIT_STORAGE;
  /* A file that we keep is not what we wrote. */
  case SCU_ERROR_MALFORMED:
    return phase == SCU_PHASE_STORAGE ? EXIT_VERIFICATION : is_of_peer(phase) ? EXIT_REJECTED : EXIT_OTHER;
  case SCU_ERROR_LIMIT: return is_of_peer(phase) ? EXIT_REJECTED : EXIT_OTHER;
  case SCU_ERROR_VERIFICATION: return EXIT_VERIFICATION;
  case SCU_ERROR_CANCELLED: return EXIT_INTERRUPTED;
  case SCU_ERROR_SECURITY: return EXIT_SECURITY;
  case SCU_ERROR_REFUSED: return EXIT_REFUSED;
  default: return result < 0 ? EXIT_OTHER : EXIT_DONE;
  }
}

const char *exit_meaning_at(size_t index, int *code) {
  if (index >= sizeof table / sizeof *table) return NULL;
  *code = table[index].code;
  return table[index].meaning;
}

void exit_print_table(FILE *to) {
  int code;
  for (size_t i = 0; exit_meaning_at(i, &code); i++) fprintf(to, "  %-4d %s\n", code, exit_meaning_at(i, &code));
  fputs("  Where several apply: 130, 2, 11, 10, 3, then the single cause.\n", to);
}
