// Copies of the store by VACUUM INTO. See store_backup.h.
#include "common/store/store_backup.h"
#include "common/io.h"
#include "common/store/sql.h"

static const char *const files[2] = {"main.db", "blocks.db"};

static int copy_one(struct store *s, enum sql_db db, const char *path, struct err *e)
{
    struct sql q;
    sql_open_text(&q, s, db, "VACUUM INTO ?", e);
    sql_text(&q, path);
    int rc = sql_run(&q);
    return rc ? err_wrap(e, "write '%s'", path) : OK;
}

// A copy starts in the journal mode that its readers expect.
static int finish_copy(const char *path, struct err *e)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    int rc =
        code == SQLITE_OK ? sql_exec(db, "PRAGMA journal_mode = WAL", e) : sql_fail(db, code, e);
    sqlite3_close(db);
    return rc;
}

int store_backup(struct store *s, const char *dir, struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(files) && rc == OK; i++) {
        rc = io_join(path, sizeof(path), dir, files[i]) ? err_set(e, E_LIMIT, "path is too long")
                                                        : OK;
        if (rc == OK && io_exists(path)) {
            rc = err_set(e, E_EXISTS, "'%s' is there already", path);
        }
        if (rc == OK) {
            rc = copy_one(s, i == 0 ? SQL_MAIN : SQL_BLOCKS, path, e);
        }
        if (rc == OK) {
            rc = finish_copy(path, e);
        }
    }
    return rc;
}

int store_check(const char *dir, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(files) && rc == OK; i++) {
        char path[IO_PATH_MAX];
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;
        if (io_join(path, sizeof(path), dir, files[i])) {
            return err_set(e, E_LIMIT, "path is too long");
        }
        int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
        if (code == SQLITE_OK) {
            code = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL);
        }
        if (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
            const char *said = (const char *)sqlite3_column_text(st, 0);
            if (!said || strcmp(said, "ok") != 0) {
                rc = err_set(e, E_FORMAT, "'%s' is damaged: %s", path, said ? said : "unreadable");
            }
        } else {
            rc = sql_fail(db, sqlite3_errcode(db), e);
            err_wrap(e, "check '%s'", path);
        }
        sqlite3_finalize(st);
        sqlite3_close(db);
    }
    return rc;
}
