// See coll_foreign.h.
#include "collector/coll_foreign.h"

#include <stdio.h>

#include "collector/coll_fleet.h"
#include "collector/coll_ingest.h"
#include "collector/coll_queue.h"
#include "collector/coll_watch.h"
#include "common/acq/acq.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/intake.h"
#include "common/io.h"
#include "common/project.h"
#include "firmware/core/wire/mote_wire.h"

// The ending that a reader knows a file's kind by; NULL: an acquisition, or nothing known.
static const char *file_of(const uint8_t *p, size_t len)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *name;
    } kinds[] = {{"RIFF", 4, "message.wav"},
                 {"fLaC", 4, "message.flac"},
                 {"\x89PNG\r\n\x1a\n", 8, "message.png"},
                 {"\xff\xd8\xff", 3, "message.jpg"}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (len > kinds[i].len && memcmp(p, kinds[i].magic, kinds[i].len) == 0) {
            return kinds[i].name;
        }
    }
    return NULL;
}

// RFC 8428: SenML in CBOR is an array of maps; Edge Impulse's CBOR is a map with text keys. A block of ours is a map with
// whole numbers as keys (docs/formats/wire.md).
static bool is_acquisition(const uint8_t *p, size_t len)
{
    size_t at = 0;
    while (at < len && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r' || p[at] == '\n')) {
        at++;
    }
    if (at < len && (p[at] == '[' || p[at] == '{')) {
        return true;
    }
    unsigned major = len > 1 ? p[0] >> 5 : 0;
    return major == 4 || (major == 5 && p[1] >> 5 == 3);
}

int coll_foreign_start(struct coll_ingest *in, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf key = {0};
    snprintf(in->folder, sizeof(in->folder), "%s", project_path(p, path, "run"));
    int rc = io_mkdirs(in->folder, 0755, e);
    if (rc == OK && io_exists(project_path(p, path, "keys/ingest.hmac"))) {
        rc = io_read_file(path, sizeof(in->hmac) - 1, &key, e);
        snprintf(in->hmac, sizeof(in->hmac), "%s", rc || !key.data ? "" : key.data);
        in->hmac[strcspn(in->hmac, "\r\n")] = 0;
    }
    buf_release(&key);
    return rc;
}

bool coll_foreign_is(const struct coll_ingest *in, const struct coll_item *item)
{
    struct mote_topic t;
    return (file_of(item->payload, item->len) || is_acquisition(item->payload, item->len)) &&
           mote_topic_parse(&t, in->prefix, item->topic, item->topic_len) == MOTE_OK &&
           t.leaf == MOTE_LEAF_DATA;
}

struct foreign {
    struct intake *intake;
    const struct mote_topic *t;
    const char *name;
    struct err *e;
};

static int put_item(void *ctx, const struct ds_item *from)
{
    const struct foreign *f = ctx;
    struct ds_item item = *from;
    item.name = f->name;
    item.path = f->name;
    item.stream = f->t->stream;
    item.region = NULL; // what a device says of its samples is no label
    item.regions = 0;
    return intake_item(f->intake, &item, f->e);
}

static int put(struct coll_ingest *in, const struct mote_topic *t, const struct coll_item *item,
               struct err *e)
{
    const char *file = file_of(item->payload, item->len);
    struct acq a = {0};
    struct intake_counts counts = {0};
    struct foreign f = {.t = t, .name = file ? file : "message", .e = e};
    int rc = file ? OK : acq_read(&a, item->payload, item->len, in->hmac[0] ? in->hmac : NULL, e);
    rc = rc ? rc : intake_open(&f.intake, in->store, t->device, NULL, &counts, e);
    if (rc == OK && file) {
        const struct ds_callbacks cb = {.ctx = &f, .item = put_item};
        rc = ds_walk_bytes(in->folder, file, item->payload, item->len, &cb, e);
    } else if (rc == OK) {
        rc = put_item(&f, &a.item);
    }
    rc = rc ? rc : intake_finish(f.intake, e);
    intake_close(f.intake);
    acq_release(&a);
    if (rc == OK) {
        in->counts.repeats += counts.duplicates;
        in->counts.blocks += counts.recordings;
        in->counts.bytes += counts.recordings ? (int64_t)item->len : 0;
    }
    return rc;
}

static int check(struct coll_ingest *in, const struct mote_topic *t, const struct coll_item *item,
                 bool *over, struct err *e)
{
    *over = false;
    if (item->len > in->max_message) {
        return err_set(e, E_LIMIT, "%zu bytes are over the limit of %zu ([limits] message_bytes)",
                       item->len, in->max_message);
    }
    if (coll_is_reserved(t->stream)) {
        return err_set(e, E_FORMAT, "stream '%s' carries blocks alone", t->stream);
    }
    struct coll_device *from = coll_fleet_device(in->fleet, t->device, e);
    if (from) {
        *over = !coll_fleet_spend(from, in->max_rate, item->arrived_us);
    }
    return from ? OK : e->code;
}

int coll_foreign_message(struct coll_ingest *in, const struct coll_item *item, struct err *e)
{
    struct mote_topic t;
    bool over = false;
    int status = mote_topic_parse(&t, in->prefix, item->topic, item->topic_len);
    int rc =
        status == MOTE_OK ? check(in, &t, item, &over, e) : coll_refuse(e, "unknown topic", status);
    if (rc == OK && over) {
        in->counts.over_rate++;
        coll_watch_over(in->watch, t.device, item->arrived_us);
        return OK;
    }
    coll_watch_data(in->watch, item->arrived_us);
    rc = rc ? rc : put(in, &t, item, e);
    if (rc == OK || !coll_is_refusal(rc)) {
        return rc;
    }
    in->counts.refused++;
    snprintf(in->last_error, sizeof in->last_error, "%.80s: %.160s", item->topic, e->msg);
    return OK;
}
