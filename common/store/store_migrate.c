// Numbered migrations: FILE_NNN.sql, compiled in, brings FILE.db from version NNN-1 to NNN. The version
// is SQLite's user_version. Each step is one transaction; two programs that start together are fine,
// because the version is read again once the lock is held.
#include "common/embed/embed.h"
#include "common/store/sql.h"

extern const struct embed_file store_sql[];

static const struct embed_file *find_step(const char *file, int64_t version)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%03d.sql", file, (int)version);
    for (const struct embed_file *f = store_sql; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static int read_version(sqlite3 *db, int64_t *version, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA main.user_version", -1, &st, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(st);
        *version = sqlite3_column_int64(st, 0);
    }
    int rc = code == SQLITE_ROW ? OK : sql_fail(db, code, e);
    sqlite3_finalize(st);
    return rc;
}

static int apply(sqlite3 *db, const struct embed_file *step, int64_t version, struct err *e)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA main.user_version = %d", (int)version);
    int rc = sql_exec(db, (const char *)step->data, e);
    if (!rc) {
        rc = sql_exec(db, mark, e);
    }
    return rc ? err_wrap(e, "migrate by '%s'", step->name) : OK;
}

int sql_migrate(sqlite3 *db, const char *file, enum store_mode mode, struct err *e)
{
    int64_t newest = 0;
    while (find_step(file, newest + 1)) {
        newest++;
    }
    for (;;) {
        int64_t version = 0;
        int rc = read_version(db, &version, e);
        if (rc) {
            return rc;
        }
        if (version == newest) {
            return OK;
        }
        if (version > newest) {
            return err_set(
                e, E_STATE,
                "%s.db is version %d and this program knows up to %d: use the newer moteloop", file,
                (int)version, (int)newest);
        }
        if (mode == STORE_READ) {
            return err_set(e, E_STATE,
                           "%s.db is version %d, this program needs %d: run 'moteloop doctor' once",
                           file, (int)version, (int)newest);
        }
        rc = sql_exec(db, "BEGIN IMMEDIATE", e);
        if (!rc) {
            int64_t again = version;
            rc = read_version(db, &again, e);
            if (!rc && again == version) {
                rc = apply(db, find_step(file, version + 1), version + 1, e);
            }
            if (!rc) {
                rc = sql_exec(db, "COMMIT", e);
            }
        }
        if (rc) {
            (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL,
                               NULL); // the first error is the one to tell
            return rc;
        }
    }
}
