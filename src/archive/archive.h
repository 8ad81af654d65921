/* The inside of scu_archive: what its services share. */
#ifndef SCU_ARCHIVE_ARCHIVE_H
#define SCU_ARCHIVE_ARCHIVE_H

#include <stdatomic.h>

#include "archive/fault_act.h"
#include "archive/fault_sink.h"
#include "archive/index.h"
#include "archive/ingest.h"
#include "archive/lane.h"
#include "archive/ledger.h"
#include "archive/users.h"
#include "config/options.h"
#include "listener/incoming.h"
#include "listener/server.h"
#include "scu/archive.h"

typedef struct scu__visitor scu__visitor;
typedef struct scu__archive_peer scu__archive_peer;
struct scu__archive_peer {
  scu__archive_peer *next;
  scu__ae ae; /* what a C-MOVE-RQ names */
  char *text; /* AET@host:port */
};

struct scu_archive {
  const scu_allocator *allocator;
  scu_loop *loop;
  bool owns_loop;
  scu__config *config;
  scu_options *options; /* for the sessions of sub-operations */
  char *root, *objects; /* folders, without slash */
  scu_sink *disk;
  scu__index *index; /* changed on the pool by the ingest, searched on the loop */
  scu__ingest *ingest;
  scu__ledger *ledger; /* on the lane only, once open; its file locks the root against other processes */
  scu__lane lane;
  struct scu__commitments *commitments;
  struct scu__mpps_store *mpps;
  scu__server *server;
  scu__acceptor_policy policy;
  scu__archive_peer *peers;
  scu__archive_user *users; /* NULL: identities are not looked at */
  scu__fault *fault;        /* NULL: it behaves */
  scu__fault_acceptor faulty;
  scu__visitor *strays; /* holds services that outlive their association */
  scu__fault_sink faulty_sink;
  scu_hooks hooks;
  scu__trace trace;
  scu__tick tick;
  atomic_int stop_requests;
  bool is_stopping;
  scu_error error;
};

/* One association: guest->state. */
typedef struct scu__service scu__service;
struct scu__visitor {
  scu_archive *archive;
  scu__guest *guest; /* NULL: the association is gone, its services are being ended */
  scu__receiver receiver;
  scu__service *services;
  scu__fault_hits hits; /* of the request that has just come */
};

/* A request that is being answered: the first member of every kind. It lives on the visitor's list until it is over. */
struct scu__service {
  scu__visitor *visitor;
  scu__service *next;
  scu__exchange *exchange;                /* the link's */
  void (*advance)(scu__service *service); /* the association has drained; may be NULL */
  void (*end)(scu__service *service);     /* over, or the association is gone (exchange NULL): frees it */
};

/* Adds it to its visitor; the exchange's events go to on_event with the service as owner. */
void scu__service_begin(scu__service *service, scu__visitor *visitor, scu__exchange *exchange,
                        void (*on_event)(void *owner, scu__exchange *exchange, const scu__exchange_event *event));
/* The exchange has its final answer and is the link's alone from now on. */
void scu__service_let_go(scu__service *service);
/* Takes it off the list and ends it. */
void scu__service_over(scu__service *service);

/* Its association may end before it is over; without memory it ends with it. It must have let go of its exchange. */
void scu__service_detach(scu__service *service);

/* From a request to an exchange that answers it, or NULL with the status to refuse with. */
scu__exchange *scu__find_service(scu__visitor *visitor, const scu__accepted_context *context,
                                 const scu__command *command, scu__exchange_event *event, uint16_t *status);
scu__exchange *scu__retrieve_service(scu__visitor *visitor, const scu__accepted_context *context,
                                     const scu__command *command, scu__exchange_event *event, uint16_t *status);

scu__exchange *scu__commit_service(scu__visitor *visitor, const scu__accepted_context *context,
                                   const scu__command *command, scu__exchange_event *event, uint16_t *status);
scu__exchange *scu__mpps_service(scu__visitor *visitor, const scu__accepted_context *context,
                                 const scu__command *command, scu__exchange_event *event, uint16_t *status);

/* What lies beside the objects and the index: ledger, commitments, procedure steps. The folder must be there; the
 * ledger locks it. Close may be called whatever became of open, before the loop goes. */
scu_result scu__archive_open_rest(scu_archive *archive, const scu_archive_options *options, scu_error *error);
void scu__archive_close_rest(scu_archive *archive);
/* An index without instances may be a new one beside old files: fills it from them. Before the ingest is made. */
scu_result scu__archive_settle_index(scu_archive *archive, scu_error *error);
/* --demo, if nothing was ever stored or filling it was cut short. Steps the loop. */
scu_result scu__archive_fill_demo(scu_archive *archive, scu_error *error);

/* One of the classes of C-FIND, C-MOVE and C-GET. */
bool scu__archive_has_query_class(const char *abstract_syntax);
/* A query of this class with the options agreed by extended negotiation; its identifier is still to be set. */
scu__index_query scu__archive_query(const scu__visitor *visitor, const char *abstract_syntax);
scu__encoding scu__archive_encoding(const scu__accepted_context *context);
scu__link *scu__visitor_link(const scu__visitor *visitor);

#endif
