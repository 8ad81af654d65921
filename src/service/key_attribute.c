/* Control elements, and dates with their times. */
#include "service/key_attribute.h"

bool scu__attribute_is_control(scu_tag tag) {
  static const scu_tag control[] = {SCU_TAG(0x0008, 0x0005), SCU__TAG_QUERY_LEVEL,  SCU__TAG_QUERY_VIEW,
                                    SCU__TAG_RETRIEVE_AE,    SCU__TAG_AVAILABILITY, SCU__TAG_TIMEZONE};
  if ((tag & 0xFFFFu) == 0) return true;
  for (size_t i = 0; i < sizeof control / sizeof *control; i++)
    if (control[i] == tag) return true;
  return false;
}

/* Dates and the times they are told with. */
static const scu_tag moments[][2] = {
    {SCU_TAG(0x0008, 0x0012), SCU_TAG(0x0008, 0x0013)}, {SCU_TAG(0x0008, 0x0020), SCU_TAG(0x0008, 0x0030)},
    {SCU_TAG(0x0008, 0x0021), SCU_TAG(0x0008, 0x0031)}, {SCU_TAG(0x0008, 0x0022), SCU_TAG(0x0008, 0x0032)},
    {SCU_TAG(0x0008, 0x0023), SCU_TAG(0x0008, 0x0033)}, {SCU_TAG(0x0010, 0x0030), SCU_TAG(0x0010, 0x0032)},
    {SCU_TAG(0x0040, 0x0002), SCU_TAG(0x0040, 0x0003)}, {SCU_TAG(0x0040, 0x0004), SCU_TAG(0x0040, 0x0005)},
    {SCU_TAG(0x0040, 0x0244), SCU_TAG(0x0040, 0x0245)}, {SCU_TAG(0x0040, 0x0250), SCU_TAG(0x0040, 0x0251)}};

/* The other one of a pair, `tag` being the one in column `from`; 0 = none. */
static scu_tag other_of_pair(scu_tag tag, size_t from) {
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
    if (moments[i][from] == tag) return moments[i][1 - from];
  return 0;
}

scu_tag scu__time_of_date(scu_tag date) {
  return other_of_pair(date, 0);
}

scu_tag scu__date_of_time(scu_tag time) {
  return other_of_pair(time, 1);
}
