/* A small file that is changed as a whole: who reads it sees the old text or the new one, and of two who change it this
 * way at once the second waits and then begins with what the first one wrote. */
#ifndef SCU_CLI_FILE_CHANGE_H
#define SCU_CLI_FILE_CHANGE_H

#include "cli.h"

enum { FILE_PATH_MAX = 4096 };

typedef struct file_change {
  char path[FILE_PATH_MAX];         /* of the file itself, links followed */
  char new_path[FILE_PATH_MAX + 8]; /* path.lock: the new text, and the sign that somebody is at it */
  int descriptor;
} file_change;

/* Makes the folder if there is none, and path.lock, for which it waits a few seconds. The file is to be read after
 * this. False: reported. */
bool file_change_begin(cli *context, const char *path, file_change *change);
/* Writes the text, to be as safe as it gets, with the mode of the old file, and puts it in the place of the old one.
 * False: reported, and the old one is as it was. Ends the change either way. */
bool file_change_end(cli *context, file_change *change, const char *text, size_t length);
/* Nothing is to be written. */
void file_change_drop(file_change *change);

#endif
