// Commands to devices: the row and the wire message, in one transaction.
#ifndef COMMON_COMMAND_H
#define COMMON_COMMAND_H

#include "common/store/store_outbox.h"

// kind: record, stop, classify, reboot, hello. duration_ms -1 (of classify): for ever. Sets c->command_id.
int command_send(struct store *s, struct store_command *c, struct err *e) MUST_CHECK;

// Asks for unspooled samples of a stream ("": all) for so long; 0: no more. No row: nobody waits for an answer.
int command_live(struct store *s, const char *device, const char *stream, int64_t duration_ms,
                 struct err *e) MUST_CHECK;

#endif
