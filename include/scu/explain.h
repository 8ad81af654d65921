/* Codes in words: what a reject, an abort, a status or an error of the system means, what likely caused it, and what to
 * try next.
 *
 * There is one table. The hints of scu_error come from its rows, `scu explain` prints them, and scu-errors(7) is made
 * from them. Everything is static: rows live as long as the library, nothing is allocated, any thread may ask. Texts
 * are English, UTF-8, one line. */
#ifndef SCU_EXPLAIN_H
#define SCU_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whose code a row explains. Values are frozen; more may come. */
typedef enum scu_explains {
  SCU_EXPLAINS_REJECT = 1,         /* A-ASSOCIATE-RJ, PS3.8 9.3.4: "A-ASSOCIATE-RJ 1/1/7" */
  SCU_EXPLAINS_ABORT = 2,          /* A-ABORT, PS3.8 9.3.8: "A-ABORT 2/1" */
  SCU_EXPLAINS_CONTEXT = 3,        /* result of a presentation context, PS3.8 9.3.3.2: "context 3" */
  SCU_EXPLAINS_STATUS = 4,         /* DIMSE status, PS3.7 C and PS3.4: "A700", "Cxxx" */
  SCU_EXPLAINS_FAILURE_REASON = 5, /* Failure Reason (0008,1197) of a commitment, PS3.3 C.14.1.1: "0112" */
  SCU_EXPLAINS_SYSTEM = 6,         /* errno: "ECONNREFUSED" */
  SCU_EXPLAINS_RESOLVER = 7,       /* what getaddrinfo says: "EAI_NONAME" */
  SCU_EXPLAINS_RESULT = 8,         /* scu_result: "TIMEOUT" */
  SCU_EXPLAINS_PHASE = 9           /* scu_phase: "connect" */
} scu_explains;

/* One row. */
typedef struct scu_explanation scu_explanation;

SCU_API scu_explains scu_explanation_kind(const scu_explanation *row); /* whose code it is */
/* As it is written, and as scu_explain_next takes it. */
SCU_API const char *scu_explanation_code(const scu_explanation *row);
/* Where the code means this: "C-MOVE, C-GET", "N-SET of a procedure step"; "" = everywhere. */
SCU_API const char *scu_explanation_where(const scu_explanation *row);
/* Of a status: "success", "warning", "failure", "cancel" or "pending" (PS3.7 C); "" for other rows. */
SCU_API const char *scu_explanation_class(const scu_explanation *row);
/* What it means, what is the likely cause, what to try: none of them is "". */
SCU_API const char *scu_explanation_text(const scu_explanation *row);
SCU_API const char *scu_explanation_cause(const scu_explanation *row);
SCU_API const char *scu_explanation_next_step(const scu_explanation *row);
/* Who says so: a section of the Standard, "POSIX", "libscu", or the product that uses the code in this sense, such as
 * "pynetdicom". The codes of products hold for peers of that make only. */
SCU_API const char *scu_explanation_source(const scu_explanation *row);
/* It speaks for all codes of a range that no other row names. */
SCU_API bool scu_explanation_is_range(const scu_explanation *row);

/* Every row, by kind. NULL beyond the last. */
SCU_API const scu_explanation *scu_explanation_at(size_t index);

/* The rows that `code` names, one after the other: with NULL the first, then the one behind `after`; NULL when there is
 * no more, or when `code` is none that can be read. Case does not matter. It may be
 *   a status                 "A702", "0xA702", "A702H", "42754", a range "A7xx"; for one operation: "C-MOVE A702"
 *   a reject, an abort       "A-ASSOCIATE-RJ 1 1 7", "reject 1/1/7", "1/1/7"; "A-ABORT 2 1", "abort 2/1", "2/1"
 *   a presentation context   "context 3"
 *   an error of the system   "ECONNREFUSED", "errno 111"; "EAI_NONAME", "resolver -2"
 *   a result or a phase      "TIMEOUT", "SCU_ERROR_TIMEOUT", "result -5"; "connect", "phase connect"
 *   a kind alone             "reject", "abort", "context", "status", "C-MOVE", "reason", "errno", "resolver", "result",
 *                            "phase": all there is of it
 * A status that no row names gets the row of its range (scu_explanation_is_range). */
SCU_API const scu_explanation *scu_explain_next(const char *code, const scu_explanation *after);

/* The row whose next step a refusal with this status has as its hint, for the operation of this Command Field
 * (0000,0100), request or response, see scu_message_field. What only holds for one product or one SOP class is left to
 * scu_explain_next. Never NULL. */
SCU_API const scu_explanation *scu_explain_status(uint16_t command_field, uint16_t status);

/* The row behind an error: of its reject, abort, status, context or errno, else of its result. NULL without an error.
 */
SCU_API const scu_explanation *scu_error_explanation(const scu_error *error);

#ifdef __cplusplus
}
#endif
#endif
