/* What commit and store --commit share: collecting instances, asking, telling what came. */
#ifndef SCU_CLI_COMMITMENT_H
#define SCU_CLI_COMMITMENT_H

#include "cli.h"
#include "scu/commit.h"

/* Listen address and ledger, from arguments and environment. False: reported. */
bool commitment_apply(cli *context, const arguments *args);
/* A list that instances are collected in from now on: context->wanted. False: reported. */
bool commitment_begin(cli *context);
void commitment_end(cli *context);
/* An instance that was read or sent: in it when it is fit for it. */
void commitment_collect(cli *context, const scu_instance_outcome *outcome);
void commitment_add(cli *context, const char *sop_class_uid, const char *sop_instance_uid);

/* Asks for what was collected, and tells each instance as a record of that name. */
void commitment_ask(cli *context, scu_session *session, const char *event);
void commitment_resume(cli *context, scu_session *session, bool only_listens);

#endif
