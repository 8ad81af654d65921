/* A session, a scripted peer and a loop with its own time, put together; what the hooks said is kept. */
#ifndef SCU_TESTS_CLIENT_FIXTURE_H
#define SCU_TESTS_CLIENT_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "scu/options.h"
#include "scu/session.h"
#include "support/scripted_peer.h"
#include "support/test_loop.h"

enum { FIXTURE_OUTCOMES_MAX = 4096 };

typedef struct fixture_outcome {
  char uid[65], reason[256], transfer_syntax[65], path[128];
  uint16_t status;
  scu_outcome outcome;
} fixture_outcome;

typedef struct fixture {
  test_loop time;
  scripted_peer peer;
  scu_options *options;
  scu_session *session;
  char warnings[4096];
  fixture_outcome outcomes[FIXTURE_OUTCOMES_MAX];
  size_t outcome_count;
  void (*on_instance)(struct fixture *self); /* after it was kept; may be NULL */
  void *user;
} fixture;

static inline void fixture_instance(void *user, const scu_instance_outcome *told) {
  fixture *f = user;
  if (f->outcome_count == FIXTURE_OUTCOMES_MAX) abort();
  fixture_outcome *kept = &f->outcomes[f->outcome_count++];
  snprintf(kept->uid, sizeof kept->uid, "%s", told->sop_instance_uid);
  snprintf(kept->reason, sizeof kept->reason, "%s", told->reason);
  snprintf(kept->transfer_syntax, sizeof kept->transfer_syntax, "%s", told->transfer_syntax_uid);
  snprintf(kept->path, sizeof kept->path, "%s", told->path);
  kept->status = told->status;
  kept->outcome = told->outcome;
  if (f->on_instance) f->on_instance(f);
}

static inline void fixture_warning(void *user, const char *text) {
  fixture *f = user;
  size_t length = strlen(f->warnings);
  snprintf(f->warnings + length, sizeof f->warnings - length, "%s\n", text);
}

static inline void fixture_prepare_rest(fixture *f) {
  if (scu_options_new(NULL, &f->options) != SCU_OK) abort();
  scu_options_set_text(f->options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
}

/* Everything but the session: options may still be set, then fixture_open. */
static inline void fixture_prepare(fixture *f, const peer_step *script) {
  memset(f, 0, sizeof *f);
  test_loop_start(&f->time);
  scripted_peer_start(&f->peer, f->time.loop, script);
  fixture_prepare_rest(f);
}

/* One script for each connection that comes in. */
static inline void fixture_prepare_many(fixture *f, const peer_step *const *scripts, size_t count) {
  memset(f, 0, sizeof *f);
  test_loop_start(&f->time);
  scripted_peer_start_many(&f->peer, f->time.loop, scripts, count);
  fixture_prepare_rest(f);
}

static inline void fixture_open(fixture *f) {
  if (scu_session_new_on(f->time.loop, &f->session, f->options, f->peer.name) != SCU_OK) abort();
  const scu_hooks hooks = {.size = sizeof hooks, .instance = fixture_instance, .warning = fixture_warning, .user = f};
  scu_session_set_hooks(f->session, &hooks);
}

static inline void fixture_start(fixture *f, const peer_step *script) {
  fixture_prepare(f, script);
  fixture_open(f);
}

static inline void fixture_stop(fixture *f) {
  scu_session_free(f->session);
  scripted_peer_stop(&f->peer);
  scu_options_free(f->options);
  test_loop_stop(&f->time);
}

#endif
