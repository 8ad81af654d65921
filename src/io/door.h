/* The one door through which text from a peer or a file becomes a file name (catalogue D22, F01, F03, F05). No other
 * code may do it. */
#ifndef SCU_IO_DOOR_H
#define SCU_IO_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The Standard allows a File ID 8 components of 8 characters (PS3.10 8.2); writers are more generous. */
enum { SCU__DOOR_NAME_MAX = 80, SCU__DOOR_PATH_MAX = 1024, SCU__DOOR_COMPONENTS_MAX = 16 };

/* The name of one path component for a UID as it came: a valid UID (padding dropped) is its own name; anything else,
 * however long or hostile, becomes "uid-" and 32 hexadecimal digits of a hash over its bytes - the same bytes, the same
 * name. Never empty, never "." or "..", only [0-9a-z.-]. Returns `name`. */
const char *scu__door_name(const uint8_t *bytes, size_t length, char name[SCU__DOOR_NAME_MAX]);
/* The second, third ... object of one name that differs: "<name>~2". */
const char *scu__door_variant(const char *name, unsigned number, char variant[SCU__DOOR_NAME_MAX]);
/* True for a component that is safe under any root: 1-255 bytes, no slash, backslash, colon, control byte or byte above
 * 7EH, no leading dot, dash or space, no trailing dot or space, no device name of Windows. */
bool scu__path_component_safe(const char *component);
/* A Referenced File ID as it stands in a directory record (PS3.3 F.3.2.2, PS3.10 8.2: components joined by backslash,
 * padded by spaces) as a path below the folder of the DICOMDIR: its components joined by '/'. Every component has to be
 * safe as it is; nothing is repaired. False, and "" in `path`: it is empty, a component is empty or not safe, there
 * are too many of them, or it is too long. */
bool scu__door_file_id(const uint8_t *bytes, size_t length, char path[SCU__DOOR_PATH_MAX]);

#endif
