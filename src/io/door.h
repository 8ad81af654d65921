/* The one door through which text from a peer becomes a file name (catalogue D22, F01, F03). No other code may do it.
 */
#ifndef SCU_IO_DOOR_H
#define SCU_IO_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCU__DOOR_NAME_MAX = 80 };

/* The name of one path component for a UID as it came: a valid UID (padding dropped) is its own name; anything else,
 * however long or hostile, becomes "uid-" and 32 hexadecimal digits of a hash over its bytes - the same bytes, the same
 * name. Never empty, never "." or "..", only [0-9a-z.-]. Returns `name`. */
const char *scu__door_name(const uint8_t *bytes, size_t length, char name[SCU__DOOR_NAME_MAX]);
/* The second, third ... object of one name that differs: "<name>~2". */
const char *scu__door_variant(const char *name, unsigned number, char variant[SCU__DOOR_NAME_MAX]);
/* True for a component that is safe under any root: 1-255 bytes, no slash, backslash, colon, control byte or byte above
 * 7EH, no leading dot, dash or space, no trailing dot or space, no device name of Windows. */
bool scu__path_component_safe(const char *component);

#endif
