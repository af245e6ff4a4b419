// moteloop backup and restore: a project's store, keys, credentials, models and configuration, copied
// while everything runs. The copy's contents.sha256 lists every file's digest (sha256sum -c reads it).
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/project.h"
#include "common/store/store_backup.h"
#include "ops/ops_broker.h"
#include "ops/ops_cmd.h"

#include <dirent.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

struct backup_opts {
    const char *project;
};
static const struct opt backup_options[] = {OPT_PROJECT(struct backup_opts, project), OPT_END};

#define CONTENTS "contents.sha256"
// What a project is, beside the two files of the store. Logs and sockets in run/ are not.
static const char *const parts[] = {"moteloop.conf", "keys",   "devices",
                                    "broker",        "models", "media"};
#define MAY_LACK "media" // made when the first video is attached

static int hash_file(const char *path, char out[HEX_DIGEST_TEXT], struct err *e)
{
    static unsigned char chunk[1 << 16];
    uint8_t digest[HEX_DIGEST_LEN];
    crypto_hash_sha256_state st;
    FILE *f = fopen(path, "rbe");
    if (!f) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    crypto_hash_sha256_init(&st);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) {
        crypto_hash_sha256_update(&st, chunk, n);
    }
    int rc = ferror(f) ? err_errno(e, E_IO, "cannot read '%s'", path) : OK;
    fclose(f);
    crypto_hash_sha256_final(&st, digest);
    hex_encode(out, digest, sizeof(digest));
    return rc;
}

static int copy_file(const char *from, const char *to, struct err *e)
{
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    int rc = io_read_file(from, (size_t)1 << 30, &b, e);
    if (rc == OK) {
        rc = io_write_atomic(to, b.data ? b.data : "", b.len, 0600, e);
    }
    buf_release(&b);
    return rc;
}

// Files of one folder, not deeper: no part of a project is.
static int copy_folder(const char *from, const char *to, struct err *e)
{
    DIR *d = opendir(from);
    if (!d) {
        return err_errno(e, E_IO, "cannot open folder '%s'", from);
    }
    int rc = io_mkdirs(to, 0700, e);
    for (struct dirent *x; rc == OK && (x = readdir(d));) {
        char a[IO_PATH_MAX], b[IO_PATH_MAX];
        struct stat st;
        if (io_join(a, sizeof(a), from, x->d_name) || io_join(b, sizeof(b), to, x->d_name)) {
            rc = err_set(e, E_LIMIT, "path is too long");
        } else if (stat(a, &st) == 0 && S_ISREG(st.st_mode) && !strstr(x->d_name, ".tmp.") &&
                   strcmp(x->d_name, "mosquitto.db") != 0) {
            rc = copy_file(a, b, e);
        }
    }
    closedir(d);
    return rc;
}

static int copy_parts(const char *from, const char *to, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(parts) && rc == OK; i++) {
        char a[IO_PATH_MAX], b[IO_PATH_MAX];
        if (io_join(a, sizeof(a), from, parts[i]) || io_join(b, sizeof(b), to, parts[i])) {
            return err_set(e, E_LIMIT, "path is too long");
        }
        if (strcmp(parts[i], MAY_LACK) == 0 && !io_is_dir(a)) {
            continue;
        }
        rc = io_is_dir(a) ? copy_folder(a, b, e) : copy_file(a, b, e);
    }
    return rc;
}

static int list_folder(const char *top, const char *below, struct buf *out, struct err *e)
{
    char path[IO_PATH_MAX];
    DIR *d = io_join(path, sizeof(path), top, below) == OK ? opendir(path) : NULL;
    int rc = d ? OK : err_errno(e, E_IO, "cannot open folder '%s'", path);
    for (struct dirent *x; rc == OK && (x = readdir(d));) {
        char name[IO_PATH_MAX], file[IO_PATH_MAX], digest[HEX_DIGEST_TEXT];
        struct stat st;
        snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "", x->d_name);
        if (x->d_name[0] == '.' || strcmp(name, CONTENTS) == 0 ||
            io_join(file, sizeof(file), top, name) || stat(file, &st) || !S_ISREG(st.st_mode)) {
            continue;
        }
        rc = hash_file(file, digest, e);
        if (rc == OK && buf_printf(out, "%s  %s\n", digest, name)) {
            rc = err_set(e, E_MEM, "out of memory");
        }
    }
    if (d) {
        closedir(d);
    }
    return rc;
}

static int write_contents(const char *dir, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    int rc = list_folder(dir, "", &b, e);
    for (size_t i = 1; i < ARRAY_LEN(parts) && rc == OK; i++) { // parts[0] is a file
        if (strcmp(parts[i], MAY_LACK) == 0 &&
            (io_join(path, sizeof(path), dir, parts[i]) || !io_is_dir(path))) {
            continue;
        }
        rc = list_folder(dir, parts[i], &b, e);
    }
    if (rc == OK) {
        rc = io_join(path, sizeof(path), dir, CONTENTS)
                 ? E_LIMIT
                 : io_write_atomic(path, b.data ? b.data : "", b.len, 0600, e);
    }
    buf_release(&b);
    return rc;
}

static int check_contents(const char *dir, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    int rc = io_join(path, sizeof(path), dir, CONTENTS) ? err_set(e, E_LIMIT, "path is too long")
                                                        : io_read_file(path, 64 << 20, &b, e);
    char *rest = b.data;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        char digest[HEX_DIGEST_TEXT];
        if (!*line) {
            continue;
        }
        if (strlen(line) < 67 || strstr(line, "..") || line[66] == '/') {
            rc = err_set(e, E_FORMAT, "'%s' has a line that is not 'digest  file'", path);
            break;
        }
        char file[IO_PATH_MAX];
        rc = io_join(file, sizeof(file), dir, line + 66) ? err_set(e, E_LIMIT, "path is too long")
                                                         : hash_file(file, digest, e);
        if (rc == OK && strncmp(digest, line, 64) != 0) {
            rc = err_set(e, E_FORMAT,
                         "'%s' is not what the backup's list says: the copy is damaged", file);
        }
    }
    buf_release(&b);
    return rc;
}

static int make_new_folder(const char *dir, struct err *e)
{
    if (io_exists(dir)) {
        return err_set(e, E_EXISTS, "'%s' is there already: name a new folder", dir);
    }
    return io_mkdirs(dir, 0700, e);
}

static int run_backup(const struct backup_opts *o, const char *to, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    int rc = project_open(&p, o->project, e);
    rc = rc ? rc : make_new_folder(to, e);
    rc = rc ? rc : store_open(&s, p.dir, STORE_WRITE, e);
    rc = rc ? rc : store_backup(s, to, e);
    store_close(s);
    rc = rc ? rc : copy_parts(p.dir, to, e);
    return rc ? rc : write_contents(to, e);
}

static int cmd_backup(void *options, int npos, char **pos)
{
    struct err e = {0};
    int rc = npos == 1 ? run_backup(options, pos[0], &e)
                       : err_set(&e, E_USAGE, "name a new folder: moteloop backup DIR");
    if (rc) {
        return ops_fail("backup", &e);
    }
    printf("backup in '%s': keys and credentials are in it, keep it as secret as the project\n",
           pos[0]);
    return 0;
}

const struct opt_command ops_backup_command = {
    "backup",
    "DIR",
    "a consistent copy of a project while everything runs, keys included",
    "  moteloop backup /mnt/safe/plant-$(date +%F) --project /srv/plant\n",
    backup_options,
    sizeof(struct backup_opts),
    NULL,
    cmd_backup};

static int run_restore(const char *from, const char *to, struct err *e)
{
    static const char *const made_at_run_time[] = {"web", "run"};
    static const char *const files[] = {"main.db", "blocks.db"};
    char a[IO_PATH_MAX], b[IO_PATH_MAX];
    int rc = check_contents(from, e);
    rc = rc ? rc : make_new_folder(to, e);
    rc = rc ? rc : copy_parts(from, to, e);
    for (size_t i = 0; i < ARRAY_LEN(files) && rc == OK; i++) {
        rc = io_join(a, sizeof(a), from, files[i]) || io_join(b, sizeof(b), to, files[i])
                 ? err_set(e, E_LIMIT, "path is too long")
                 : copy_file(a, b, e);
    }
    for (size_t i = 0; i < ARRAY_LEN(made_at_run_time) && rc == OK; i++) {
        rc = io_join(b, sizeof(b), to, made_at_run_time[i])
                 ? err_set(e, E_LIMIT, "path is too long")
                 : io_mkdirs(b, 0700, e);
    }
    return rc ? rc : store_check(to, e);
}

// The broker's configuration holds absolute paths of the folder it was made in.
static int rewrite_paths(const char *dir, struct err *e)
{
    static struct project p;
    int rc = project_open(&p, dir, e);
    return rc ? rc : broker_write_conf(&p, e);
}

static int cmd_restore(void *options, int npos, char **pos)
{
    struct err e = {0};
    (void)options;
    int rc = npos == 2 ? run_restore(pos[0], pos[1], &e)
                       : err_set(&e, E_USAGE,
                                 "name the backup and a new folder: moteloop restore BACKUP DIR");
    rc = rc ? rc : rewrite_paths(pos[1], &e);
    if (rc) {
        return ops_fail("restore", &e);
    }
    printf("restored into '%s'; 'moteloop up %s' runs it\n", pos[1], pos[1]);
    return 0;
}

const struct opt_command ops_restore_command = {
    "restore",
    "BACKUP DIR",
    "bring a backup back into a new folder",
    "Checks every file of the backup against its list before anything is written.\n",
    NULL,
    0,
    NULL,
    cmd_restore};
