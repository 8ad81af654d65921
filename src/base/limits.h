/* The bounds that more than one file has to agree on, each with the reason it exists. What only one file needs stands
 * at the top of that file; what a person may set is in config/option_table.c. Sizes in bytes unless the name says
 * otherwise. */
#ifndef SCU_BASE_LIMITS_H
#define SCU_BASE_LIMITS_H

enum {
  /* PDUs. An A-ASSOCIATE-RQ with 128 contexts x 60 syntaxes is under 200 KiB: what is longer is hostile. */
  SCU__ASSOCIATE_PDU_MAX = 256 * 1024,
  /* The largest P-DATA-TF we say we take (51H), and how much we ever put into one. Measured: beyond 128 KiB nothing
   * gets faster, below 16 KiB everything gets slower. */
  SCU__PDU_LENGTH_DEFAULT = 128 * 1024,
  SCU__PDU_LENGTH_MIN = 4096, /* less is not to be set: every object would go out in crumbs */
  SCU__PDU_LENGTH_MAX = 1024 * 1024,
  /* Old peers count the 6-byte header into the maximum (RULES 30). */
  SCU__PDU_OVERRUN_TOLERATED = 6,
  SCU__CONTEXTS_MAX = 128,            /* odd IDs 1-255 (PS3.8 9.3.2.2) */
  SCU__SYNTAXES_PER_CONTEXT_MAX = 64, /* 63 transfer syntaxes are registered */

  /* DIMSE. The largest legal command is an N-GET-RQ with an attribute list; 64 KiB is far beyond any real one. */
  SCU__COMMAND_MAX = 64 * 1024,
  /* Identifiers of C-FIND/C-MOVE: a failed UID list of 65,536 UIDs is about 4.3 MiB (catalogue D17: 16 MiB). */
  SCU__IDENTIFIER_MAX = 16 * 1024 * 1024,

  /* What we send from memory in one message: a colour film of 600 dots an inch to print has 260 MB. */
  SCU__MESSAGE_DATASET_MAX = 512 * 1024 * 1024,

  /* Datasets. DCMTK allows 64 levels, fo-dicom 256; the parser is iterative, so this is policy, not stack. */
  SCU__NESTING_MAX = 128,
  SCU__DATASET_ELEMENTS_MAX = 5 * 1000 * 1000,
  SCU__FILE_META_MAX = 1024 * 1024, /* private information (0002,0102) included */
  /* What a peer may make us remember in one query or retrieve: about 200 MB of each at most. */
  SCU__INVENTORY_ENTRIES_MAX = 2 * 1000 * 1000,
  SCU__DRILL_STEPS_MAX = 200 * 1000,
  SCU__INVENTORY_TARGETS_MAX = 500 * 1000,

  SCU__PATH_DEPTH_MAX = 32, /* attribute paths typed by a person */

  /* Bytes of one outgoing batch: large enough that a system call costs nothing, small enough to stay in L2. */
  SCU__SEND_BATCH = 256 * 1024,
  /* One of bytes that are lent, which need no memory of ours: a CT slice goes in one call, and its receiver wakes once.
   */
  SCU__LENT_BATCH = 1024 * 1024,
  SCU__RECEIVE_CHUNK = 256 * 1024
};

#endif
