// Statements and their cache; SQLite's result codes as statuses. See sql.h.
#include "common/store/sql.h"

#include <assert.h>
#include <errno.h>

sqlite3 *sql_conn(struct store *s, enum sql_db db)
{
    return db == SQL_MAIN ? s->main_db : s->blocks_db;
}

static int status_of(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return E_BUSY;
    case SQLITE_FULL:
        return E_FULL;
    case SQLITE_IOERR:
        return sqlite3_system_errno(db) == ENOSPC ? E_FULL : E_IO;
    case SQLITE_CONSTRAINT:
        code = sqlite3_extended_errcode(db);
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? E_EXISTS
                                                                                        : E_FORMAT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return E_FORMAT;
    case SQLITE_NOMEM:
        return E_MEM;
    case SQLITE_TOOBIG:
        return E_LIMIT;
    default:
        return E_IO;
    }
}

int sql_fail(sqlite3 *db, int code, struct err *e)
{
    const char *file = db ? sqlite3_db_filename(db, "main") : NULL;
    const char *name = file ? strrchr(file, '/') : NULL;
    const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    int status = status_of(db, code);
    if (status == E_BUSY) {
        text = "another program is writing";
    } else if (status == E_FULL) {
        text = "no room on the disk";
    }
    return err_set(e, status, "%s: %s", name ? name + 1 : "store", text);
}

int sql_exec(sqlite3 *db, const char *text, struct err *e)
{
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : sql_fail(db, code, e);
}

static struct sql_slot *find_slot(struct store *s, sqlite3 *db, const char *text)
{
    size_t h = (size_t)((uintptr_t)text * 2654435761u >> 7);
    for (size_t i = 0; i < SQL_CACHE; i++) {
        struct sql_slot *slot = &s->cache[(h + i) % SQL_CACHE];
        if (!slot->text || (slot->text == text && slot->db == db)) {
            return slot;
        }
    }
    return NULL;
}

static void prepare(struct sql *q, const char *text, unsigned flags)
{
    int code = sqlite3_prepare_v3(q->db, text, -1, flags, &q->st, NULL);
    if (code != SQLITE_OK) {
        q->rc = sql_fail(q->db, code, q->e);
    }
}

int sql_begin_part(struct store *s, enum sql_db db, struct err *e)
{
    if (s->begun[db]) {
        // SQLite undoes a transaction by itself where the disk fails; what follows must not count.
        return err_set(e, E_IO, "the transaction was undone by an earlier failure");
    }
    int rc = sql_exec(sql_conn(s, db), "BEGIN IMMEDIATE", e);
    s->begun[db] = rc == OK;
    return rc;
}

// Inside a transaction the first write to a file begins that file's part of it.
static void begin_if_writing(struct sql *q)
{
    if (q->rc || q->s->depth == 0 || !sqlite3_get_autocommit(q->db) ||
        sqlite3_stmt_readonly(q->st)) {
        return;
    }
    q->rc = sql_begin_part(q->s, q->db == q->s->main_db ? SQL_MAIN : SQL_BLOCKS, q->e);
}

void sql_open(struct sql *q, struct store *s, enum sql_db db, const char *text, struct err *e)
{
    *q = (struct sql){.s = s, .db = sql_conn(s, db), .e = e};
    struct sql_slot *slot = find_slot(s, q->db, text);
    if (slot && slot->text && !slot->busy) {
        q->st = slot->st;
        q->slot = slot;
    } else {
        // A statement that a walk up the stack is using gets a private twin.
        prepare(q, text, slot && !slot->text ? SQLITE_PREPARE_PERSISTENT : 0);
        if (!q->rc && slot && !slot->text) {
            *slot = (struct sql_slot){.text = text, .st = q->st, .db = q->db};
            q->slot = slot;
        }
    }
    if (q->slot) {
        q->slot->busy = true;
    }
    begin_if_writing(q);
}

void sql_open_text(struct sql *q, struct store *s, enum sql_db db, const char *text, struct err *e)
{
    *q = (struct sql){.s = s, .db = sql_conn(s, db), .e = e};
    prepare(q, text, 0);
    begin_if_writing(q);
}

static void bound(struct sql *q, int code)
{
    if (code != SQLITE_OK && !q->rc) {
        q->rc = sql_fail(q->db, code, q->e);
    }
}

void sql_i64(struct sql *q, int64_t v)
{
    if (!q->rc) {
        bound(q, sqlite3_bind_int64(q->st, ++q->param, v));
    }
}

void sql_i64_or_nothing(struct sql *q, bool there, int64_t v)
{
    if (!q->rc) {
        q->param++;
        bound(q,
              there ? sqlite3_bind_int64(q->st, q->param, v) : sqlite3_bind_null(q->st, q->param));
    }
}

void sql_i64_or_null(struct sql *q, int64_t v)
{
    sql_i64_or_nothing(q, v != 0, v);
}

void sql_f64(struct sql *q, double v)
{
    if (!q->rc) {
        bound(q, sqlite3_bind_double(q->st, ++q->param, v));
    }
}

void sql_f64_or_null(struct sql *q, bool there, double v)
{
    if (!q->rc) {
        q->param++;
        bound(q,
              there ? sqlite3_bind_double(q->st, q->param, v) : sqlite3_bind_null(q->st, q->param));
    }
}

void sql_text(struct sql *q, const char *text)
{
    if (!q->rc) {
        bound(q, sqlite3_bind_text(q->st, ++q->param, text ? text : "", -1, SQLITE_STATIC));
    }
}

void sql_text_or_null(struct sql *q, const char *text)
{
    if (!q->rc) {
        bound(q, sqlite3_bind_text(q->st, ++q->param, text, -1, SQLITE_STATIC));
    }
}

void sql_blob(struct sql *q, const void *p, size_t len)
{
    if (!q->rc) {
        bound(q, sqlite3_bind_blob64(q->st, ++q->param, p ? p : "", len, SQLITE_STATIC));
    }
}

int sql_step(struct sql *q)
{
    if (q->rc) {
        return q->rc;
    }
    assert(q->param == sqlite3_bind_parameter_count(q->st));
    int code = sqlite3_step(q->st);
    if (code == SQLITE_ROW) {
        return SQL_ROW;
    }
    if (code != SQLITE_DONE) {
        q->rc = sql_fail(q->db, code, q->e);
    }
    return q->rc;
}

int sql_close(struct sql *q, int rc)
{
    if (q->slot) {
        sqlite3_reset(q->st);
        sqlite3_clear_bindings(q->st);
        q->slot->busy = false;
    } else {
        sqlite3_finalize(q->st);
    }
    q->st = NULL;
    q->slot = NULL;
    return rc ? rc : q->rc;
}

int sql_run(struct sql *q)
{
    int rc = sql_step(q);
    return sql_close(q, rc == SQL_ROW ? OK : rc);
}

int64_t sql_get_i64(struct sql *q, int col)
{
    return sqlite3_column_int64(q->st, col);
}

double sql_get_f64(struct sql *q, int col, double when_null)
{
    return sqlite3_column_type(q->st, col) == SQLITE_NULL ? when_null
                                                          : sqlite3_column_double(q->st, col);
}

const char *sql_get_text(struct sql *q, int col)
{
    const unsigned char *text = sqlite3_column_text(q->st, col);
    return text ? (const char *)text : "";
}

const void *sql_get_blob(struct sql *q, int col, size_t *len)
{
    const void *p = sqlite3_column_blob(q->st, col);
    *len = (size_t)sqlite3_column_bytes(q->st, col);
    return p ? p : "";
}

int64_t sql_changes(const struct sql *q)
{
    return sqlite3_changes64(q->db);
}

int64_t sql_last_id(struct store *s, enum sql_db db)
{
    return sqlite3_last_insert_rowid(sql_conn(s, db));
}
