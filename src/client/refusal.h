/* A failing DIMSE status as an error, where an operation as a whole depends on it. */
#ifndef SCU_CLIENT_REFUSAL_H
#define SCU_CLIENT_REFUSAL_H

#include "base/error.h"
#include "dimse/command.h"

/* Fills `error` with REFUSED, the status in words and what to try (the peer's comment goes apart, it
 * may name a patient); returns SCU_ERROR_REFUSED. */
scu_result scu__refusal(scu_error *error, const scu__command *response);

/* "; it names PatientName (0010,0010)": the first of the Offending Elements (0000,0901); "" where there are none. */
enum { SCU__REFUSAL_ELEMENTS_MAX = 256 };
void scu__refusal_elements(const scu__command *response, char to[SCU__REFUSAL_ELEMENTS_MAX]);

#endif
