/* findscu -X: a response as a DICOM file. */
#ifndef SCU_CLI_DCMTK_RESPONSE_FILE_H
#define SCU_CLI_DCMTK_RESPONSE_FILE_H

#include "scu/dataset.h"

/* A file of this name holds the dataset in Explicit VR Little Endian; what had the name before is replaced when all of
 * it is there. 0, or errno. */
int response_file_write(const char *path, const scu_dataset *dataset);

#endif
