// Inside common/store only: statements, their cache, and what SQLite's codes mean here.
//
// Two connections: SQL_MAIN opens main.db with blocks.db attached for reading, SQL_BLOCKS writes
// blocks.db. So a writer of labels never waits for the collector and a transaction cannot span both
// files. Table names are unique across the files and need no schema in front.
//
//     struct sql q;
//     sql_open(&q, s, SQL_MAIN, "SELECT name FROM device WHERE id = ?", e);
//     sql_text(&q, id);
//     while ((rc = sql_step(&q)) == SQL_ROW) { ... sql_get_text(&q, 0) ... }
//     return sql_close(&q, rc);
//
// The first failure sticks to the struct sql: binds after it do nothing and sql_step returns it.
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "common/err.h"
#include "common/store/store.h"

enum sql_db { SQL_MAIN, SQL_BLOCKS };
#define SQL_ROW 1 // what sql_step returns beside OK (no more rows) and negative statuses
#define SQL_CACHE 192

struct sql_slot { // a prepared statement that is kept
    const char *text; // key: the address of a constant text
    sqlite3_stmt *st;
    sqlite3 *db;
    bool busy;
};

#define SQL_TOUCHED 256

struct store {
    sqlite3 *main_db;
    sqlite3 *blocks_db; // the same as main_db in STORE_READ
    int depth;          // of store_begin
    bool begun[2];      // by enum sql_db: this transaction has a part in that file
    bool read_only;
    struct sql_slot cache[SQL_CACHE];
    int64_t touched[SQL_TOUCHED]; // recordings that this transaction changed and the tallies do not
                                  // know yet
    size_t touched_count;
};

struct sql {
    struct store *s;
    sqlite3 *db;
    sqlite3_stmt *st;
    struct sql_slot *slot; // NULL: finalized by sql_close
    struct err *e;
    int rc;    // first failure
    int param; // last that was bound
};

// text must be constant and live as long as the store: its address is the cache's key.
void sql_open(struct sql *q, struct store *s, enum sql_db db, const char *text, struct err *e);
// As above for a text that was put together; not cached.
void sql_open_text(struct sql *q, struct store *s, enum sql_db db, const char *text, struct err *e);
// Bind the next parameter. Text and blobs must live until sql_close; NULL text binds ''.
void sql_i64(struct sql *q, int64_t v);
void sql_i64_or_null(struct sql *q, int64_t v); // 0 binds NULL
void sql_i64_or_nothing(struct sql *q, bool there, int64_t v); // NULL where it is not there
void sql_f64(struct sql *q, double v);
void sql_f64_or_null(struct sql *q, bool there, double v);
void sql_text(struct sql *q, const char *text);
void sql_text_or_null(struct sql *q, const char *text);
void sql_blob(struct sql *q, const void *p, size_t len);
// SQL_ROW, OK at the end, or a negative status with q->e filled.
int sql_step(struct sql *q);
// Gives the statement back. Returns rc, or the failure that q holds where rc is OK.
int sql_close(struct sql *q, int rc);
// Steps once, expecting no row, and closes.
int sql_run(struct sql *q);
int64_t sql_get_i64(struct sql *q, int col);
double sql_get_f64(struct sql *q, int col, double when_null);
const char *sql_get_text(struct sql *q, int col); // '' for NULL
const void *sql_get_blob(struct sql *q, int col, size_t *len);
int64_t
sql_changes(const struct sql *q); // rows the last statement changed; valid after sql_run too

// Runs constant text without parameters.
int sql_exec(sqlite3 *db, const char *text, struct err *e);
// Fills e from a connection's last failure and returns the status.
int sql_fail(sqlite3 *db, int code, struct err *e);
int64_t sql_last_id(struct store *s, enum sql_db db);
sqlite3 *sql_conn(struct store *s, enum sql_db db);

// A function that needs a transaction of its own, inside a caller's where there is one:
//     rc = sql_enter(s, SQL_MAIN, e); if (!rc) rc = work(); return sql_leave(s, rc, e);
int sql_enter(struct store *s, enum sql_db db, struct err *e);
// Commits where rc is not negative and this is the outermost level; rolls back where it is negative.
int sql_leave(struct store *s, int rc, struct err *e);
// Begins a file's part of the transaction that is open; for sql.c and store.c.
int sql_begin_part(struct store *s, enum sql_db db, struct err *e);

// store_tally.c: notes that a recording or its streams grew; adds what is noted to the tallies, before a commit.
int sql_touch(struct store *s, int64_t rec_id, struct err *e);
int sql_tally(struct store *s, struct err *e);

// store_migrate.c: brings one file to the newest version; file is "main" or "blocks".
int sql_migrate(sqlite3 *db, const char *file, enum store_mode mode, struct err *e);

#endif
