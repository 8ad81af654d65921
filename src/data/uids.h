/* Names of registered UIDs (PS3.6 A), context groups included. Does not judge what a UID may be used for. */
#ifndef SCU_DATA_UIDS_H
#define SCU_DATA_UIDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum scu__uid_kind {
  SCU__UID_KIND_OTHER = 0, /* coding schemes, LDAP OIDs, templates, ... */
  SCU__UID_KIND_SOP_CLASS,
  SCU__UID_KIND_META_SOP_CLASS,
  SCU__UID_KIND_SOP_INSTANCE, /* well-known ones */
  SCU__UID_KIND_TRANSFER_SYNTAX,
  SCU__UID_KIND_SERVICE_CLASS,
  SCU__UID_KIND_FRAME_OF_REFERENCE,
  SCU__UID_KIND_APPLICATION_CONTEXT,
  SCU__UID_KIND_CONTEXT_GROUP
} scu__uid_kind;

typedef struct scu__uid_entry {
  unsigned uid_at, name_at, keyword_at; /* see the accessors */
  unsigned char kind;                   /* scu__uid_kind */
  bool is_retired;
} scu__uid_entry;

/* All texts have static storage. */
const scu__uid_entry *scu__uid_find(const char *uid); /* NULL if not registered */
const char *scu__uid_entry_uid(const scu__uid_entry *entry);
const char *scu__uid_entry_name(const scu__uid_entry *entry);    /* "" where the registry is blank */
const char *scu__uid_entry_keyword(const scu__uid_entry *entry); /* "" for context groups and blank rows */

const char *scu__uid_name(const char *uid); /* NULL if unknown */
/* Exact, case-sensitive, any kind; NULL if unknown. Holds the constants of sop_class.h against the registry. */
const char *scu__uid_from_keyword(const char *keyword);

/* All rows, for tests: nothing in the library walks them. */
size_t scu__uid_count(void);
const scu__uid_entry *scu__uid_at(size_t index); /* in order of their texts (strcmp) */

#endif
