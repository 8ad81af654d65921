/* The SOP classes of the information models (PS3.4 C.6, K.6). */
#ifndef SCU_CLI_DCMTK_MODELS_H
#define SCU_CLI_DCMTK_MODELS_H

#include "scu/query.h"

const char *model_find_class(int model);
const char *model_move_class(int model);
const char *model_get_class(int model);

#endif
