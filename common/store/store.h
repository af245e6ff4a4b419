// The store: SQLite behind typed functions, and the only SQL of the project. docs/formats/store.md.
//
// Two files in WAL mode: main.db holds what people and programs write, blocks.db (16 KiB pages) what
// collector and importer write. A connection has both (blocks.db attached as "blk"), reads across
// them, and never changes both in one transaction. Rows come back through callbacks or caller-owned
// structs; text in them is borrowed until the callback returns. A callback that returns non-zero stops
// the walk, which then returns that value. Functions return OK or a negative status with e filled.
// Wire bytes are stored and returned as they are: this module never decodes them.
//
// Entities have a header each: store_device.h store_sample.h store_label.h store_dataset.h
// store_model.h store_release.h store_outbox.h store_user.h.
#ifndef STORE_STORE_H
#define STORE_STORE_H

struct store;
struct err;

#define STORE_DIGEST_TEXT 65 // hex SHA-256 and a NUL

enum store_mode { STORE_CREATE, STORE_WRITE, STORE_READ };

// dir holds main.db and blocks.db. STORE_CREATE makes them (E_EXISTS where they are there); the others
// run pending migrations (STORE_WRITE) or refuse another version with a line that says what to do.
// busy: waits up to 5 s for a writer before E_BUSY.
int store_open(struct store **s, const char *dir, enum store_mode mode, struct err *e) MUST_CHECK;
void store_close(struct store *s); // accepts NULL

// A write transaction (BEGIN IMMEDIATE). They nest by counting; only the outermost commits. Keep them
// under 50 ms. store_rollback undoes all levels. store_begin takes main.db's lock, store_begin_blocks
// that of blocks.db; a write to the other file inside takes its lock then, and is committed on its own
// (blocks.db first): the two files are never changed atomically together. Functions that join both
// files (recordings with labels) see what is committed, not what this transaction wrote to blocks.db.
int store_begin(struct store *s, struct err *e) MUST_CHECK;
int store_begin_blocks(struct store *s, struct err *e) MUST_CHECK;
int store_commit(struct store *s, struct err *e) MUST_CHECK;
void store_rollback(struct store *s);

// A number that changes whenever anything was committed by any connection: pages poll it.
// Comparable only with numbers of the same open store.
int64_t store_data_version(struct store *s);

// Copies what it can from the write-ahead logs into the files without waiting for anybody. A program
// that must commit fast turns the automatic one off and calls this from another thread's own store.
int store_checkpoint(struct store *s, struct err *e) MUST_CHECK;
void store_no_auto_checkpoint(struct store *s);
// Size of the write-ahead log of blocks.db. It starts anew only where a checkpoint finds everything in the file and
// nobody writes: under a stream without a pause, that is a checkpoint by the writer itself, between transactions.
int64_t store_log_bytes(struct store *s);

#endif
