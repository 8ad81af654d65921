/* From AE titles in answers to sessions. */
#include "client/routes.h"

#include <stdio.h>
#include <string.h>

#include "client/availability.h"
#include "client/others.h"
#include "data/dataset_values.h"
#include "service/key_attribute.h"

void scu__routes_init(scu__routes *routes, scu_op *op) {
  *routes = (scu__routes){.op = op, .count = 1};
  routes->routes[0] = (scu__route){.ae = op->session->peer.ae, .is_known = true};
}

void scu__routes_free(scu__routes *routes) {
  if (routes->has_read_nodes) scu__nodes_free(&routes->nodes);
  routes->has_read_nodes = false;
}

/* Once for each retrieve; without it nobody else is known. */
static void read_nodes(scu__routes *routes) {
  if (routes->has_read_nodes) return;
  scu_error error;
  scu__error_clear(&error);
  routes->has_read_nodes = true;
  if (scu__session_read_nodes(routes->op->session, &routes->nodes, &error) != SCU_OK)
    scu__op_warn(routes->op, "the node file does not say where else to ask: %s", error.reason);
}

static bool is_same(const scu__ae *a, const scu__ae *b) {
  return strcmp(a->text, b->text) == 0;
}

static void tell_limit(scu__routes *routes) {
  if (!routes->is_limit_told)
    scu__op_warn(routes->op, "the answers name more than %d AEs that have what is wanted: %s is asked",
                 SCU__ROUTES_MAX - 1, routes->routes[0].ae.text);
  routes->is_limit_told = true;
}

/* The place of the AE, noted when it is new; 0 when it cannot be noted. */
static uint16_t note(scu__routes *routes, const scu__ae *ae) {
  for (size_t i = 0; i < routes->count; i++)
    if (is_same(&routes->routes[i].ae, ae)) return (uint16_t)i;
  if (routes->count == SCU__ROUTES_MAX) {
    tell_limit(routes);
    return 0;
  }
  read_nodes(routes);
  scu__route *route = &routes->routes[routes->count];
  const scu__node *node = scu__nodes_find_ae(&routes->nodes, ae);
  *route = (scu__route){.ae = *ae, .is_known = node != NULL};
  if (node) {
    snprintf(route->node, sizeof route->node, "%s", node->name);
    routes->known++;
  } else {
    scu__op_warn(routes->op, "%s is said to have what is wanted, but the node file does not know it: %s is asked",
                 ae->text, routes->routes[0].ae.text);
  }
  return (uint16_t)routes->count++;
}

static size_t read_titles(const scu_dataset *row, scu__ae titles[SCU__RETRIEVE_AES_MAX]) {
  const scu_element *said = scu_dataset_find(row, SCU__TAG_RETRIEVE_AE);
  scu__values values;
  const char *text;
  size_t length, count = 0;
  if (!said || scu__values_open(&values, row, said) != SCU_OK) return 0;
  while (count < SCU__RETRIEVE_AES_MAX && scu__values_next(&values, &text, &length))
    if (scu__ae_from_bytes(&titles[count], (const uint8_t *)text, length)) count++;
  return count;
}

/* The peer itself if it is among them, else the first one that is known. */
static uint16_t choose(scu__routes *routes, const scu__ae *titles, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_same(&titles[i], &routes->routes[0].ae)) return 0;
  for (size_t i = 0; i < count; i++) {
    uint16_t found = note(routes, &titles[i]);
    if (found > 0 && routes->routes[found].is_known) return found;
  }
  return 0;
}

scu__location scu__routes_locate(scu__routes *routes, const scu_dataset *row, scu__location otherwise) {
  scu__ae titles[SCU__RETRIEVE_AES_MAX];
  char word[17] = "";
  scu__location location = otherwise;
  size_t count = read_titles(row, titles);
  if (count > 0) location.route = choose(routes, titles, count);
  scu__dataset_tag_text(row, SCU__TAG_AVAILABILITY, word, sizeof word);
  scu_availability said = scu__availability_of(word);
  if (said != SCU_AVAILABILITY_UNKNOWN) location.availability = said;
  return location;
}

scu_result scu__routes_session(const scu__routes *routes, uint16_t route, scu_session **out, scu_error *error) {
  *out = routes->op->session;
  if (route == 0) return SCU_OK;
  return scu__others_find(routes->op->session, routes->routes[route].node, out, error);
}
