// See coll_export.h. Labels come along in one of three forms: labels.csv (as import reads it), an Audacity
// label track beside each file, or tasks.json for Label Studio.
#include "collector/coll_export.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/coll_write.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/progress.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"

#define FRAMES_MAX ((size_t)1 << 27)

struct known_file { // of an earlier run's manifest
    char *path;
    char digest[HEX_DIGEST_TEXT];
};

struct export {
    struct store *s;
    const char *dir;
    const struct export_options *o;
    struct export_result *r;
    struct err *e;
    struct known_file *known;
    size_t knowns;
    FILE *manifest, *labels; // labels.csv
    json_t *tasks;           // for Label Studio
    struct progress bar;
    int64_t total;
    // the present recording
    int64_t rec_id, start_us, end_us, width, height;
    char device[64], group[128], first_file[IO_PATH_MAX];
};

// --- the manifest --------------------------------------------------------------------------------

static int digest_file(const char *path, char out[HEX_DIGEST_TEXT], struct err *e)
{
    uint8_t chunk[65536], digest[HEX_DIGEST_LEN];
    crypto_hash_sha256_state h;
    FILE *f = fopen(path, "rb");
    if (!f) {
        return err_errno(e, E_NOT_FOUND, "cannot open '%s'", path);
    }
    crypto_hash_sha256_init(&h);
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        crypto_hash_sha256_update(&h, chunk, n);
    }
    bool failed = ferror(f) != 0;
    fclose(f);
    crypto_hash_sha256_final(&h, digest);
    hex_encode(out, digest, sizeof digest);
    return failed ? err_set(e, E_IO, "cannot read '%s'", path) : OK;
}

static int compare_known(const void *a, const void *b)
{
    return strcmp(((const struct known_file *)a)->path, ((const struct known_file *)b)->path);
}

// Lines are "DIGEST  PATH", as sha256sum has them; one that a cut left unfinished is passed over.
static int load_manifest(struct export *x, const char *path)
{
    struct buf b = {0};
    if (!io_exists(path)) {
        return OK;
    }
    int rc = io_read_file(path, (size_t)1 << 28, &b, x->e);
    char *line = b.data;
    while (!rc && line && *line) {
        char *end = strchr(line, '\n');
        if (!end) {
            break;
        }
        *end = 0;
        if (end - line > 66 && line[64] == ' ') {
            struct known_file *more = reallocarray(x->known, x->knowns + 1, sizeof *more);
            if (!more || !(more[x->knowns].path = strdup(line + 66))) {
                x->known = more ? more : x->known;
                rc = err_set(x->e, E_MEM, "out of memory");
                break;
            }
            x->known = more;
            snprintf(more[x->knowns].digest, HEX_DIGEST_TEXT, "%.64s", line);
            x->knowns++;
        }
        line = end + 1;
    }
    buf_release(&b);
    if (x->knowns > 1) {
        qsort(x->known, x->knowns, sizeof *x->known, compare_known);
    }
    return rc;
}

static bool is_kept(struct export *x, const char *name, const char *path,
                    char digest[HEX_DIGEST_TEXT])
{
    struct known_file key = {.path = (char *)name};
    struct err ignored;
    const struct known_file *k =
        x->knowns ? bsearch(&key, x->known, x->knowns, sizeof key, compare_known) : NULL;
    return k && digest_file(path, digest, &ignored) == OK && strcmp(k->digest, digest) == 0;
}

static int note_file(struct export *x, const char *name, const char *digest)
{
    fprintf(x->manifest, "%s  %s\n", digest, name);
    return fflush(x->manifest) == 0 ? OK : err_errno(x->e, E_IO, "cannot write the manifest");
}

// --- samples -------------------------------------------------------------------------------------

static int put_file(struct export *x, const char *name, enum write_kind kind,
                    const struct write_piece *p)
{
    char path[IO_PATH_MAX], part[IO_PATH_MAX + 8], digest[HEX_DIGEST_TEXT];
    if (io_join(path, sizeof path, x->dir, name)) {
        return err_set(x->e, E_LIMIT, "path of '%s' is too long", name);
    }
    x->r->files++;
    if (is_kept(x, name, path, digest)) {
        x->r->kept++;
        return note_file(x, name, digest);
    }
    snprintf(part, sizeof part, "%s.part", path);
    int rc = write_file(part, kind, p, x->e);
    if (!rc) {
        rc = digest_file(part, digest, x->e);
    }
    if (!rc && rename(part, path) != 0) {
        rc = err_errno(x->e, E_IO, "cannot write '%s'", path);
    }
    if (rc) {
        (void)unlink(part); // the failure is told
        return rc;
    }
    return note_file(x, name, digest);
}

static int put_stream(void *ctx, const struct store_recording_stream *rs)
{
    struct export *x = ctx;
    struct rec_samples samples;
    enum write_kind kind;
    if (x->o->stream && strcmp(x->o->stream, rs->stream.name) != 0) {
        return OK;
    }
    int rc = rec_load(x->s, x->rec_id, rs->stream.name, INT64_MIN, INT64_MAX, FRAMES_MAX, &samples,
                      x->e);
    if (rc) {
        return rc;
    }
    rc = samples.frames ? write_kind_of(x->o->format, &samples, &kind, x->e) : OK;
    for (size_t i = 0; i < samples.runs && !rc; i++) {
        char name[256], run[32] = "";
        if (samples.runs > 1) { // a file has no gaps, so each run gets its own
            snprintf(run, sizeof run, "-run%zu", i + 1);
        }
        snprintf(name, sizeof name, "%s/%lld-%s%s.%s", x->device, (long long)x->rec_id,
                 rs->stream.name, run, write_extension(kind));
        struct write_piece p = {.samples = &samples,
                                .run = samples.run[i],
                                .channel_names = rs->stream.channel_names,
                                .device = x->device,
                                .start_us = x->start_us};
        rc = put_file(x, name, kind, &p);
        if (!x->first_file[0]) {
            snprintf(x->first_file, sizeof x->first_file, "%s", name);
        }
    }
    rec_release(&samples);
    return rc;
}

// --- labels ----------------------------------------------------------------------------------------

static void csv_text(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', f);
        }
        fputc(*text, f);
    }
    fputc('"', f);
}

static double seconds(const struct export *x, int64_t us)
{
    return (double)(us - x->start_us) / 1e6;
}

static int label_csv(void *ctx, const struct store_region *r)
{
    struct export *x = ctx;
    csv_text(x->labels, x->first_file);
    fputc(',', x->labels);
    csv_text(x->labels, r->label);
    if (r->whole) {
        fputs(",,,", x->labels);
    } else {
        fprintf(x->labels, ",%.6f,%.6f,", seconds(x, r->start_us), seconds(x, r->end_us));
    }
    csv_text(x->labels, x->group);
    if (r->has_box) {
        fprintf(x->labels, ",%.9g,%.9g,%.9g,%.9g", r->x, r->y, r->w, r->h);
    } else {
        fputs(",,,,", x->labels);
    }
    fputc(',', x->labels);
    csv_text(x->labels, r->author);
    fputc('\n', x->labels);
    x->r->labels++;
    return OK;
}

static int label_audacity(void *ctx, const struct store_region *r)
{
    struct export *x = ctx;
    double start = r->whole ? 0 : seconds(x, r->start_us),
           end = seconds(x, r->whole ? x->end_us : r->end_us);
    char text[STORE_LABEL_MAX + 1];
    snprintf(text, sizeof text, "%s", r->label);
    for (char *p = text; *p; p++) {
        *p = (unsigned char)*p < ' ' ? ' ' : *p; // a tab or line end would begin something else
    }
    fprintf(x->labels, "%.6f\t%.6f\t%s\n", start, end, text);
    x->r->labels++;
    return OK;
}

static json_t *studio_result(const struct export *x, const struct store_region *r)
{
    json_t *labels = json_pack("[s]", r->label);
    if (r->has_box && x->width > 0 && x->height > 0) {
        double w = (double)x->width / 100,
               h = (double)x->height / 100; // Label Studio counts in percent
        return json_pack("{ss ss ss sI sI s{sf sf sf sf si so}}", "type", "rectanglelabels",
                         "from_name", "label", "to_name", "data", "original_width",
                         (json_int_t)x->width, "original_height", (json_int_t)x->height, "value",
                         "x", r->x / w, "y", r->y / h, "width", r->w / w, "height", r->h / h,
                         "rotation", 0, "rectanglelabels", labels);
    }
    if (r->whole) {
        return json_pack("{ss ss ss s{so}}", "type", "choices", "from_name", "label", "to_name",
                         "data", "value", "choices", labels);
    }
    return json_pack("{ss ss ss s{sf sf sb so}}", "type", "timeserieslabels", "from_name", "label",
                     "to_name", "data", "value", "start", seconds(x, r->start_us), "end",
                     seconds(x, r->end_us), "instant", r->start_us == r->end_us, "timeserieslabels",
                     labels);
}

static int label_studio(void *ctx, const struct store_region *r)
{
    struct export *x = ctx;
    json_t *task = json_array_get(x->tasks, json_array_size(x->tasks) - 1);
    json_t *result =
        json_object_get(json_array_get(json_object_get(task, "annotations"), 0), "result");
    x->r->labels++;
    return json_array_append_new(result, studio_result(x, r)) == 0
               ? OK
               : err_set(x->e, E_MEM, "out of memory");
}

static int put_labels(struct export *x)
{
    if (strcmp(x->o->labels, "none") == 0 || !x->first_file[0]) {
        return OK;
    }
    if (strcmp(x->o->labels, "csv") == 0) {
        return store_label_walk(x->s, x->rec_id, label_csv, x, x->e);
    }
    if (strcmp(x->o->labels, "labelstudio") == 0) {
        json_array_append_new(x->tasks,
                              json_pack("{sI s{ss} s[{s[]}]}", "id", (json_int_t)x->rec_id, "data",
                                        "data", x->first_file, "annotations", "result"));
        return store_label_walk(x->s, x->rec_id, label_studio, x, x->e);
    }
    char path[IO_PATH_MAX + 8], base[IO_PATH_MAX];
    if (io_join(base, sizeof base, x->dir, x->first_file)) {
        return err_set(x->e, E_LIMIT, "path of '%s' is too long", x->first_file);
    }
    *strrchr(base, '.') = 0;
    snprintf(path, sizeof path, "%s.txt", base);
    x->labels = fopen(path, "w");
    if (!x->labels) {
        return err_errno(x->e, E_IO, "cannot open '%s'", path);
    }
    int rc = store_label_walk(x->s, x->rec_id, label_audacity, x, x->e);
    bool failed = fclose(x->labels) != 0;
    x->labels = NULL;
    return rc ? rc : failed ? err_errno(x->e, E_IO, "cannot write '%s'", path) : OK;
}

// --- all of it -------------------------------------------------------------------------------------

static int put_recording(void *ctx, const struct store_recording *r)
{
    struct export *x = ctx;
    char path[IO_PATH_MAX];
    x->rec_id = r->rec_id;
    x->start_us = r->start_us;
    x->end_us = r->end_us;
    x->width = r->width;
    x->height = r->height;
    x->first_file[0] = 0;
    snprintf(x->device, sizeof x->device, "%s", r->device);
    snprintf(x->group, sizeof x->group, "%s", r->grp);
    int rc = io_join(path, sizeof path, x->dir, x->device)
                 ? err_set(x->e, E_LIMIT, "path of '%s' is too long", x->dir)
                 : io_mkdirs(path, 0777, x->e);
    if (!rc) {
        rc = store_recording_streams(x->s, r->rec_id, put_stream, x, x->e);
    }
    if (!rc) {
        rc = put_labels(x);
    }
    x->r->recordings += x->first_file[0] != 0;
    progress_set(&x->bar, x->r->recordings, NULL);
    return rc;
}

static int open_outputs(struct export *x)
{
    char path[IO_PATH_MAX], fresh[IO_PATH_MAX];
    static const char *const kinds[] = {"csv", "audacity", "labelstudio", "none"};
    size_t i = 0;
    while (i < ARRAY_LEN(kinds) && strcmp(kinds[i], x->o->labels) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(kinds)) {
        return err_set(x->e, E_USAGE,
                       "'%s' is not a format of labels: csv, audacity, labelstudio, none",
                       x->o->labels);
    }
    int rc = io_mkdirs(x->dir, 0777, x->e);
    if (rc) {
        return rc;
    }
    if (io_join(path, sizeof path, x->dir, "manifest.sha256") ||
        io_join(fresh, sizeof fresh, x->dir, "labels.csv")) {
        return err_set(x->e, E_LIMIT, "path of '%s' is too long", x->dir);
    }
    rc = load_manifest(x, path);
    x->manifest = rc ? NULL : fopen(path, "w");
    if (!rc && !x->manifest) {
        rc = err_errno(x->e, E_IO, "cannot open '%s'", path);
    }
    if (!rc && strcmp(x->o->labels, "csv") == 0) {
        x->labels = fopen(fresh, "w");
        if (x->labels) {
            fputs("file,label,start,end,group,x,y,width,height,author\n", x->labels);
        } else {
            rc = err_errno(x->e, E_IO, "cannot open '%s'", fresh);
        }
    }
    if (!rc && strcmp(x->o->labels, "labelstudio") == 0) {
        x->tasks = json_array();
    }
    return rc;
}

static int finish(struct export *x)
{
    int rc = OK;
    if (x->tasks) {
        struct buf b = {0};
        char path[IO_PATH_MAX];
        rc = io_join(path, sizeof path, x->dir, "tasks.json") || jx_write(x->tasks, &b)
                 ? err_set(x->e, E_MEM, "out of memory")
                 : io_write_atomic(path, b.data, b.len, 0666, x->e);
        buf_release(&b);
    }
    bool failed = x->labels && fclose(x->labels) != 0;
    failed = (x->manifest && fclose(x->manifest) != 0) || failed;
    x->labels = x->manifest = NULL;
    return rc ? rc : failed ? err_errno(x->e, E_IO, "cannot write below '%s'", x->dir) : OK;
}

int export_folder(struct store *s, const char *dir, const struct export_options *o,
                  struct export_result *r, struct err *e)
{
    struct export x = {.s = s, .dir = dir, .o = o, .r = r, .e = e};
    struct store_recording_filter f = {.device = o->device, .label = o->label, .stream = o->stream};
    int rc = open_outputs(&x);
    if (!rc) {
        rc = store_recording_count(s, &f, &x.total, e);
    }
    if (!rc) {
        progress_start(&x.bar, "export", x.total);
        rc = store_recording_walk(s, &f, put_recording, &x, e);
        progress_end(&x.bar);
    }
    int ended = finish(&x);
    json_decref(x.tasks);
    for (size_t i = 0; i < x.knowns; i++) {
        free(x.known[i].path);
    }
    free(x.known);
    return rc ? rc : ended;
}
