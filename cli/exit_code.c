/* Exit codes: one table for help and man pages, one order of precedence, one mapping from library results. */
#include "exit_code.h"

static const exit_explanation table[] = {
    {EXIT_DONE, "all done (also: nothing matched)", "everything that was asked for was done", "nothing"},
    {EXIT_OTHER, "anything not listed here", "memory, a bound of our own, or output that could not be written",
     "see the message"},
    {EXIT_USAGE, "usage: wrong arguments, options or node file; nothing was done",
     "a typing error, or something that this version lacks", "see the message, and `scu help COMMAND`"},
    {EXIT_PARTIAL, "partial: something failed or is missing", "a file, instance or study of several",
     "see which (with --json each has a record), and do those again"},
    {EXIT_NO_MATCH, "nothing matched, and --require-match was given", "the keys fit nothing that the peer has",
     "ask for less exactly, with a * or a range"},
    {EXIT_CONNECT, "cannot connect", "wrong host or port, a peer that does not run, or a firewall",
     "check host and port; `scu echo` tries nothing else"},
    {EXIT_REJECTED, "association rejected, lost, or aborted (by us, too, for what the peer sent)",
     "AE titles, or what the peer is set up for", "see the message for the codes, and explain those"},
    {EXIT_SECURITY, "user identity; TLS (not in this version)", "a passcode or token that the peer does not accept",
     "check what was offered, and whether the peer knows user identities at all"},
    {EXIT_TIMEOUT, "a time-out passed", "the peer is slow, hangs, or is cut off",
     "try again with a longer wait (--timeout-connect, -associate, -response, -retrieve)"},
    {EXIT_REFUSED, "refused by the peer (DIMSE failure status)", "the peer cannot or will not do what was asked",
     "see the message for the status, and explain that"},
    {EXIT_VERIFICATION, "what came is not what was promised, or what is kept here is damaged",
     "instances are missing or differ; or a file was changed behind our back",
     "see what is missing, and ask again for it; for an archive: `scu archive --check`"},
    {EXIT_STORAGE, "local storage: reading or writing files here", "a full disk, or missing permissions",
     "see the message for the error of the system, and explain that"},
    {EXIT_INTERRUPTED, "interrupted", "Ctrl-C, or a signal", "run it again if that was not meant"},
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

const exit_explanation *exit_code_at(size_t index) {
  return index < sizeof table / sizeof *table ? &table[index] : NULL;
}

void exit_print_table(FILE *to) {
  for (size_t i = 0; exit_code_at(i); i++) fprintf(to, "  %-4d %s\n", table[i].code, table[i].meaning);
  fputs("  Where several apply: 130, 2, 11, 10, 3, then the single cause.\n", to);
}
