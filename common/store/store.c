// Opens the two files, and transactions over them. See store.h, and sql.h for the connections.
#include "common/store/store.h"

#include <assert.h>
#include <limits.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/io.h"
#include "common/store/sql.h"

#define BUSY_MS 5000

static int connect_file(sqlite3 **db, const char *path, enum store_mode mode, struct err *e)
{
    // A reader opens for writing too, because WAL needs its shared index; query_only keeps it honest.
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    if (mode == STORE_CREATE) {
        flags |= SQLITE_OPEN_CREATE;
    }
    int code = sqlite3_open_v2(path, db, flags, NULL);
    if (code != SQLITE_OK) {
        int rc = sql_fail(*db, code, e);
        return *db ? rc : err_set(e, E_MEM, "out of memory");
    }
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_MS);
    return OK;
}

static int set_up(sqlite3 *db, const char *file, enum store_mode mode, struct err *e)
{
    int rc = OK;
    if (mode == STORE_CREATE) {
        rc = sql_exec(db,
                      strcmp(file, "blocks") == 0 ? "PRAGMA page_size = 16384"
                                                  : "PRAGMA page_size = 4096",
                      e);
        if (!rc) {
            rc = sql_exec(db, "PRAGMA journal_mode = WAL", e);
        }
    }
    if (!rc) {
        rc = sql_exec(
            db,
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
            "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16000; PRAGMA journal_size_limit = "
            "67108864",
            e);
    }
    if (!rc) {
        rc = sql_migrate(db, file, mode, e);
    }
    return rc;
}

static int attach_blocks(sqlite3 *db, const char *path, struct err *e)
{
    // Read-only, so that BEGIN IMMEDIATE on main.db takes no lock on blocks.db.
    sqlite3_stmt *st = NULL;
    char *uri = sqlite3_mprintf("file:%s?mode=ro", path);
    int code = uri ? sqlite3_prepare_v2(db, "ATTACH ? AS blk", -1, &st, NULL) : SQLITE_NOMEM;
    if (code == SQLITE_OK) {
        code = sqlite3_bind_text(st, 1, uri, -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(st);
    }
    int rc = code == SQLITE_DONE ? OK : sql_fail(db, code, e);
    sqlite3_finalize(st);
    sqlite3_free(uri);
    return rc;
}

// A URI takes '?', '#' and '%' for itself; a folder with them in its name is refused, not misread.
static int make_paths(const char *dir, char *main_path, char *blocks_path, struct err *e)
{
    char full[PATH_MAX];
    if (!realpath(dir, full)) {
        return err_errno(e, E_NOT_FOUND, "cannot open folder '%s'", dir);
    }
    if (strpbrk(full, "?#%")) {
        return err_set(e, E_USAGE, "folder '%s': a store's path cannot hold '?', '#' or '%%'",
                       full);
    }
    if (io_join(main_path, IO_PATH_MAX, full, "main.db") ||
        io_join(blocks_path, IO_PATH_MAX, full, "blocks.db")) {
        return err_set(e, E_LIMIT, "path of folder '%s' is too long", dir);
    }
    return OK;
}

static int check_presence(const char *dir, const char *path, enum store_mode mode, struct err *e)
{
    if (mode == STORE_CREATE && io_exists(path)) {
        return err_set(e, E_EXISTS, "folder '%s' has a store already", dir);
    }
    if (mode != STORE_CREATE && !io_exists(path)) {
        return err_set(e, E_NOT_FOUND,
                       "no '%s' in folder '%s': make a project with 'moteloop init'",
                       strrchr(path, '/') + 1, dir);
    }
    return OK;
}

static int open_both(struct store *s, const char *dir, enum store_mode mode, struct err *e)
{
    char main_path[IO_PATH_MAX], blocks_path[IO_PATH_MAX];
    int rc = make_paths(dir, main_path, blocks_path, e);
    if (!rc) {
        rc = check_presence(dir, main_path, mode, e);
    }
    if (!rc) {
        rc = check_presence(dir, blocks_path, mode, e);
    }
    if (!rc) {
        rc = connect_file(&s->blocks_db, blocks_path, mode, e);
    }
    if (!rc) {
        rc = set_up(s->blocks_db, "blocks", mode, e);
    }
    if (!rc) {
        rc = connect_file(&s->main_db, main_path, mode, e);
    }
    if (!rc) {
        rc = set_up(s->main_db, "main", mode, e);
    }
    if (!rc) {
        rc = attach_blocks(s->main_db, blocks_path, e);
    }
    if (!rc && mode == STORE_READ) {
        sqlite3_close_v2(s->blocks_db);
        s->blocks_db = s->main_db;
        rc = sql_exec(s->main_db, "PRAGMA query_only = ON", e);
    }
    return rc;
}

int store_open(struct store **out, const char *dir, enum store_mode mode, struct err *e)
{
    *out = NULL;
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, E_MEM, "open store: out of memory");
    }
    s->read_only = mode == STORE_READ;
    int rc = open_both(s, dir, mode, e);
    if (rc) {
        store_close(s);
        return err_wrap(e, "open store");
    }
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (!s) {
        return;
    }
    store_rollback(s);
    for (size_t i = 0; i < SQL_CACHE; i++) {
        sqlite3_finalize(s->cache[i].st);
    }
    // The last connection folds the log into the file, so it must be the one that can write blocks.db.
    sqlite3_close_v2(s->main_db);
    if (s->blocks_db != s->main_db) {
        sqlite3_close_v2(s->blocks_db);
    }
    free(s);
}

int sql_enter(struct store *s, enum sql_db db, struct err *e)
{
    sqlite3 *conn = sql_conn(s, db);
    if (s->read_only) {
        return err_set(e, E_STATE, "the store was opened for reading");
    }
    if (sqlite3_get_autocommit(conn)) {
        int rc = sql_begin_part(s, db, e);
        if (rc) {
            return rc;
        }
    }
    s->depth++;
    return OK;
}

int store_begin(struct store *s, struct err *e)
{
    return sql_enter(s, SQL_MAIN, e);
}

int store_begin_blocks(struct store *s, struct err *e)
{
    return sql_enter(s, SQL_BLOCKS, e);
}

static int commit_part(struct store *s, enum sql_db db, struct err *e)
{
    if (!s->begun[db]) {
        return OK;
    }
    if (sqlite3_get_autocommit(sql_conn(s, db))) {
        return err_set(e, E_IO, "the transaction was undone by an earlier failure");
    }
    int rc = db == SQL_BLOCKS ? sql_tally(s, e) : OK;
    rc = rc ? rc : sql_exec(sql_conn(s, db), "COMMIT", e);
    s->begun[db] = rc != OK;
    return rc;
}

int store_commit(struct store *s, struct err *e)
{
    assert(s->depth > 0);
    if (s->depth > 1) {
        s->depth--;
        return OK;
    }
    // Blocks first: what main.db says about a recording must never be older than the recording.
    int rc = commit_part(s, SQL_BLOCKS, e);
    if (!rc) {
        rc = commit_part(s, SQL_MAIN, e);
    }
    if (rc) {
        store_rollback(s);
        return err_wrap(e, "commit");
    }
    s->depth = 0;
    return OK;
}

static void rollback_one(sqlite3 *db)
{
    if (db && !sqlite3_get_autocommit(db)) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL,
                           NULL); // cannot fail in a way that matters: nothing is kept
    }
}

void store_rollback(struct store *s)
{
    rollback_one(s->blocks_db);
    rollback_one(s->main_db);
    s->begun[SQL_MAIN] = s->begun[SQL_BLOCKS] = false;
    s->touched_count = 0;
    s->depth = 0;
}

int sql_leave(struct store *s, int rc, struct err *e)
{
    if (rc >= 0) {
        int failed = store_commit(s, e);
        return failed ? failed : rc;
    }
    if (s->depth > 1) {
        s->depth--; // the caller's transaction is the caller's to end
    } else {
        store_rollback(s);
    }
    return rc;
}

static int64_t pragma_i64(struct store *s, const char *text)
{
    struct err ignored = {0};
    struct sql q;
    sql_open(&q, s, SQL_MAIN, text, &ignored);
    int64_t v = sql_step(&q) == SQL_ROW ? sql_get_i64(&q, 0) : 0;
    (void)sql_close(&q, OK); // a poll that fails sees no change and comes again
    return v;
}

int64_t store_data_version(struct store *s)
{
    // data_version tells of other connections' commits only; total_changes adds this one's.
    return pragma_i64(s, "PRAGMA main.data_version") + pragma_i64(s, "PRAGMA blk.data_version") +
           sqlite3_total_changes64(s->main_db);
}

int store_checkpoint(struct store *s, struct err *e)
{
    int code =
        sqlite3_wal_checkpoint_v2(s->blocks_db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(s->main_db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? OK : sql_fail(s->blocks_db, code, e);
}

int64_t store_log_bytes(struct store *s)
{
    char path[1100];
    struct stat st;
    const char *file = sqlite3_db_filename(s->blocks_db, "main");
    snprintf(path, sizeof path, "%s-wal", file ? file : "");
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

void store_no_auto_checkpoint(struct store *s)
{
    sqlite3_wal_autocheckpoint(s->blocks_db, 0);
}
