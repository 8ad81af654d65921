/* What to ask of an instance, by the modality of its series: images, presentation states, reports and key objects each
 * have attributes of their own (IHE RAD TF-2, RAD-14, 15, 26, 30, 44; RULES 16). A table. */
#ifndef SCU_CLIENT_INSTANCE_KEYS_H
#define SCU_CLIENT_INSTANCE_KEYS_H

#include "client/query_model.h"

/* In addition to the keys of IMAGE level. "" = not known: those of images, which most instances are. */
const scu__return_key *scu__instance_keys(const char *modality);

#endif
