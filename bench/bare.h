/* What the bare clients share: PDUs and command sets (PS3.8 9.3, PS3.7 E) with nothing around them, over blocking
 * sockets, so that no client hides the server that is measured. Whatever is not as expected ends the program with a
 * line on stderr and exit code 1. They know nothing of libscu: a fault there must not be measured with itself. */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_IMPLICIT "1.2.840.10008.1.2"
#define BARE_EXPLICIT "1.2.840.10008.1.2.1"
#define BARE_CT       "1.2.840.10008.5.1.4.1.1.2"

enum {
  BARE_PDU_MAX = 131072, /* bytes of a P-DATA-TF that we take, its header not counted */
  BARE_COMMAND_MAX = 1024,
  BARE_CONTEXTS_MAX = 128,
  /* Command Field, PS3.7 E.1-1 */
  BARE_STORE = 0x0001,
  BARE_GET = 0x0010,
  BARE_FIND = 0x0020,
  BARE_MOVE = 0x0021,
  BARE_RESPONSE = 0x8000,
  BARE_NO_DATA = 0x0101,
  /* elements of group 0000 */
  BARE_CLASS = 0x0002,
  BARE_FIELD = 0x0100,
  BARE_MESSAGE_ID = 0x0110,
  BARE_ANSWERED_ID = 0x0120,
  BARE_DESTINATION = 0x0600,
  BARE_PRIORITY = 0x0700,
  BARE_DATA_SET_TYPE = 0x0800,
  BARE_STATUS = 0x0900,
  BARE_INSTANCE = 0x1000,
  BARE_COMPLETED = 0x1021,
  BARE_FAILED = 0x1022,
  BARE_WARNING = 0x1023
};

typedef struct bare_context {
  uint8_t id;
  const char *abstract_syntax, *transfer_syntax;
  bool wants_scp_role;   /* C-GET: we are sent C-STOREs on it */
  bool wants_relational; /* C-FIND and the like: PS3.4 C.5.1.1 */
} bare_context;

/* One association. */
typedef struct bare_link {
  int fd;
  size_t peer_pdu_max; /* 0: no limit */
  uint8_t *in;         /* what was read and not yet used: from `at` to `end` */
  size_t at, end;
  const uint8_t *pdu; /* the P-DATA-TF whose PDVs are being read: points into `in` */
  size_t pdu_left;
} bare_link;

/* A command set; a received one with what came behind it. */
typedef struct bare_message {
  uint8_t context_id, command[BARE_COMMAND_MAX];
  size_t command_length;
  uint64_t data_length; /* of a received one: bytes of its data set, which are thrown away */
} bare_message;

void bare_die(const char *format, ...);
double bare_now(void); /* seconds */
void *bare_take(size_t size);

/* ---- associations ---- */

/* Connects and associates; a context that is not accepted is an error. */
void bare_open(bare_link *link, const char *host, const char *port, const char *calling, const char *called,
               const bare_context *contexts, size_t count);
/* A-RELEASE and close. */
void bare_close(bare_link *link);
/* Waits for A-ASSOCIATE-RQ on a socket and accepts each context in explicit VR where that is offered. */
void bare_accept(bare_link *link, int fd);

/* ---- messages ---- */

void bare_begin(bare_message *message, uint8_t context_id, const char *class_uid, uint16_t field);
void bare_put_number(bare_message *message, uint16_t element, uint16_t value);
void bare_put_text(bare_message *message, uint16_t element, const char *text, char padding);
/* data may be NULL. All of it in one go, in PDUs as long as the peer takes. */
void bare_send(bare_link *link, bare_message *message, const uint8_t *data, size_t length);
/* The next message. false: the peer asked to release, was answered, and has left. */
bool bare_receive(bare_link *link, bare_message *message);
/* An element of a command; one that is missing is an error. */
uint16_t bare_number(const bare_message *message, uint16_t element);
/* The same, `otherwise` where it is missing. */
uint16_t bare_number_or(const bare_message *message, uint16_t element, uint16_t otherwise);
const char *bare_text(const bare_message *message, uint16_t element, char room[65]);
/* Answers a C-STORE-RQ with Success. */
void bare_answer_store(bare_link *link, const bare_message *request);

/* ---- queries ---- */

/* Keys as gggg,eeee or gggg,eeee=value, encoded in implicit VR in the order given, which has to be that of the tags. */
size_t bare_identifier(uint8_t *to, size_t room, char *const *keys, int count);

#endif
