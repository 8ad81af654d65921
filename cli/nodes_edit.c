/* scu nodes add, set and remove: the file is read, changed in memory and written while nobody else changes it. */
#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"
#include "nodes.h"
#include "nodes_file.h"
#include "signals.h"

static bool is_self(const char *name) {
  return strcmp(name, "self") == 0;
}

typedef scu_result (*edit)(scu_nodes *nodes, node_words words);

/* The length of the key; 0: this is no KEY=VALUE. */
static size_t key_length(const char *word) {
  size_t length = strcspn(word, "=");
  return word[length] == '=' ? length : 0;
}

static bool check_settings(cli *context, node_words words, size_t first) {
  for (size_t i = first; i < words.count; i++) {
    if (key_length(words.word[i]) > 0) continue;
    report_usage(context, "`scu help nodes` lists the keys", "'%.60s' is no KEY=VALUE", words.word[i]);
    return false;
  }
  return true;
}

static scu_result set_all(scu_nodes *nodes, node_words words, size_t first) {
  scu_result result = SCU_OK;
  for (size_t i = first; i < words.count && result == SCU_OK; i++) {
    char key[64];
    size_t length = key_length(words.word[i]);
    const char *value = words.word[i] + length + 1;
    snprintf(key, sizeof key, "%.*s", (int)(length < 63 ? length : 63), words.word[i]);
    result = *value ? scu_nodes_set(nodes, words.word[0], key, value) : scu_nodes_unset(nodes, words.word[0], key);
  }
  return result;
}

static scu_result add(scu_nodes *nodes, node_words words) {
  scu_result result = scu_nodes_add(nodes, words.word[0], words.word[1]);
  return result == SCU_OK ? set_all(nodes, words, 2) : result;
}

static scu_result set(scu_nodes *nodes, node_words words) {
  return set_all(nodes, words, 1);
}

static scu_result take_out(scu_nodes *nodes, node_words words) {
  return scu_nodes_remove(nodes, words.word[0]);
}

static void tell(cli *context, const scu_nodes *nodes, const char *name, const char *path) {
  const scu_node *node = scu_nodes_find(nodes, name);
  char now[330] = "is gone";
  if (node) {
    memcpy(now, "is ", 3);
    scu_node_peer(node, now + 3, sizeof now - 3);
  } else if (is_self(name)) {
    snprintf(now, sizeof now, "is %s", *scu_nodes_self_ae(nodes) ? scu_nodes_self_ae(nodes) : "changed");
  }
  json_begin(context, NULL);
  if (context->is_json && node) {
    json_open(stdout, "node");
    json_node(node);
    json_close(stdout);
  }
  say(context, "%s: %s %s", path, name, now);
}

/* False: reported. */
static bool edit_locked(cli *context, file_change *change, node_words words, edit make, bool may_be_absent) {
  scu_nodes *nodes = nodes_file_read(context, change->path, may_be_absent);
  bool is_made = nodes && make(nodes, words) == SCU_OK;
  if (nodes && !is_made) {
    const scu_error *error = scu_nodes_error(nodes);
    report_usage(context, scu_error_hint(error), "%s", scu_error_reason(error));
  }
  if (is_made) {
    size_t length;
    const char *text = scu_nodes_text(nodes, &length);
    is_made = file_change_end(context, change, text, length);
  } else {
    file_change_drop(change);
  }
  if (is_made) tell(context, nodes, words.word[0], change->path);
  scu_nodes_free(nodes);
  return is_made;
}

/* A signal meanwhile must not leave the lock behind. */
static bool edit_file(cli *context, const char *path, node_words words, edit make, bool may_be_absent) {
  file_change change;
  signals_hold(1);
  bool is_made = file_change_begin(context, path, &change) && edit_locked(context, &change, words, make, may_be_absent);
  signals_hold(0);
  return is_made;
}

void nodes_add(cli *context, node_words words) {
  nodes_place place;
  if (words.count < 2) {
    report_usage(context, "scu nodes add NAME AET@host:port", words.count ? "no peer is named" : "no name is given");
    return;
  }
  if (!check_settings(context, words, 2) || !nodes_file_need(context, &place)) return;
  /* The system's file is the administrator's. */
  bool is_own = *place.own_path != 0;
  if (edit_file(context, is_own ? place.own_path : place.path, words, add, true) && is_own)
    say(context, "warning: from now on %s is read instead of %s", place.own_path, place.path);
}

void nodes_set(cli *context, node_words words) {
  nodes_place place;
  if (words.count < 2) {
    report_usage(context, "scu nodes set NAME KEY=VALUE", words.count ? "no KEY=VALUE is given" : "no name is given");
    return;
  }
  /* We may be named before anybody else is. */
  if (check_settings(context, words, 1) && nodes_file_need(context, &place))
    edit_file(context, place.path, words, set, is_self(words.word[0]));
}

void nodes_remove(cli *context, node_words words) {
  nodes_place place;
  if (words.count != 1)
    report_usage(context, "scu nodes remove NAME", words.count ? "more than one name" : "no name is given");
  else if (nodes_file_need(context, &place))
    edit_file(context, place.path, words, take_out, false);
}
