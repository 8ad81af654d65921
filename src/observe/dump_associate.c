/* In the order in which PS3.8 9.3.2 and PS3.7 D.3.3 have the items. */
#include "observe/dump_associate.h"

#include "data/uids.h"

static void put_uid(scu__buffer *text, const char *label, const scu__uid *uid) {
  const char *name = scu__uid_name(uid->text);
  if (name)
    scu__dump_put(text, "%s %s = %s\n", label, uid->text, name);
  else
    scu__dump_put(text, "%s %s\n", label, uid->text[0] ? uid->text : "(none)");
}

static void put_contexts(scu__buffer *text, const scu__associate *associate, scu__pdu_type type) {
  for (size_t i = 0; i < associate->context_count; i++) {
    const scu__context *context = &associate->contexts[i];
    if (type == SCU__PDU_ASSOCIATE_RQ) {
      scu__dump_put(text, "  context %u:", context->id);
      put_uid(text, "", &context->abstract_syntax);
    } else {
      scu__dump_put(text, "  context %u: %s\n", context->id, scu__context_result_text(context->result));
      if (context->result != SCU__CONTEXT_ACCEPTED) continue;
    }
    for (size_t j = 0; j < context->count; j++) put_uid(text, "    transfer syntax", &context->transfer_syntaxes[j]);
  }
}

static void put_bytes(scu__buffer *text, const scu__octets *bytes) {
  enum { SHOWN = 16 };
  for (size_t i = 0; i < bytes->length && i < SHOWN; i++) scu__dump_put(text, " %02X", bytes->data[i]);
  scu__dump_put(text, bytes->length > SHOWN ? " ... (%zu bytes)\n" : "\n", bytes->length);
}

static void put_negotiated(scu__buffer *text, const scu__associate *associate) {
  if (associate->window.present)
    scu__dump_put(text, "  asynchronous operations window: invoked %u, performed %u (0 = unlimited)\n",
                  associate->window.invoked, associate->window.performed);
  for (size_t i = 0; i < associate->role_count; i++) {
    const scu__role *role = &associate->roles[i];
    scu__dump_put(text, "  roles: SCU %d, SCP %d of", role->scu, role->scp);
    put_uid(text, "", &role->uid);
  }
  for (size_t i = 0; i < associate->extended_count; i++) {
    put_uid(text, "  extended negotiation:", &associate->extended[i].uid);
    scu__dump_put(text, "   ");
    put_bytes(text, &associate->extended[i].bytes);
  }
  for (size_t i = 0; i < associate->common_extended_count; i++) {
    const scu__common_extended *common = &associate->common_extended[i];
    put_uid(text, "  common extended negotiation:", &common->uid);
    put_uid(text, "    service class", &common->service_class);
    for (size_t j = 0; j < common->related_count; j++) put_uid(text, "    related class", &common->related[j]);
  }
}

/* PS3.7 D.3-14. A user's name is no patient's; the rest is nobody's business. */
static void put_identity(scu__buffer *text, const scu__associate *associate) {
  static const char *const types[] = {
      "?", "user name", "user name and passcode", "Kerberos ticket", "SAML assertion", "JSON Web Token"};
  const scu__user_identity *identity = &associate->identity;
  if (identity->type == 0) return;
  const char *type = identity->type < sizeof types / sizeof *types ? types[identity->type] : "of unknown type";
  scu__dump_put(text, "  user identity: %s", type);
  if (identity->type == 1 || identity->type == 2)
    scu__dump_put(text, " %.*s", identity->primary.length < 64 ? (int)identity->primary.length : 64,
                  identity->primary.data ? (const char *)identity->primary.data : "");
  else
    scu__dump_put(text, " (%zu bytes, masked)", identity->primary.length);
  if (identity->type == 2) scu__dump_put(text, ", passcode (masked)");
  scu__dump_put(text, "%s\n", identity->positive_response_requested ? ", response wanted" : "");
}

static void put_maximum(scu__buffer *text, uint32_t maximum) {
  if (maximum > 0)
    scu__dump_put(text, "  maximum PDU: %lu bytes\n", (unsigned long)maximum);
  else
    scu__dump_put(text, "  maximum PDU: no limit\n");
}

void scu__dump_associate(scu__buffer *text, const scu__associate *associate, scu__pdu_type type) {
  scu__dump_put(text, "  called '%s', calling '%s', protocol version %04X\n", associate->called.text,
                associate->calling.text, associate->protocol_version);
  put_uid(text, "  application context", &associate->application_context);
  put_contexts(text, associate, type);
  put_maximum(text, associate->max_pdu_length);
  put_uid(text, "  implementation class UID", &associate->implementation_class_uid);
  if (associate->implementation_version_name[0])
    scu__dump_put(text, "  implementation version name '%s'\n", associate->implementation_version_name);
  put_negotiated(text, associate);
  put_identity(text, associate);
  if (associate->identity_response.present)
    scu__dump_put(text, "  user identity accepted (response of %zu bytes, masked)\n",
                  associate->identity_response.response.length);
}
