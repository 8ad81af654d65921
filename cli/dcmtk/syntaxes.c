/* The syntaxes behind the options, and contexts made of them. */
#include "syntaxes.h"

enum { UID_ROOM = 65 };

#define IMPLICIT_LITTLE "1.2.840.10008.1.2"
#define EXPLICIT_LITTLE "1.2.840.10008.1.2.1"
#define EXPLICIT_BIG    "1.2.840.10008.1.2.2"

static const struct {
  const char *uid;
  bool is_alone; /* what cannot be converted into native syntaxes */
} preferred[] = {
    [SYNTAX_NATIVE] = {EXPLICIT_LITTLE, false},
    [SYNTAX_BIG] = {EXPLICIT_BIG, false},
    [SYNTAX_IMPLICIT] = {IMPLICIT_LITTLE, true},
    [SYNTAX_DEFLATED] = {"1.2.840.10008.1.2.1.99", false},
    [SYNTAX_JPEG_LOSSLESS] = {"1.2.840.10008.1.2.4.70", false},
    [SYNTAX_JPEG8] = {"1.2.840.10008.1.2.4.50", false},
    [SYNTAX_JPEG12] = {"1.2.840.10008.1.2.4.51", false},
    [SYNTAX_J2K_LOSSLESS] = {"1.2.840.10008.1.2.4.90", false},
    [SYNTAX_J2K] = {"1.2.840.10008.1.2.4.91", false},
    [SYNTAX_JLS_LOSSLESS] = {"1.2.840.10008.1.2.4.80", false},
    [SYNTAX_JLS] = {"1.2.840.10008.1.2.4.81", false},
    [SYNTAX_RLE] = {"1.2.840.10008.1.2.5", false},
    [SYNTAX_MPEG2] = {"1.2.840.10008.1.2.4.100", true},
    [SYNTAX_MPEG2_HIGH] = {"1.2.840.10008.1.2.4.101", true},
    [SYNTAX_MPEG4] = {"1.2.840.10008.1.2.4.102", true},
    [SYNTAX_MPEG4_BD] = {"1.2.840.10008.1.2.4.103", true},
    [SYNTAX_MPEG4_2D] = {"1.2.840.10008.1.2.4.104", true},
    [SYNTAX_MPEG4_3D] = {"1.2.840.10008.1.2.4.105", true},
    [SYNTAX_MPEG4_STEREO] = {"1.2.840.10008.1.2.4.106", true},
    [SYNTAX_HEVC] = {"1.2.840.10008.1.2.4.107", true},
    [SYNTAX_HEVC10] = {"1.2.840.10008.1.2.4.108", true},
};

static bool is_same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

size_t syntaxes_of(syntax_choice choice, bool has_fallback, const char *to[SYNTAXES_MAX]) {
  static const char *const native[] = {EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE};
  size_t count = 0;
  to[count++] = preferred[choice].uid;
  if (choice == SYNTAX_IMPLICIT || (preferred[choice].is_alone && !has_fallback)) return count;
  for (size_t i = 0; i < sizeof native / sizeof *native; i++)
    if (!is_same(native[i], to[0])) to[count++] = native[i];
  return count;
}

void proposal_clear(scu_proposal *proposal, void (*tell)(void *user, const char *abstract_syntax), void *user) {
  char uid[UID_ROOM];
  while (scu_proposal_count(proposal) > 0) {
    size_t length = 0;
    for (const char *from = scu_proposal_abstract_syntax(proposal, 0); *from && length < UID_ROOM - 1;)
      uid[length++] = *from++;
    uid[length] = 0;
    if (scu_proposal_remove(proposal, uid, NULL) != SCU_OK) return;
    if (tell) tell(user, uid);
  }
}

scu_result propose_one(scu_proposal *proposal, const char *abstract_syntax, syntax_choice choice, bool has_fallback) {
  const char *syntaxes[SYNTAXES_MAX];
  size_t count = syntaxes_of(choice, has_fallback, syntaxes);
  return scu_proposal_add(proposal, abstract_syntax, syntaxes, count);
}

scu_result propose_two(scu_proposal *proposal, const char *abstract_syntax, syntax_choice choice) {
  const char *syntaxes[SYNTAXES_MAX];
  size_t count = syntaxes_of(choice, false, syntaxes);
  scu_result result = scu_proposal_add(proposal, abstract_syntax, syntaxes, 1);
  if (result != SCU_OK || count == 1) return result;
  return scu_proposal_add(proposal, abstract_syntax, syntaxes + 1, count - 1);
}

scu_result propose_echo(scu_proposal *proposal, size_t contexts, size_t syntaxes) {
  static const char *const known[] = {
      "1.2.840.10008.1.2",       "1.2.840.10008.1.2.1",     "1.2.840.10008.1.2.2",     "1.2.840.10008.1.2.4.50",
      "1.2.840.10008.1.2.4.51",  "1.2.840.10008.1.2.4.52",  "1.2.840.10008.1.2.4.53",  "1.2.840.10008.1.2.4.54",
      "1.2.840.10008.1.2.4.55",  "1.2.840.10008.1.2.4.56",  "1.2.840.10008.1.2.4.57",  "1.2.840.10008.1.2.4.58",
      "1.2.840.10008.1.2.4.59",  "1.2.840.10008.1.2.4.60",  "1.2.840.10008.1.2.4.61",  "1.2.840.10008.1.2.4.62",
      "1.2.840.10008.1.2.4.63",  "1.2.840.10008.1.2.4.64",  "1.2.840.10008.1.2.4.65",  "1.2.840.10008.1.2.4.66",
      "1.2.840.10008.1.2.4.70",  "1.2.840.10008.1.2.5",     "1.2.840.10008.1.2.1.99",  "1.2.840.10008.1.2.4.80",
      "1.2.840.10008.1.2.4.81",  "1.2.840.10008.1.2.4.90",  "1.2.840.10008.1.2.4.91",  "1.2.840.10008.1.2.4.92",
      "1.2.840.10008.1.2.4.93",  "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102",
      "1.2.840.10008.1.2.4.103", "1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.106",
      "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108",
  };
  scu_result result = SCU_OK;
  if (syntaxes > sizeof known / sizeof *known) syntaxes = sizeof known / sizeof *known;
  for (size_t i = 0; i < contexts && result == SCU_OK; i++)
    result = scu_proposal_add(proposal, "1.2.840.10008.1.1", known, syntaxes);
  return result;
}
