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

const scu__moment_pair scu__moment_pairs[SCU__MOMENT_PAIRS] = {
    {SCU_TAG(0x0008, 0x0012), SCU_TAG(0x0008, 0x0013)}, /* creation of the instance */
    {SCU_TAG(0x0008, 0x0020), SCU_TAG(0x0008, 0x0030)}, /* study */
    {SCU_TAG(0x0008, 0x0021), SCU_TAG(0x0008, 0x0031)}, /* series */
    {SCU_TAG(0x0008, 0x0022), SCU_TAG(0x0008, 0x0032)}, /* acquisition */
    {SCU_TAG(0x0008, 0x0023), SCU_TAG(0x0008, 0x0033)}, /* content */
    {SCU_TAG(0x0010, 0x0030), SCU_TAG(0x0010, 0x0032)}, /* birth */
    {SCU_TAG(0x0040, 0x0002), SCU_TAG(0x0040, 0x0003)}, /* start of the scheduled step */
    {SCU_TAG(0x0040, 0x0004), SCU_TAG(0x0040, 0x0005)}, /* its end */
    {SCU_TAG(0x0040, 0x0244), SCU_TAG(0x0040, 0x0245)}, /* start of the performed step */
    {SCU_TAG(0x0040, 0x0250), SCU_TAG(0x0040, 0x0251)}, /* its end */
};

scu_tag scu__time_of_date(scu_tag date) {
  for (size_t i = 0; i < SCU__MOMENT_PAIRS; i++)
    if (scu__moment_pairs[i].date == date) return scu__moment_pairs[i].time;
  return 0;
}

scu_tag scu__date_of_time(scu_tag time) {
  for (size_t i = 0; i < SCU__MOMENT_PAIRS; i++)
    if (scu__moment_pairs[i].time == time) return scu__moment_pairs[i].date;
  return 0;
}
