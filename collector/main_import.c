// moteloop-import: files in (import) and out (export), serial devices (gateway).
#include <signal.h>

#include "collector/coll_export.h"
#include "collector/coll_import.h"
#include "collector/gate_run.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/project.h"
#include "common/store/store.h"

static int fail(const struct err *e)
{
    fprintf(stderr, "moteloop: %s\n", e->msg);
    return err_exit_code(e->code);
}

// --- import ------------------------------------------------------------------------------------------

struct import_args {
    const char *project, *map, *device, *label;
    bool json;
};

static void tell_bad(void *ctx, const char *path, const struct err *why)
{
    json_t *list = ctx;
    fprintf(stderr, "moteloop: skipped: %s\n", why->msg);
    json_array_append_new(list, json_pack("{ss ss}", "file", path, "error", why->msg));
}

static void print_import(const struct import_args *a, const struct import_result *r, json_t *broken,
                         double seconds)
{
    if (a->json) {
        jx_print(json_pack("{sI sI sI sI sI sI sI sf sO}", "files", (json_int_t)r->files,
                           "recordings", (json_int_t)r->in.recordings, "duplicates",
                           (json_int_t)r->in.duplicates, "erased", (json_int_t)r->in.erased,
                           "labels", (json_int_t)r->in.labels, "frames", (json_int_t)r->in.frames,
                           "bytes", (json_int_t)r->in.bytes, "seconds", seconds, "broken", broken));
        return;
    }
    printf("%lld recordings with %lld labels from %lld files in %.1f s",
           (long long)r->in.recordings, (long long)r->in.labels, (long long)r->files, seconds);
    if (r->in.duplicates) {
        printf(", %lld were there already", (long long)r->in.duplicates);
    }
    if (r->in.erased) {
        printf(", %lld were erased on request and stay out", (long long)r->in.erased);
    }
    if (r->broken) {
        printf(", %lld could not be read", (long long)r->broken);
    }
    printf("\n");
}

static int run_import(void *options, int npos, char **pos)
{
    const struct import_args *a = options;
    struct project p;
    struct store *s = NULL;
    struct err e = {0};
    if (npos == 0) {
        fprintf(stderr, "moteloop: import needs a folder or a file\n");
        return 2;
    }
    int rc = project_open(&p, a->project, &e);
    if (!rc) {
        rc = store_open(&s, p.dir, STORE_WRITE, &e);
    }
    if (rc) {
        return fail(&e);
    }
    struct import_options o = {.map = a->map, .device = a->device, .label = a->label};
    struct import_result r = {0};
    json_t *broken = json_array();
    int64_t start = clock_mono_us();
    for (int i = 0; i < npos && !rc; i++) {
        rc = import_path(s, pos[i], &o, &r, tell_bad, broken, &e);
    }
    store_close(s);
    print_import(a, &r, broken, (double)(clock_mono_us() - start) / 1e6);
    json_decref(broken);
    if (rc) {
        return fail(&e);
    }
    return r.broken ? 1 : r.in.recordings == 0 && r.in.labels == 0 ? 3 : 0;
}

static const struct opt import_table[] = {
    OPT_PROJECT(struct import_args, project),
    {"map", "FILE",
     "mapping file: columns, rate, units, where labels are (docs/formats/dataset.md)", OPT_STR,
     offsetof(struct import_args, map)},
    {"device", "NAME", "recordings belong to import-NAME (default: the folder's name)", OPT_STR,
     offsetof(struct import_args, device)},
    {"label", "LABEL", "label of recordings that have none", OPT_STR,
     offsetof(struct import_args, label)},
    OPT_JSON(struct import_args, json),
    OPT_END};

// --- export ------------------------------------------------------------------------------------------

struct export_args {
    const char *project, *format, *labels, *device, *label, *stream;
    bool json;
};

static int run_export(void *options, int npos, char **pos)
{
    const struct export_args *a = options;
    struct project p;
    struct store *s = NULL;
    struct err e = {0};
    if (npos != 1) {
        fprintf(stderr, "moteloop: export needs the folder to write to\n");
        return 2;
    }
    int rc = project_open(&p, a->project, &e);
    if (!rc) {
        rc = store_open(&s, p.dir, STORE_READ, &e);
    }
    struct export_result r = {0};
    struct export_options o = {.format = a->format,
                               .labels = a->labels,
                               .device = a->device,
                               .label = a->label,
                               .stream = a->stream};
    if (!rc) {
        rc = export_folder(s, pos[0], &o, &r, &e);
    }
    store_close(s);
    if (rc) {
        return fail(&e);
    }
    if (a->json) {
        jx_print(json_pack("{sI sI sI sI}", "recordings", (json_int_t)r.recordings, "files",
                           (json_int_t)r.files, "kept", (json_int_t)r.kept, "labels",
                           (json_int_t)r.labels));
    } else {
        printf("%lld recordings in %lld files (%lld were there already), %lld labels\n",
               (long long)r.recordings, (long long)r.files, (long long)r.kept, (long long)r.labels);
    }
    return r.recordings ? 0 : 3;
}

static const struct export_args export_defaults = {.format = "auto", .labels = "csv"};
static const struct opt export_table[] = {
    OPT_PROJECT(struct export_args, project),
    {"format", "FORMAT",
     "auto, csv, wav, flac, npy, png, ei (Edge Impulse); auto: png for pictures, wav for sound, "
     "else csv",
     OPT_STR, offsetof(struct export_args, format)},
    {"labels", "FORMAT", "csv, audacity, labelstudio, none", OPT_STR,
     offsetof(struct export_args, labels)},
    {"device", "ID", "only recordings of this device", OPT_STR,
     offsetof(struct export_args, device)},
    {"label", "LABEL", "only recordings with this label", OPT_STR,
     offsetof(struct export_args, label)},
    {"stream", "NAME", "only this stream", OPT_STR, offsetof(struct export_args, stream)},
    OPT_JSON(struct export_args, json),
    OPT_END};

// --- gateway -----------------------------------------------------------------------------------------

struct gateway_args {
    const char *project, *device, *protocol, *stream, *units, *label;
    int64_t baud, recording_ms;
    bool log_json;
};

static volatile sig_atomic_t stop;
static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static int run_gateway(void *options, int npos, char **pos)
{
    const struct gateway_args *a = options;
    struct project p;
    struct err e = {0};
    static const char *const protocols[] = {"auto", "frames", "lines"};
    size_t i = 0;
    while (i < ARRAY_LEN(protocols) && strcmp(protocols[i], a->protocol) != 0) {
        i++;
    }
    if (npos != 1 || !a->device || i == ARRAY_LEN(protocols) || a->recording_ms < 1000) {
        fprintf(stderr, "moteloop: gateway needs one port, --device ID, a protocol of auto, "
                        "frames, lines, and recordings of 1 s or more\n");
        return 2;
    }
    log_init("gateway", LOG_INFO, a->log_json);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    int rc = project_open(&p, a->project, &e);
    if (!rc) {
        struct gate_options o = {.port = pos[0],
                                 .device = a->device,
                                 .protocol = a->protocol,
                                 .stream = a->stream,
                                 .units = a->units,
                                 .label = a->label,
                                 .baud = a->baud,
                                 .recording_s = a->recording_ms / 1000,
                                 .stop = &stop};
        rc = gate_run(&p, &o, &e);
    }
    return rc ? fail(&e) : 0;
}

static const struct gateway_args gateway_defaults = {.protocol = "auto",
                                                     .stream = "data",
                                                     .units = "",
                                                     .label = "",
                                                     .baud = 115200,
                                                     .recording_ms = 10000};
static const struct opt gateway_table[] = {
    OPT_PROJECT(struct gateway_args, project),
    {"device", "ID", "the device that is on this port ('moteloop device add' makes its credential)",
     OPT_STR, offsetof(struct gateway_args, device)},
    {"baud", "N", "speed of the port (default: 115200)", OPT_I64,
     offsetof(struct gateway_args, baud)},
    {"protocol", "WORD",
     "auto (default), frames (docs/formats/frame.md), lines (numbers apart by comma, tab or blank)",
     OPT_STR, offsetof(struct gateway_args, protocol)},
    {"stream", "NAME", "stream that lines become (default: data)", OPT_STR,
     offsetof(struct gateway_args, stream)},
    {"units", "UNITS", "their units", OPT_STR, offsetof(struct gateway_args, units)},
    {"label", "LABEL", "label hinted at for recordings of lines", OPT_STR,
     offsetof(struct gateway_args, label)},
    {"recording", "TIME", "length of a recording of lines (default: 10s)", OPT_DURATION,
     offsetof(struct gateway_args, recording_ms)},
    {"log-json", NULL, "log lines are JSON objects", OPT_FLAG,
     offsetof(struct gateway_args, log_json)},
    OPT_END};

static const struct opt_command commands[] = {
    {"import", "FOLDER_OR_FILE...", "files and their labels into the store",
     "Reads WAV, FLAC, CSV (plain or gzip), PNG, JPEG, and (without a mapping file) acquisitions "
     "of Edge Impulse in\n"
     "JSON and CBOR, whose names begin with the label. Labels come from folder names, from "
     "labels.csv, or from\n"
     "where a mapping file says. What is in the store already is skipped; a broken file is named "
     "and skipped.\n"
     "Exit code 1: some files were broken; 3: nothing was new.\n\n"
     "    moteloop import recordings/\n"
     "    moteloop import --map fsdd.map --device fsdd fsdd/\n",
     import_table, sizeof(struct import_args), NULL, run_import},
    {"export", "FOLDER", "recordings and labels out of the store into files",
     "Writes one file a recording and stream, the labels, and manifest.sha256 (see sha256sum -c). "
     "Run again\n"
     "after a cut, it keeps files that are there and whole.\n\n"
     "    moteloop export out/\n"
     "    moteloop export --format wav --labels audacity --device import-fsdd out/\n",
     export_table, sizeof(struct export_args), &export_defaults, run_export},
    {"gateway", "PORT", "bridge a serial or USB device to the broker",
     "Passes on framed messages in both directions, and understands lines of numbers, whose rate "
     "and axes it finds out.\n"
     "Runs until SIGTERM or SIGINT, or until the port is gone (exit code 1).\n\n"
     "    moteloop device add bench-1\n"
     "    moteloop gateway --device bench-1 --stream acc --units m/s2 /dev/ttyUSB0\n",
     gateway_table, sizeof(struct gateway_args), &gateway_defaults, run_gateway},
    {0}};

int main(int argc, char **argv)
{
    return opt_main("moteloop-import", commands, argc, argv);
}
