/* One run of each tool, from its options to its exit code. */
#ifndef SCU_CLI_DCMTK_TOOLS_H
#define SCU_CLI_DCMTK_TOOLS_H

#include "dcmtk/options.h"

int run_echoscu(const habits *h);
int run_storescu(const habits *h);
int run_findscu(const habits *h);
int run_movescu(const habits *h);
int run_getscu(const habits *h);

#endif
