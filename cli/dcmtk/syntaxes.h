/* Which transfer syntaxes the tools propose: for each -x option the preferred one and what comes behind it. */
#ifndef SCU_CLI_DCMTK_SYNTAXES_H
#define SCU_CLI_DCMTK_SYNTAXES_H

#include <stdbool.h>
#include <stddef.h>

#include "scu/proposal.h"

typedef enum syntax_choice {
  SYNTAX_NATIVE, /* explicit VR little endian first */
  SYNTAX_BIG,
  SYNTAX_IMPLICIT,
  SYNTAX_DEFLATED,
  SYNTAX_JPEG_LOSSLESS,
  SYNTAX_JPEG8,
  SYNTAX_JPEG12,
  SYNTAX_J2K_LOSSLESS,
  SYNTAX_J2K,
  SYNTAX_JLS_LOSSLESS,
  SYNTAX_JLS,
  SYNTAX_RLE,
  SYNTAX_MPEG2,
  SYNTAX_MPEG2_HIGH,
  SYNTAX_MPEG4,
  SYNTAX_MPEG4_BD,
  SYNTAX_MPEG4_2D,
  SYNTAX_MPEG4_3D,
  SYNTAX_MPEG4_STEREO,
  SYNTAX_HEVC,
  SYNTAX_HEVC10
} syntax_choice;

enum { SYNTAXES_MAX = 4, CONTEXTS_MAX = 128 };

/* The preferred one and its fallbacks; returns how many. With `has_fallback` always the native ones behind it, as those
 * who only receive want them; else MPEG and HEVC stand alone. */
size_t syntaxes_of(syntax_choice choice, bool has_fallback, const char *to[SYNTAXES_MAX]);
/* Takes every context out, with its role; each abstract syntax is told once, in order. */
void proposal_clear(scu_proposal *proposal, void (*tell)(void *user, const char *abstract_syntax), void *user);
/* One context with all of them. */
scu_result propose_one(scu_proposal *proposal, const char *abstract_syntax, syntax_choice choice, bool has_fallback);
/* As storescu has it: one context with the preferred one, one with the rest. */
scu_result propose_two(scu_proposal *proposal, const char *abstract_syntax, syntax_choice choice);
/* C-ECHO, `contexts` times with the first `syntaxes` of a list (echoscu -ppc, -pts). */
scu_result propose_echo(scu_proposal *proposal, size_t contexts, size_t syntaxes);

#endif
