/* Model and service to SOP class. */
#include "models.h"

enum { FIND, MOVE, GET };

static const char *class_of(int model, int service) {
  static const char *const patient[] = {"1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.1.2",
                                        "1.2.840.10008.5.1.4.1.2.1.3"};
  static const char *const study[] = {"1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2",
                                      "1.2.840.10008.5.1.4.1.2.2.3"};
  static const char *const both[] = {"1.2.840.10008.5.1.4.1.2.3.1", "1.2.840.10008.5.1.4.1.2.3.2",
                                     "1.2.840.10008.5.1.4.1.2.3.3"};
  if (model == SCU_MODEL_STUDY) return study[service];
  return model == SCU_MODEL_PATIENT_STUDY_ONLY ? both[service] : patient[service];
}

const char *model_find_class(int model) {
  return model == SCU_MODEL_WORKLIST ? "1.2.840.10008.5.1.4.31" : class_of(model, FIND);
}

const char *model_move_class(int model) {
  return class_of(model, MOVE);
}

const char *model_get_class(int model) {
  return class_of(model, GET);
}
