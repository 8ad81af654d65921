/* Who this is to others: the name of the machine and the number of the process. */
#ifndef SCU_IO_HOST_H
#define SCU_IO_HOST_H

enum { SCU__HOST_NAME_MAX = 256 };

/* "localhost" when the system does not say. Returns `name`. */
const char *scu__host_name(char name[SCU__HOST_NAME_MAX]);
long scu__process_id(void);

#endif
