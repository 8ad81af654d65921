/* A short list of users. */
#include "archive/users.h"

#include <string.h>

struct scu__archive_user {
  scu__archive_user *next;
  char *name;
  uint8_t *passcode; /* NULL = the name is enough */
  size_t length;
};

static void free_user(scu__archive_user *user, const scu_allocator *allocator) {
  scu__free(allocator, user->name);
  scu__free_wiped(allocator, user->passcode, user->length);
  scu__free(allocator, user);
}

scu_result scu__archive_users_add(scu__archive_user **users, const scu_allocator *allocator, const char *name,
                                  const void *passcode, size_t length) {
  scu__archive_user *user = scu__alloc(allocator, sizeof *user);
  if (!user) return SCU_ERROR_MEMORY;
  user->name = scu__strdup(allocator, name);
  if (passcode) user->passcode = scu__alloc(allocator, length);
  if (!user->name || (passcode && !user->passcode)) {
    free_user(user, allocator);
    return SCU_ERROR_MEMORY;
  }
  if (passcode) {
    memcpy(user->passcode, passcode, length);
    user->length = length;
  }
  user->next = *users;
  *users = user;
  return SCU_OK;
}

void scu__archive_users_free(scu__archive_user *users, const scu_allocator *allocator) {
  while (users) {
    scu__archive_user *next = users->next;
    free_user(users, allocator);
    users = next;
  }
}

/* In a time that says nothing of where they differ. */
static bool is_same(const scu__octets *given, const uint8_t *known, size_t length) {
  uint8_t difference = 0;
  if (given->length != length) return false;
  for (size_t i = 0; i < length; i++) difference |= (uint8_t)(given->data[i] ^ known[i]);
  return difference == 0;
}

static bool is_user(const scu__archive_user *user, const scu__user_identity *identity) {
  if (!is_same(&identity->primary, (const uint8_t *)user->name, strlen(user->name))) return false;
  if (!user->passcode) return identity->type == SCU__IDENTITY_USER_NAME;
  return identity->type == SCU__IDENTITY_PASSCODE && is_same(&identity->secondary, user->passcode, user->length);
}

bool scu__archive_users_know(const scu__archive_user *users, const scu__user_identity *identity) {
  for (const scu__archive_user *user = users; user; user = user->next)
    if (is_user(user, identity)) return true;
  return false;
}
