/* Whom to ask for what an answer lists (RULES 19): the AE that Retrieve AE Title (0008,0054) names, if the node file
 * knows it. Peers are told apart by small numbers; 0 is the one that gave the answers. */
#ifndef SCU_CLIENT_ROUTES_H
#define SCU_CLIENT_ROUTES_H

#include "client/inventory.h"
#include "client/op.h"

enum { SCU__ROUTES_MAX = 64, SCU__RETRIEVE_AES_MAX = 16 };

typedef struct scu__route {
  scu__ae ae;
  bool is_known; /* the node file has it; else the peer that gave the answers is asked */
  char node[SCU__NODE_NAME_MAX];
} scu__route;

typedef struct scu__routes {
  scu_op *op; /* whose retrieve it is; its session is that of the peer that gives the answers */
  bool has_read_nodes, is_limit_told;
  scu__nodes nodes;
  scu__route routes[SCU__ROUTES_MAX]; /* the first is that peer's */
  size_t count;
  size_t known; /* of these: others that can be asked */
} scu__routes;

void scu__routes_init(scu__routes *routes, scu_op *op);
void scu__routes_free(scu__routes *routes);
/* What a row says of where it can be had; `otherwise` holds for what it does not say. Warns, once for each, of AEs that
 * the node file does not know. */
scu__location scu__routes_locate(scu__routes *routes, const scu_dataset *row, scu__location otherwise);
/* The session to ask; connects to nothing. */
scu_result scu__routes_session(const scu__routes *routes, uint16_t route, scu_session **out, scu_error *error);

#endif
