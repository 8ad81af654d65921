/* The inside of scu_error: plain values and fixed texts, so that reporting a fault never allocates.
 *
 * An error is filled once, where the fault is found: a second scu__error_set on a filled error is ignored. Every
 * function that takes an scu_error * accepts NULL. */
#ifndef SCU_BASE_ERROR_H
#define SCU_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "scu/error.h"
#include "scu/explain.h"

enum { SCU__ERROR_TEXT_MAX = 384, SCU__PEER_TEXT_MAX = 300 };

struct scu_error {
  scu_result result;
  scu_phase phase;
  uint32_t tag;                               /* 0 = none */
  uint64_t offset;                            /* UINT64_MAX = none */
  uint8_t reject_result, source, reason_code; /* 0xFF = none */
  int os_errno;
  uint16_t dimse_status;
  char comment[65];
  char peer[SCU__PEER_TEXT_MAX];
  char reason[SCU__ERROR_TEXT_MAX];
  char hint[SCU__ERROR_TEXT_MAX];
  const scu_explanation *explanation; /* NULL = no code of somebody else is behind it */
};

#if defined(__GNUC__)
#define SCU__PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define SCU__PRINTF(format_at, first_at)
#endif

void scu__error_clear(scu_error *error);
bool scu__error_is_set(const scu_error *error);

/* Fills the error and returns `result`, so that a fault is one statement: return scu__error_set(e, ...).
 * Control characters from `%s` arguments are replaced by '?'. Never pass patient data. */
scu_result scu__error_set(scu_error *error, scu_result result, scu_phase phase, const char *format, ...)
    SCU__PRINTF(4, 5);
/* Out of memory, in one word. */
scu_result scu__error_memory(scu_error *error, scu_phase phase);

/* Details for an error that was just set; each may be left out. */
void scu__error_hint(scu_error *error, const char *format, ...) SCU__PRINTF(2, 3);
/* The row of the code behind it: its next step is the hint, unless there is one already. */
void scu__error_explain(scu_error *error, const scu_explanation *row);
void scu__error_at(scu_error *error, uint32_t tag, uint64_t offset);
void scu__error_peer(scu_error *error, const char *peer);
void scu__error_copy(scu_error *to, const scu_error *from);

#endif
