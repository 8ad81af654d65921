/* The small words of a dataset: tags and value representations (PS3.5 6.2, 7.1). */
#ifndef SCU_TYPES_H
#define SCU_TYPES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Group in the upper, element in the lower 16 bits: tags compare in dataset order. */
typedef uint32_t scu_tag;

#define SCU_TAG(group, element) ((scu_tag)(((uint32_t)(group) << 16) | (uint32_t)(element)))
#define SCU_TAG_GROUP(tag)      ((uint16_t)((uint32_t)(tag) >> 16))
#define SCU_TAG_ELEMENT(tag)    ((uint16_t)((uint32_t)(tag)&0xFFFFu))

/* The two letters as they stand in an explicit VR dataset, the first one in the upper byte. Values that are none of
 * the constants below may come from files made by newer or faulty software. */
typedef uint16_t scu_vr;

#define SCU_VR(first, second) ((scu_vr)((unsigned char)(first) << 8 | (unsigned char)(second)))

#define SCU_VR_NONE ((scu_vr)0) /* items and delimiters (FFFE,xxxx) have no VR */
#define SCU_VR_AE   SCU_VR('A', 'E')
#define SCU_VR_AS   SCU_VR('A', 'S')
#define SCU_VR_AT   SCU_VR('A', 'T')
#define SCU_VR_CS   SCU_VR('C', 'S')
#define SCU_VR_DA   SCU_VR('D', 'A')
#define SCU_VR_DS   SCU_VR('D', 'S')
#define SCU_VR_DT   SCU_VR('D', 'T')
#define SCU_VR_FD   SCU_VR('F', 'D')
#define SCU_VR_FL   SCU_VR('F', 'L')
#define SCU_VR_IS   SCU_VR('I', 'S')
#define SCU_VR_LO   SCU_VR('L', 'O')
#define SCU_VR_LT   SCU_VR('L', 'T')
#define SCU_VR_OB   SCU_VR('O', 'B')
#define SCU_VR_OD   SCU_VR('O', 'D')
#define SCU_VR_OF   SCU_VR('O', 'F')
#define SCU_VR_OL   SCU_VR('O', 'L')
#define SCU_VR_OV   SCU_VR('O', 'V')
#define SCU_VR_OW   SCU_VR('O', 'W')
#define SCU_VR_PN   SCU_VR('P', 'N')
#define SCU_VR_SH   SCU_VR('S', 'H')
#define SCU_VR_SL   SCU_VR('S', 'L')
#define SCU_VR_SQ   SCU_VR('S', 'Q')
#define SCU_VR_SS   SCU_VR('S', 'S')
#define SCU_VR_ST   SCU_VR('S', 'T')
#define SCU_VR_SV   SCU_VR('S', 'V')
#define SCU_VR_TM   SCU_VR('T', 'M')
#define SCU_VR_UC   SCU_VR('U', 'C')
#define SCU_VR_UI   SCU_VR('U', 'I')
#define SCU_VR_UL   SCU_VR('U', 'L')
#define SCU_VR_UN   SCU_VR('U', 'N')
#define SCU_VR_UR   SCU_VR('U', 'R')
#define SCU_VR_US   SCU_VR('U', 'S')
#define SCU_VR_UT   SCU_VR('U', 'T')
#define SCU_VR_UV   SCU_VR('U', 'V')

#ifdef __cplusplus
}
#endif
#endif
