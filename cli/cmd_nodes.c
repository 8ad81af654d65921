/* scu nodes: what is in the node file. Editing it is in nodes_edit.c, testing its peers in nodes_test.c. */
#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"
#include "nodes.h"
#include "nodes_file.h"
#include "safe_text.h"

enum { TEXT_MAX_BYTES = 1024, ADDRESS_MAX = 320 };

static bool next_setting(const void *of, size_t index, const char **key, const char **value) {
  *key = scu_node_setting_key(of, index);
  *value = scu_node_setting_value(of, index);
  return *key != NULL;
}

void json_node(const scu_node *node) {
  char peer[ADDRESS_MAX];
  scu_node_peer(node, peer, sizeof peer);
  json_text(stdout, "name", scu_node_name(node));
  json_text(stdout, "peer", peer);
  json_text(stdout, "aet", scu_node_ae(node));
  json_text(stdout, "host", scu_node_host(node));
  json_number(stdout, "port", scu_node_port(node));
  json_number(stdout, "tls", scu_node_is_tls(node));
  json_texts(stdout, "settings", next_setting, node);
  json_number(stdout, "line", scu_node_line(node));
}

static const char *next_node(const void *of, size_t index) {
  const scu_node *node = scu_nodes_at(of, index);
  return node ? scu_node_name(node) : NULL;
}

const scu_node *find_node(cli *context, const scu_nodes *nodes, const char *name) {
  char hint[128] = "`scu nodes` lists them";
  const scu_node *node = scu_nodes_find(nodes, name);
  const char *closest = node ? NULL : closest_word(name, next_node, nodes);
  if (closest) snprintf(hint, sizeof hint, "did you mean %.60s? `scu nodes` lists them", closest);
  if (!node) report_usage(context, hint, "there is no node '%.60s' in the node file", name);
  return node;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 4 };

typedef struct node_row {
  char cell[COLUMNS][TEXT_MAX_BYTES];
} node_row;

static void join_settings(const scu_node *node, char *to, size_t room) {
  size_t length = 0;
  *to = 0;
  for (size_t i = 0; i < scu_node_setting_count(node) && length < room; i++)
    length += (size_t)snprintf(to + length, room - length, "%s%s=%s", i > 0 ? " " : "", scu_node_setting_key(node, i),
                               scu_node_setting_value(node, i));
}

static void fill_row(const scu_node *node, node_row *row) {
  bool is_v6 = strchr(scu_node_host(node), ':') != NULL;
  snprintf(row->cell[0], TEXT_MAX_BYTES, "%s", scu_node_name(node));
  snprintf(row->cell[1], TEXT_MAX_BYTES, "%s", scu_node_ae(node));
  snprintf(row->cell[2], TEXT_MAX_BYTES, is_v6 ? "[%s]:%u%s" : "%s:%u%s", scu_node_host(node),
           (unsigned)scu_node_port(node), scu_node_is_tls(node) ? " TLS" : "");
  join_settings(node, row->cell[3], TEXT_MAX_BYTES);
}

static void widen(const node_row *row, size_t width[COLUMNS]) {
  for (size_t i = 0; i < COLUMNS; i++) {
    size_t wanted = safe_width(row->cell[i]);
    if (wanted > width[i]) width[i] = wanted;
  }
}

/* No blanks at the end of a line. */
static void print_row(const node_row *row, const size_t width[COLUMNS]) {
  size_t last = COLUMNS - 1;
  while (last > 0 && !row->cell[last][0]) last--;
  for (size_t i = 0; i < last; i++) {
    put_safe_column(stdout, row->cell[i], width[i]);
    fputs("  ", stdout);
  }
  put_safe(stdout, row->cell[last]);
  putchar('\n');
}

static void print_table(const scu_nodes *nodes) {
  const node_row head = {{"NAME", "AE TITLE", "ADDRESS", "SETTINGS"}};
  size_t width[COLUMNS] = {0};
  node_row row;
  widen(&head, width);
  for (size_t i = 0; i < scu_nodes_count(nodes); i++) {
    fill_row(scu_nodes_at(nodes, i), &row);
    widen(&row, width);
  }
  print_row(&head, width);
  for (size_t i = 0; i < scu_nodes_count(nodes); i++) {
    fill_row(scu_nodes_at(nodes, i), &row);
    print_row(&row, width);
  }
}

static void print_json(const scu_node *node) {
  json_open(stdout, "node");
  json_node(node);
  json_close(stdout);
}

/* A file that nobody named need not be there. */
static scu_nodes *read_nodes(cli *context) {
  nodes_place place;
  return nodes_file_need(context, &place) ? nodes_file_read(context, place.path, !place.is_named) : NULL;
}

static void list(cli *context, node_words words) {
  if (words.count > 0) {
    report_usage(context, "scu nodes show NAME", "`scu nodes list` takes no name");
    return;
  }
  scu_nodes *nodes = read_nodes(context);
  if (!nodes) return;
  json_begin(context, NULL);
  if (context->is_json) {
    for (size_t i = 0; i < scu_nodes_count(nodes); i++) print_json(scu_nodes_at(nodes, i));
  } else if (scu_nodes_count(nodes) > 0) {
    print_table(nodes);
  } else {
    say(context, "there are no nodes; scu nodes add NAME AET@host:port makes one");
  }
  scu_nodes_free(nodes);
}

/* --- show --------------------------------------------------------------------------------------------------------- */

static void print_line(const char *key, const char *value) {
  printf("%s = ", key);
  put_safe(stdout, value);
  putchar('\n');
}

static void print_node(const scu_node *node) {
  char port[8];
  putchar('[');
  put_safe(stdout, scu_node_name(node));
  puts("]");
  print_line("aet", scu_node_ae(node));
  print_line("host", scu_node_host(node));
  snprintf(port, sizeof port, "%u", (unsigned)scu_node_port(node));
  print_line("port", port);
  if (scu_node_is_tls(node)) print_line("tls", "yes");
  for (size_t i = 0; i < scu_node_setting_count(node); i++)
    print_line(scu_node_setting_key(node, i), scu_node_setting_value(node, i));
}

static void show(cli *context, node_words words) {
  if (words.count != 1) {
    report_usage(context, "scu nodes show NAME", words.count > 1 ? "more than one name" : "which node?");
    return;
  }
  scu_nodes *nodes = read_nodes(context);
  const scu_node *node = nodes ? find_node(context, nodes, words.word[0]) : NULL;
  if (node) json_begin(context, NULL);
  if (node && context->is_json) print_json(node);
  if (node && !context->is_json) print_node(node);
  scu_nodes_free(nodes);
}

/* --- command ------------------------------------------------------------------------------------------------------ */

static const struct {
  const char *name;
  void (*run)(cli *context, node_words words);
} parts[] = {{"list", list},     {"show", show},     {"test", nodes_test},
             {"add", nodes_add}, {"set", nodes_set}, {"remove", nodes_remove}};

static const char *next_part(const void *user, size_t index) {
  (void)user;
  return index < sizeof parts / sizeof *parts ? parts[index].name : NULL;
}

static void run(cli *context, const arguments *args) {
  const char *name = args->positional_count > 0 ? args->positional[0] : "list";
  node_words words = {args->positional + 1, args->positional_count > 0 ? args->positional_count - 1 : 0};
  for (size_t i = 0; next_part(NULL, i); i++) {
    if (strcmp(name, parts[i].name) != 0) continue;
    parts[i].run(context, words);
    return;
  }
  char hint[96] = "list, show, test, add, set or remove";
  const char *closest = closest_word(name, next_part, NULL);
  if (closest) snprintf(hint, sizeof hint, "did you mean `scu nodes %s`?", closest);
  report_usage(context, hint, "there is no `scu nodes %.60s`", name);
}

const command command_nodes = {
    .name = "nodes",
    .bit = ON_NODES,
    .uses = SCU_USED_BY_SESSION,
    .synopsis = "nodes [list]\n"
                "       scu nodes show NAME\n"
                "       scu nodes test [NAME...]\n"
                "       scu nodes add NAME AET@host:port [KEY=VALUE...]\n"
                "       scu nodes set NAME KEY=VALUE...\n"
                "       scu nodes remove NAME",
    .summary = "list, test and edit the node file",
    .text =
        "Names for peers stand in the node file (`scu help` says where), each with what its peer needs: aet, host,\n"
        "port, tls, user, passcode-file, identity-over-plain, comment, and by their names without -- the options\n"
        "that are about a peer: max-pdu, the time-outs and waits, async-window (1 = the window is not shown),\n"
        "peer-associations, character-set, uids-per-request, both-roles, extended-negotiation. What is given on the\n"
        "command line counts more.\n"
        "\n"
        "test sends each a C-ECHO, several at once, and prints a line each in the order of the file.\n"
        "\n"
        "add, set and remove change the file in its place; add makes it. Comments, order and line ends of\n"
        "everything else stay, and so do comments above a node that is removed. KEY= without a value takes the key\n"
        "out. `scu nodes set self aet=NAME port=N` says who we are. What could not be read again is not written.\n"
        "The new file is written to FILE.lock and put in the place of the old one: who reads meanwhile sees one\n"
        "of the two, and of two `scu nodes` at once the second waits for the first. Passcodes do not stand in the\n"
        "node file: passcode-file = FILE names the file that holds one.\n",
    .examples = "scu nodes add pacs PACS@10.0.0.5:104 timeout-retrieve=4h\n"
                "scu nodes set pacs async-window=1 character-set='ISO_IR 100'\n"
                "scu nodes test\n"
                "scu nodes --json",
    .run = run,
    .finds_nodes_itself = true,
};
