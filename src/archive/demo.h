/* The demonstration data of `scu archive --demo`: pictures, documents and a worklist of patients who never lived, the
 * same bytes on every machine. All dates are fixed ones. Writes and stores nothing. */
#ifndef SCU_ARCHIVE_DEMO_H
#define SCU_ARCHIVE_DEMO_H

#include "scu/allocator.h"
#include "scu/dataset.h"

enum { SCU__DEMO_INSTANCES = 45, SCU__DEMO_WORKLIST_ITEMS = 6 };

/* Four patients, five studies, seven series: a CT head with a report and a presentation state, an MR head, an
 * ultrasound of the heart, two letters. `take` gets one instance after the other, those that are referred to first; the
 * dataset is borrowed for the call, is to be encoded in that transfer syntax and has the character set it shall have. A
 * negative result of `take` stops the making and is handed back; it then has filled the error. Else MEMORY. */
scu_result scu__demo_make(const scu_allocator *allocator,
                          scu_result (*take)(void *user, const scu_dataset *instance, const char *transfer_syntax_uid),
                          void *user, scu_error *error);

/* The worklist (PS3.4 K.6.1.2.2) in the same way: six requested procedures with seven scheduled steps on three days. */
scu_result scu__demo_worklist(const scu_allocator *allocator, scu_result (*take)(void *user, const scu_dataset *item),
                              void *user, scu_error *error);

#endif
