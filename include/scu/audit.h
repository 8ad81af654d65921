/* Audit messages (DICOM PS3.15 A.5): XML for whoever has to know who did what with whose data. Written of every
 * association of the sessions, listeners and archives it is given to:
 *
 *   Application Activity     when an scu_audit is made, and when it is freed
 *   Query                    every C-FIND, asked or answered
 *   Begin Transferring       the first instance of every study that is sent; a C-MOVE to somebody else
 *   Instances Transferred    what was sent or received, per patient, when the association ends
 *   Security Alert           associations that were rejected for an AE title or a user identity
 *   User Authentication      user identities, where they are checked (scu_archive_accept_user)
 *
 * They hold patient data by nature: names, IDs, what was asked for. Outcomes are what was answered. */
#ifndef SCU_AUDIT_H
#define SCU_AUDIT_H

#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_audit scu_audit;

/* All texts are UTF-8 and copied; NULL or "" = the default. */
typedef struct scu_audit_options {
  size_t size; /* sizeof(scu_audit_options) */
  /* Where they go:
   *   a path             a file that is added to, one message a line; for nobody but its owner (0600). When somebody
   *                      takes its name away (logrotate), it is made anew within a second
   *   udp://HOST[:PORT]  syslog by UDP (RFC 5424, RFC 5426; PS3.15 A.7), port 514
   *   tcp://HOST[:PORT]  the same over plain TCP with counted octets (RFC 6587), port 601: not in the Standard
   *   tls://...          is refused in this version (UNSUPPORTED)
   * Without default. An address of IPv6 stands in brackets. */
  const char *destination;
  const char *source_id;   /* who reports (AuditSourceID); default: the name of this machine */
  const char *site;        /* AuditEnterpriseSiteID; default: none */
  const char *application; /* APP-NAME of syslog; default: scu */
  const char *ae_title;    /* of Application Activity; default: none */
  uint32_t wait_ms;        /* how long scu_audit_free waits for what is under way; 0 = the default, 3000 */
  /* Told once, when for the first time a message could not be written or delivered, from the thread that noticed: it
   * may be inside of protocol steps and must call nothing of the library. One line without patient data. NULL = none.
   */
  void (*warning)(void *user, const char *text);
  void *user;
} scu_audit_options;

/* Hand it to sessions, listeners and archives with SCU_OPTION_AUDIT: any number of them, on any threads; it must
 * outlive them. Looks the host up, which may block; nothing later does (it is looked up anew where nobody is there, by
 * a thread): what is sent by syslog waits in a bounded queue, and a file is written as files are. A handle comes back
 * with the error in it (except for MEMORY); such a one writes nothing. USAGE (no or a bad destination), UNSUPPORTED,
 * STORAGE, TRANSPORT (no such host), LIMIT, MEMORY. */
SCU_API scu_result scu_audit_new(const scu_allocator *allocator, const scu_audit_options *options, scu_audit **out);
/* Why scu_audit_new failed. Valid until scu_audit_free. */
SCU_API const scu_error *scu_audit_error(const scu_audit *audit);
/* Messages so far, and of these those of which it is known that they did not get there, or could not be made: for lack
 * of memory, or as an association could not be followed to its end (that counts as one). Any thread. */
SCU_API uint64_t scu_audit_count(const scu_audit *audit);
SCU_API uint64_t scu_audit_lost(const scu_audit *audit);
/* Writes the last message and waits for what is under way, see wait_ms; nothing that has it may be left but the
 * getters. For whoever wants to ask scu_audit_lost afterwards. */
SCU_API void scu_audit_close(scu_audit *audit);
/* Closes if nobody did. NULL is allowed. */
SCU_API void scu_audit_free(scu_audit *audit);

#ifdef __cplusplus
}
#endif
#endif
