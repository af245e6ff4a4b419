// moteloop release: packs a model into a signed release and publishes it.
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_release.h"

struct release_opts {
    const char *project, *name, *delta_from;
    int64_t health_ms, expires_ms, min_class;
    bool json;
};

static const struct release_opts release_defaults = {.health_ms = 60000};

static const struct opt release_options[] = {
    {"name", "NAME", "slot on the devices (default: the model's name)", OPT_STR,
     offsetof(struct release_opts, name)},
    {"health", "TIME", "trial on a device before it confirms (default: 60s)", OPT_DURATION,
     offsetof(struct release_opts, health_ms)},
    {"expires", "TIME", "how long devices may still take it up, such as 30d (default: for ever)",
     OPT_DURATION, offsetof(struct release_opts, expires_ms)},
    {"min-class", "N", "smallest capability class of device, 0 to 2 (default: 0)", OPT_I64,
     offsetof(struct release_opts, min_class)},
    {"delta-from", "MODEL", "send differences to the model that devices run now", OPT_STR,
     offsetof(struct release_opts, delta_from)},
    OPT_PROJECT(struct release_opts, project),
    OPT_JSON(struct release_opts, json),
    OPT_END};

static void print(const struct cvt_released *r, bool json)
{
    if (json) {
        jx_print(json_pack(
            "{sI sI ss ss ss sI sb sI sI sI sI sI ss}", "release", (json_int_t)r->release_id, "seq",
            (json_int_t)r->seq, "name", r->name, "manifest", r->digest_text, "model", r->model,
            "bytes", (json_int_t)r->bytes, "delta", r->delta, "payload_bytes",
            (json_int_t)r->payload_bytes, "manifest_bytes", (json_int_t)r->manifest_bytes, "arena",
            (json_int_t)r->arena, "golden", (json_int_t)r->golden, "golden_seeded",
            (json_int_t)r->golden_seeded, "ops", r->ops));
        return;
    }
    printf("release %lld: '%s' number %lld\n", (long long)r->release_id, r->name,
           (long long)r->seq);
    printf("  model     %.16s, %zu bytes\n", r->model, r->bytes);
    if (r->delta) {
        printf(
            "  payload   %zu bytes of differences: for devices that run the model they are from\n",
            r->payload_bytes);
    }
    printf("  manifest  %.16s, %zu bytes, signed\n", r->digest_text, r->manifest_bytes);
    printf("  needs     %zu bytes of arena; %s\n", r->arena, r->ops);
    printf("  golden    %zu windows%s\n", r->golden,
           !r->golden_seeded               ? " of the test split"
           : r->golden_seeded == r->golden ? " made from a seed"
                                           : ", some made from a seed");
    printf("ship it: moteloop rollout start %lld\n", (long long)r->release_id);
}

static int run(const struct release_opts *o, const char *model, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    struct cvt_released r;
    if (o->min_class < 0 || o->min_class > 2) {
        return err_set(e, E_USAGE, "--min-class is 0, 1 or 2");
    }
    if (o->health_ms < 0 || o->expires_ms < 0) {
        return err_set(e, E_USAGE, "times cannot be negative");
    }
    struct cvt_release_options ro = {
        .model = model,
        .name = o->name,
        .min_class = (uint32_t)o->min_class,
        .delta_from = o->delta_from,
        .health_us = (uint64_t)o->health_ms * 1000,
        .expires_s = o->expires_ms ? (uint64_t)(clock_wall_ms() + o->expires_ms) / 1000 : 0};
    int rc = project_open(&p, o->project, e);
    rc = rc == OK ? store_open(&s, p.dir, STORE_WRITE, e) : rc;
    rc = rc == OK ? cvt_release_make(&r, &p, s, &ro, e) : rc;
    store_close(s);
    if (rc == OK) {
        print(&r, o->json);
    }
    return rc;
}

static int cmd_release(void *options, int npos, char **pos)
{
    struct err e = {0};
    int rc = npos > 1 ? err_set(&e, E_USAGE, "one model at a time")
                      : run(options, npos ? pos[0] : NULL, &e);
    return rc != OK ? cvt_fail("release", &e) : 0;
}

const struct opt_command cvt_release_command = {
    "release",
    "[MODEL]",
    "pack and sign a model",
    "MODEL is a path, a digest or its beginning, or a number of 'moteloop status'; without it the "
    "newest.\n"
    "The runtime must accept it; golden windows of its test split are run through the pipeline, "
    "and every\n"
    "device must get the same bytes before it switches. Signed with keys/release.key.\n"
    "--delta-from makes the download small after fine-tuning; devices that run another model do "
    "not fit such\n"
    "a release. Where the differences are no smaller than the model, it is sent whole.\n",
    release_options,
    sizeof(struct release_opts),
    &release_defaults,
    cmd_release};
