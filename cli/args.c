/* Arguments by table. What is not known, not available yet, or not this command's is a usage error with a hint. */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "errors.h"

static const flag_row flags[] = {
    {FLAG_KEY, "--match", 'k', "KEY[=VALUE]", "match this, or have it returned (without value); may be repeated",
     ON_QUERY},
    {FLAG_QUERY, "--query", 0, "FILE",
     "start from the keys of this dataset, a DICOM file or DICOM JSON; other keys are copied over them", ON_QUERY},
    {FLAG_LEVEL, "--level", 0, "LEVEL",
     "patient, study, series or image (also: instance); default: the deepest key named", ON_QUERY},
    {FLAG_DEPTH, "--depth", 0, "LEVEL", "drill down: what is below the matches, at this level", ON_FIND},
    {FLAG_MODEL, "--model", 0, "MODEL", "study, patient, psonly (Patient/Study Only), worklist (find)", ON_QUERY},
    {FLAG_RELATIONAL, "--relational", 0, "WHEN", "auto (when an upper unique key is missing), yes or no", ON_QUERY},
    {FLAG_EXTENDED, "--extended", 0, "LIST",
     "date-time, fuzzy, timezone, view, empty, multiple: ask the peer for this; commas between (`scu help find "
     "--full`)",
     ON_QUERY},
    {FLAG_ALL, "--all", 0, NULL, "yes, everything: needed when no key restricts it", ON_QUERY},
    {FLAG_STRICT, "--strict", 0, NULL, "leave out matches that do not meet the keys", ON_QUERY},
    {FLAG_SPLIT, "--split", 0, NULL, "ask for studies in parts by date; for archives that give so many and no more",
     ON_QUERY},
    {FLAG_LIMIT, "--limit", 0, "N", "stop after N matches", ON_FIND},
    {FLAG_TABLE, "--table", 0, NULL, "matches as a table (default)", ON_FIND},
    {FLAG_CSV, "--csv", 0, NULL, "matches as comma-separated values", ON_FIND},
    {FLAG_REQUIRE_MATCH, "--require-match", 0, NULL, "exit with 4 when nothing matches", ON_QUERY},
    {FLAG_TO, "--to", 0, "AET", "send to this AE (it must be known to the peer); default: to ourselves", ON_MOVE},
    {FLAG_OUTPUT, "--output", 'o', "DIR", "folder for what is received", ON_MOVE | ON_GET | ON_LISTEN},
    {FLAG_LISTEN, "--listen", 0, "[ADDR:]PORT",
     "where we listen for a C-MOVE to ourselves, or the result of a commitment [node file, else 11112 on all "
     "addresses]",
     ON_MOVE | ON_GET | ON_STORE | ON_COMMIT},
    {FLAG_PORT, "--port", 'p', "[ADDR:]PORT",
     "where to listen; port 0 = any free one [node file, else 11112 on all addresses]", ON_LISTEN | ON_ARCHIVE},
    {FLAG_WITH, "--with", 0, "HOW",
     "get (C-GET), move (C-MOVE to ourselves), auto (both); auto asks by C-MOVE for what C-GET does not bring [node "
     "file, else auto]",
     ON_GET},
    {FLAG_RAW_IDENTIFIER, "--raw-identifier", 0, NULL, "send the keys as they are, without C-FIND first",
     ON_MOVE | ON_GET},
    {FLAG_DEMO, "--demo", 0, NULL, "fill an empty archive with phantom images and worklist entries", ON_ARCHIVE},
    {FLAG_PEER, "--peer", 0, "NAME=AET@host:port", "a move destination; may be repeated", ON_ARCHIVE},
    {FLAG_FAULT, "--fault", 0, "SPEC", "misbehave on purpose, for tests (see docs/faults.md)", ON_ARCHIVE},
    {FLAG_CHECK, "--check", 0, NULL, "read every file, make the index agree, and end", ON_ARCHIVE},
    {FLAG_RECURSIVE, "--recursive", 'r', NULL, "descend into folders", ON_STORE | ON_COMMIT},
    {FLAG_FILTER, "--filter", 0, "PATTERN", "in folders, only file names like this (*, ?, [...])",
     ON_STORE | ON_COMMIT},
    {FLAG_FROM, "--from", 0, "LIST",
     "take paths (store), UIDs (get) or either (commit) from this file, one a line; - is stdin",
     ON_STORE | ON_GET | ON_COMMIT},
    {FLAG_NULL, "--null", '0', NULL, "the list is separated by NUL bytes", ON_STORE | ON_GET | ON_COMMIT},
    {FLAG_JOBS, "--jobs", 0, "N|auto", "this many associations at once; auto is 1 in this version", ON_STORE},
    {FLAG_COMMIT, "--commit", 0, NULL, "afterwards ask for storage commitment of what was sent", ON_STORE},
    {FLAG_RESUME, "--resume", 0, NULL, "take up what is open with this peer, and tell what came meanwhile", ON_COMMIT},
    {FLAG_ONLY_LISTEN, "--only-listen", 0, NULL, "with --resume: wait for results without asking again", ON_COMMIT},
    {FLAG_DRY_RUN, "--dry-run", 0, NULL, "read and check everything, connect to nothing", ON_STORE},
    {FLAG_SET, "--set", 0, "KEY=VALUE",
     "set this attribute of every instance; without value: make it empty; may be repeated", ON_STORE},
    {FLAG_REMOVE, "--remove", 0, "KEY", "take this attribute out of every instance; may be repeated", ON_STORE},
    {FLAG_REMOVE_PRIVATE, "--remove-private", 0, NULL,
     "take all private attributes out of every instance, before what --set and --remove do", ON_STORE},
    {FLAG_PASSCODE_FILE, "--passcode-file", 0, "FILE", "the passcode of --user: in a file, or fd:N, or env:NAME",
     ON_SESSION},
    {FLAG_IDENTITY_FILE, "--identity-file", 0, "FILE",
     "a Kerberos ticket, SAML assertion or JSON Web Token to show: a file, or fd:N, or env:NAME", ON_SESSION},
    {FLAG_ACCEPT_USER, "--accept-user", 0, "NAME[:FILE]",
     "serve this user and no stranger, with the passcode in FILE (fd:N, env:NAME); may be repeated", ON_ARCHIVE},
    {FLAG_REPEAT, "--repeat", 0, "N", "echo N times on one association", ON_ECHO},
    {FLAG_FULL, "--full", 0, NULL, "every option with what it does, and all there is to say", ON_HELP},
    {FLAG_JSON, "--json", 0, NULL, "records for programs on stdout, one JSON object a line", ON_EVERYTHING},
    {FLAG_PROGRESS, "--progress", 0, "WHEN", "auto, always, never or json; on stderr",
     ON_STORE | ON_MOVE | ON_GET | ON_LISTEN},
    {FLAG_COLOR, "--color", 0, "WHEN", "auto, always or never", ON_EVERYTHING},
    {FLAG_QUIET, "--quiet", 'q', NULL, "say only what went wrong", ON_EVERYTHING},
    {FLAG_VERBOSE, "--verbose", 'v', NULL, "say more: every instance, and what associations are asked for",
     ON_EVERYTHING},
    {FLAG_DEBUG, "--debug", 'd', NULL, "say everything", ON_EVERYTHING},
    {FLAG_TRACE, "--trace", 0, "FILE",
     "write what goes over the wire into this file, for Wireshark; it holds patient data",
     ON_SESSION | ON_LISTEN | ON_ARCHIVE},
    {FLAG_AUDIT, "--audit", 0, "DEST",
     "write audit messages (PS3.15) to a file, udp://HOST:PORT or tcp://HOST:PORT; they hold patient data",
     ON_SESSION | ON_LISTEN | ON_ARCHIVE},
    {FLAG_METRICS, "--metrics", 0, "FILE",
     "write counters (OpenMetrics) into this file, anew every few seconds and at the end", ON_LISTEN | ON_ARCHIVE},
    {FLAG_LOG, "--log", 0, "FILE", "write a log: a file, or syslog, or journal, or - for stderr",
     ON_SESSION | ON_NODES | ON_LISTEN | ON_ARCHIVE},
    {FLAG_LOG_LEVEL, "--log-level", 0, "LEVEL", "error, warning, info (default), debug or dump (every PDU and message)",
     ON_SESSION | ON_NODES | ON_LISTEN | ON_ARCHIVE},
    {FLAG_PHI, "--phi", 0, NULL, "show what may name a patient: comments of the peer, and values in the log",
     ON_SESSION | ON_NODES | ON_LISTEN | ON_ARCHIVE},
    {FLAG_HELP, "--help", 'h', NULL, "this page", ON_EVERYTHING},
};

/* Named in the contract, to come: refused by name, so that nobody believes they did something. */
static const char *const not_yet[] = {
    "--tls", "--ca", "--cert", "--key", "--key-password-file", "--tls-profile", "--prefer",
};

/* DCMTK's way of writing options, as words of ours. */
static const struct {
  const char *theirs, *ours;
} dcmtk_options[] = {
    {"-aet", "--aet"},
    {"-aem", "--to"},
    {"-od", "--output"},
    {"-to", "--timeout-connect"},
    {"-ta", "--timeout-associate"},
    {"-td", "--timeout-response"},
    {"-pdu", "--max-pdu"},
    {"-P", "--model=patient"},
    {"-S", "--model=study"},
    {"-O", "--model=psonly"},
    {"-W", "--model=worklist"},
};

const flag_row *flag_at(size_t index) {
  return index < sizeof flags / sizeof *flags ? &flags[index] : NULL;
}

const char *flag_name(flag id) {
  for (size_t i = 0; flag_at(i); i++)
    if (flags[i].id == id) return flags[i].name;
  return "";
}

/* Levenshtein distance, given up beyond `most`; words are short. */
static size_t distance(const char *a, const char *b, size_t most) {
  enum { LONGEST = 40 };
  size_t row[LONGEST + 1];
  size_t a_length = strlen(a), b_length = strlen(b);
  if (a_length > LONGEST || b_length > LONGEST) return most + 1;
  for (size_t j = 0; j <= b_length; j++) row[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      size_t best = diagonal + (a[i - 1] != b[j - 1]);
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[b_length];
}

const char *closest_word(const char *text, const char *(*next)(const void *user, size_t index), const void *user) {
  size_t best = strlen(text) < 4 ? 2 : 3;
  const char *found = NULL, *word;
  for (size_t i = 0; (word = next(user, i)) != NULL; i++) {
    if (strncmp(text, word, strlen(text)) == 0 && strlen(text) > 2) return word; /* begun, but not ended */
    size_t is_this_far = distance(text, word, best);
    if (is_this_far >= best) continue;
    best = is_this_far;
    found = word;
  }
  return found;
}

static bool is_allowed(const command *on, const struct scu_option_info *info) {
  return info->flag && (info->used_by & on->uses) != 0;
}

/* Every option name of the command, then NULL. */
static const char *next_name(const void *user, size_t index) {
  const command *on = user;
  for (size_t i = 0; flag_at(i); i++) {
    if (!(flag_at(i)->commands & on->bit)) continue;
    if (index-- == 0) return flag_at(i)->name;
  }
  for (size_t i = 0; scu_option_at(i); i++) {
    if (!is_allowed(on, scu_option_at(i))) continue;
    if (index-- == 0) return scu_option_at(i)->flag;
  }
  return NULL;
}

static const flag_row *find_flag(const char *name, size_t length) {
  for (size_t i = 0; flag_at(i); i++)
    if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0) return &flags[i];
  return NULL;
}

static const flag_row *find_letter(char letter) {
  for (size_t i = 0; flag_at(i); i++)
    if (flags[i].letter != 0 && flags[i].letter == letter) return &flags[i];
  return NULL;
}

static const struct scu_option_info *find_option(const char *name, size_t length) {
  for (size_t i = 0; scu_option_at(i); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    if (info->flag && strlen(info->flag) == length && memcmp(info->flag, name, length) == 0) return info;
  }
  return NULL;
}

/* The walk over argv. */
typedef struct walk {
  cli *context;
  arguments *args;
  int argc, at;
  char **argv;
} walk;

static bool set_flag(walk *w, const flag_row *row, const char *value) {
  arguments *args = w->args;
  if (row->id == FLAG_KEY || row->id == FLAG_PEER) {
    args->keys[args->key_count++] = value;
    return true;
  }
  if (row->id == FLAG_ACCEPT_USER) {
    args->users[args->user_count++] = value;
    return true;
  }
  if (row->id == FLAG_SET || row->id == FLAG_REMOVE) {
    args->edits[args->edit_count++] = (edit_argument){row->id, value};
    return true;
  }
  if (args->has[row->id] && row->argument && strcmp(args->value[row->id], value) != 0) {
    report_usage(w->context, NULL, "%s is given twice, as '%s' and '%s'", row->name, args->value[row->id], value);
    return false;
  }
  args->has[row->id] = true;
  args->value[row->id] = value;
  return true;
}

/* The argument of an option: what is behind the =, else the next word. */
static bool take_argument(walk *w, const char *name, const char *attached, const char **value) {
  *value = attached;
  if (attached) return true;
  if (w->at + 1 < w->argc) {
    *value = w->argv[++w->at];
    return true;
  }
  report_usage(w->context, NULL, "%s wants an argument", name);
  return false;
}

static bool unknown(walk *w, const char *name, size_t length) {
  const command *on = w->context->command;
  char word[64], hint[128] = "";
  snprintf(word, sizeof word, "%.*s", length < 60 ? (int)length : 60, name);
  for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++) {
    if (strcmp(not_yet[i], word) != 0) continue;
    report_usage(w->context, NULL, "%s is not available yet in this version", word);
    return false;
  }
  const char *closest = closest_word(word, next_name, on);
  if (closest)
    snprintf(hint, sizeof hint, "did you mean %s? `scu %s --help` lists all", closest, on->name);
  else
    snprintf(hint, sizeof hint, "`scu %s --help` lists the options", on->name);
  report_usage(w->context, hint, "unknown option %s", word);
  return false;
}

static bool not_here(walk *w, const char *name) {
  report_usage(w->context, NULL, "%s is no option of `scu %s`", name, w->context->command->name);
  return false;
}

static bool take_library_option(walk *w, const struct scu_option_info *info, const char *attached) {
  scu_options *options = w->context->options;
  const char *value;
  if (!is_allowed(w->context->command, info)) return not_here(w, info->flag);
  if (info->kind == SCU_KIND_BOOLEAN) {
    if (scu_options_parse(options, info->option, attached ? attached : "yes") == SCU_OK) return true;
    report_error(w->context, scu_options_error(options));
    return false;
  }
  if (!take_argument(w, info->flag, attached, &value)) return false;
  if (info->option == SCU_OPTION_LAYOUT && strchr(value, '{')) {
    report_usage(w->context, NULL, "--layout with a template is not available yet in this version");
    return false;
  }
  if (scu_options_parse(options, info->option, value) == SCU_OK) return true;
  report_error(w->context, scu_options_error(options));
  return false;
}

static bool take_long(walk *w, const char *word) {
  size_t length = strcspn(word, "=");
  const char *attached = word[length] == '=' ? word + length + 1 : NULL;
  const flag_row *row = find_flag(word, length);
  if (!row) {
    const struct scu_option_info *info = find_option(word, length);
    return info ? take_library_option(w, info, attached) : unknown(w, word, length);
  }
  if (!(row->commands & w->context->command->bit)) return not_here(w, row->name);
  if (!row->argument) {
    if (!attached) return set_flag(w, row, "");
    report_usage(w->context, NULL, "%s takes no argument", row->name);
    return false;
  }
  const char *value;
  return take_argument(w, row->name, attached, &value) && set_flag(w, row, value);
}

static const char *dcmtk_option(const char *word) {
  for (size_t i = 0; i < sizeof dcmtk_options / sizeof *dcmtk_options; i++)
    if (strcmp(dcmtk_options[i].theirs, word) == 0) return dcmtk_options[i].ours;
  return NULL;
}

/* "-r", "-rv", "-kKEY=VALUE", "-k KEY=VALUE" */
static bool take_letters(walk *w, const char *word) {
  const char *ours = dcmtk_option(word);
  if (ours) return take_long(w, ours);
  if (strcmp(word, "-aec") == 0) {
    report_usage(w->context, NULL, "the peer's AE title stands before its address: AET@host:port, and not in -aec");
    return false;
  }
  for (const char *p = word + 1; *p; p++) {
    const flag_row *row = find_letter(*p);
    char name[3] = {'-', *p, 0};
    if (!row) return unknown(w, word, strlen(word));
    if (!(row->commands & w->context->command->bit)) return not_here(w, name);
    if (!row->argument) {
      if (!set_flag(w, row, "")) return false;
      continue;
    }
    const char *value;
    return take_argument(w, name, p[1] ? p + 1 : NULL, &value) && set_flag(w, row, value);
  }
  return true;
}

bool arguments_parse(cli *context, int argc, char **argv, arguments *args) {
  walk w = {.context = context, .args = args, .argc = argc, .argv = argv};
  bool is_over = false;
  memset(args, 0, sizeof *args);
  args->keys = calloc((size_t)argc + 1, sizeof *args->keys);
  args->users = calloc((size_t)argc + 1, sizeof *args->users);
  args->edits = calloc((size_t)argc + 1, sizeof *args->edits);
  args->positional = calloc((size_t)argc + 1, sizeof *args->positional);
  if (!args->keys || !args->users || !args->edits || !args->positional) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return false;
  }
  for (w.at = 0; w.at < argc; w.at++) {
    const char *word = argv[w.at];
    bool is_good = true;
    if (!is_over && strcmp(word, "--") == 0)
      is_over = true;
    else if (!is_over && strncmp(word, "--", 2) == 0)
      is_good = take_long(&w, word);
    else if (!is_over && word[0] == '-' && word[1] != 0)
      is_good = take_letters(&w, word);
    else
      args->positional[args->positional_count++] = word;
    if (!is_good) return false;
  }
  return true;
}

void arguments_free(arguments *args) {
  free(args->keys);
  free(args->users);
  free(args->edits);
  free(args->positional);
}

bool argument_number(cli *context, const arguments *args, flag id, uint64_t least, uint64_t most, uint64_t *value) {
  const char *text = args->value[id];
  uint64_t sum = 0;
  bool is_good = *text != 0;
  for (const char *p = text; *p && is_good; p++) {
    is_good = *p >= '0' && *p <= '9' && sum <= (UINT64_MAX - 9) / 10;
    if (is_good) sum = sum * 10 + (uint64_t)(*p - '0');
  }
  if (is_good && sum >= least && sum <= most) {
    *value = sum;
    return true;
  }
  report_usage(context, NULL, "%s: '%s' is no number from %llu to %llu", flag_name(id), text, (unsigned long long)least,
               (unsigned long long)most);
  return false;
}

static const char *next_of_list(const void *user, size_t index) {
  return ((const char *const *)user)[index];
}

/* ASCII only: in no locale is the I of IMAGE another letter. */
bool is_same_word(const char *word, const char *text, size_t length) {
  if (strlen(word) != length) return false;
  for (size_t i = 0; i < length; i++) {
    char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    if (letter != word[i]) return false;
  }
  return true;
}

/* "auto, always, never"; the empty ones are not for people. */
static void join_words(const char *const *words, char *to, size_t room) {
  size_t length = 0;
  *to = 0;
  for (size_t i = 0; words[i] && length < room; i++)
    if (*words[i]) length += (size_t)snprintf(to + length, room - length, "%s%s", length ? ", " : "", words[i]);
}

bool argument_word(cli *context, const arguments *args, flag id, const char *const *words, size_t fallback,
                   size_t *value) {
  const char *name = flag_name(id);
  char all[128], hint[224];
  *value = fallback;
  if (!args->has[id]) return true;
  for (size_t i = 0; words[i]; i++) {
    if (!*words[i] || !is_same_word(words[i], args->value[id], strlen(args->value[id]))) continue;
    *value = i;
    return true;
  }
  join_words(words, all, sizeof all);
  const char *closest = closest_word(args->value[id], next_of_list, words);
  if (closest && *closest)
    snprintf(hint, sizeof hint, "%s %s (it knows %s)", name, closest, all);
  else
    snprintf(hint, sizeof hint, "%s knows %s", name, all);
  report_usage(context, hint, "%s: '%s' is not a word it knows", name, args->value[id]);
  return false;
}
