// moteloop erase: forgets what is known of a person, a device or one recording.
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_erase.h"
#include "common/store/store_user.h"
#include "common/store/store_video.h"
#include "ops/ops_cmd.h"

#include <dirent.h>
#include <unistd.h>

struct erase_opts {
    const char *project, *person, *device, *why;
    int64_t recording;
    bool yes, json;
};
static const struct erase_opts erase_defaults = {.why = ""};
static const struct opt erase_options[] = {
    OPT_PROJECT(struct erase_opts, project),
    {"person", "NAME",
     "recordings of this user, speaker or subject (the group that splits keep on one side)",
     OPT_STR, offsetof(struct erase_opts, person)},
    {"device", "ID",
     "recordings, events and reports of this device; it stays provisioned (see 'moteloop device "
     "remove')",
     OPT_STR, offsetof(struct erase_opts, device)},
    {"recording", "N", "one recording", OPT_I64, offsetof(struct erase_opts, recording)},
    {"why", "TEXT", "kept with the digests of what went", OPT_STR,
     offsetof(struct erase_opts, why)},
    {"yes", NULL, "do it; without it only says what would go", OPT_FLAG,
     offsetof(struct erase_opts, yes)},
    OPT_JSON(struct erase_opts, json),
    OPT_END};

// Pictures of a recording: PROJECT/cache/KIND-REC-... (docs/formats/store.md). They are derived from its samples. Features
// (features-DIGEST, docs/formats/features.md) are of many recordings and name none: all of them go.
static int drop_cache(void *ctx, int64_t rec_id)
{
    const char *folder = ctx;
    char mark[32];
    DIR *d = opendir(folder);
    snprintf(mark, sizeof(mark), "-%lld-", (long long)rec_id);
    for (struct dirent *x; d && (x = readdir(d));) {
        const char *at = strchr(x->d_name, '-');
        if ((at && strncmp(at, mark, strlen(mark)) == 0) ||
            strncmp(x->d_name, "features-", 9) == 0) {
            (void)unlinkat(dirfd(d), x->d_name, 0); // gone already is as good
        }
    }
    if (d) {
        closedir(d);
    }
    return 0;
}

// Takes a name out of the report beside every model file (models/DIGEST.json).
static int forget_name(const struct project *p, const char *quoted, struct err *e)
{
    char folder[IO_PATH_MAX], path[IO_PATH_MAX];
    DIR *d = opendir(project_path(p, folder, "models"));
    int rc = OK;
    for (struct dirent *x; rc == OK && d && (x = readdir(d));) {
        struct buf in = {0}, out = {0};
        const char *dot = strrchr(x->d_name, '.');
        if (!dot || strcmp(dot, ".json") != 0) {
            continue;
        }
        rc = io_join(path, sizeof(path), folder, x->d_name)
                 ? err_set(e, E_LIMIT, "path is too long")
                 : io_read_file(path, JX_MAX, &in, e);
        const char *at = in.data ? in.data : "", *hit = strstr(at, quoted);
        for (; rc == OK && hit; at = hit + strlen(quoted), hit = strstr(at, quoted)) {
            rc = buf_put(&out, at, (size_t)(hit - at));
            rc = rc ? rc : buf_puts(&out, "\"\"");
        }
        if (rc == OK && out.len) {
            rc = buf_puts(&out, at) ? err_set(e, E_MEM, "out of memory")
                                    : io_write_atomic(path, out.data, out.len, 0644, e);
        }
        buf_release(&in);
        buf_release(&out);
    }
    if (d) {
        closedir(d);
    }
    return rc;
}

// Takes away the videos that no recording shows any more.
static int drop_videos(const struct project *p, struct store *s, struct err *e)
{
    char folder[IO_PATH_MAX], path[IO_PATH_MAX], name[IO_PATH_MAX];
    DIR *d = opendir(project_path(p, folder, "media"));
    int rc = OK;
    for (struct dirent *x; rc == OK && d && (x = readdir(d));) {
        bool used = true;
        if (x->d_name[0] == '.') {
            continue;
        }
        rc = io_join(name, sizeof(name), "media", x->d_name) ||
                     io_join(path, sizeof(path), folder, x->d_name)
                 ? err_set(e, E_LIMIT, "path is too long")
                 : store_video_uses(s, name, &used, e);
        if (rc == OK && !used && unlink(path)) {
            rc = err_errno(e, E_IO, "cannot remove '%s'", path);
        }
    }
    if (d) {
        closedir(d);
    }
    return rc;
}

static json_t *counts(const struct store_erased *n)
{
    return json_pack("{sI sI sI sI sI sI sI sI}", "recordings", (json_int_t)n->recordings, "blocks",
                     (json_int_t)n->blocks, "labels", (json_int_t)n->labels, "rows",
                     (json_int_t)n->rows, "datasets", (json_int_t)n->datasets, "windows",
                     (json_int_t)n->items, "models", (json_int_t)n->models, "releases",
                     (json_int_t)n->releases);
}

static void print(const char *verb, const struct store_erased *n)
{
    printf("%s: %lld recordings (%lld blocks, %lld label events), %lld events and reports of a "
           "device\n",
           verb, (long long)n->recordings, (long long)n->blocks, (long long)n->labels,
           (long long)n->rows);
    if (n->items) {
        printf("%lld windows of them are in %lld dataset versions; %lld models were made from "
               "these, %lld releases carry one: train and "
               "ship new ones where the models themselves must forget\n",
               (long long)n->items, (long long)n->datasets, (long long)n->models,
               (long long)n->releases);
    }
}

static int erase(const struct erase_opts *o, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    struct store_erased n;
    json_t *name = o->person ? json_string(o->person) : NULL;
    char *quoted = name ? json_dumps(name, JSON_ENCODE_ANY) : NULL;
    const struct store_erase what = {
        .person = o->person, .person_json = quoted, .device = o->device, .rec_id = o->recording};
    char folder[IO_PATH_MAX];
    bool log_left = false;
    int rc = project_open(&p, o->project, e);
    rc = rc ? rc : store_open(&s, p.dir, o->yes ? STORE_WRITE : STORE_READ, e);
    if (rc == OK && !o->yes) {
        rc = store_erase_plan(s, &what, &n, e);
    } else if (rc == OK) {
        const char *user = getenv("USER");
        (void)project_path(&p, folder, "cache");
        rc = store_erase_run(s, &what, user ? user : "", o->why, drop_cache, folder, &n, &log_left,
                             e);
        rc = rc || !quoted ? rc : forget_name(&p, quoted, e);
        rc = rc ? rc : drop_videos(&p, s, e);
        rc = rc ? rc : store_audit(s, user ? user : "", "erased recordings on request", e);
    }
    if (rc == OK && o->json) {
        json_t *out = counts(&n);
        json_object_set_new(out, "erased", json_boolean(o->yes));
        json_object_set_new(out, "log_left", json_boolean(log_left));
        jx_print(out);
    } else if (rc == OK) {
        print(o->yes ? "erased" : "would erase", &n);
    }
    if (rc == OK && log_left) {
        fprintf(stderr, "moteloop erase: a running program still holds the store's log; its older "
                        "pages are overwritten at the next "
                        "checkpoint, or run this again after 'moteloop up' has ended\n");
    }
    if (rc == OK && o->yes) {
        fprintf(stderr, "moteloop erase: earlier backups and exports are not touched\n");
    }
    store_close(s);
    json_decref(name);
    free(quoted);
    return rc || o->yes ? rc : err_set(e, E_REFUSED, "nothing was erased: add --yes");
}

static int cmd_erase(void *options, int npos, char **pos)
{
    const struct erase_opts *o = options;
    struct err e = {0};
    (void)pos;
    int named = (o->person != NULL) + (o->device != NULL) + (o->recording != 0);
    int rc =
        npos || named != 1 || o->recording < 0 || (o->person && !*o->person)
            ? err_set(&e, E_USAGE,
                      "name what to forget by one of --person NAME, --device ID, --recording N")
            : erase(o, &e);
    return rc ? ops_fail("erase", &e) : 0;
}

const struct opt_command ops_erase_command = {
    "erase",
    "",
    "forget a person's or a device's data",
    "Samples, labels, answers and pictures go for good; freed pages are overwritten. What stays is "
    "a digest of each\n"
    "recording, so that the same file is not taken in again, and a count in every dataset version "
    "that held some of it:\n"
    "'moteloop status' names the models that were made from those. Recipes, backups and files "
    "elsewhere are yours to\n"
    "look through. Without --yes it only says what would go.\n\n"
    "  moteloop erase --person user07 --why 'withdrew consent'\n"
    "  moteloop erase --device fan-3 --yes\n",
    erase_options,
    sizeof(struct erase_opts),
    &erase_defaults,
    cmd_erase};
