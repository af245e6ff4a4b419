// Which slot is in use: the switch record, and every change to it.
//
// The record: version 1, count, then of each place 64 bytes: 0 name length   1 name   32 active
// 33 state   34 previous   35 boots   36 confirmed_seq   40 failed_seq   44 failed_status
// 48 failed_digest   56 zero
#include "firmware/core/slot/slot_priv.h"

#define RECORD_VERSION 1
#define RECORD_SIZE 64
#define RECORDS_MAX (2 + MOTE_MAX_MODELS * RECORD_SIZE)

static void put_record(uint8_t *b, const struct mote_slot_record *r)
{
    memset(b, 0, RECORD_SIZE);
    while (b[0] < MOTE_NAME_MAX && r->name[b[0]] != 0) {
        b[0]++;
    }
    memcpy(b + 1, r->name, b[0]);
    b[32] = r->active;
    b[33] = r->active_state;
    b[34] = r->previous;
    b[35] = r->boots;
    mote_put32(b + 36, r->confirmed_seq);
    mote_put32(b + 40, r->failed_seq);
    mote_put32(b + 44, (uint32_t)r->failed_status);
    memcpy(b + 48, r->failed_digest, sizeof(r->failed_digest));
}

static void get_record(const uint8_t *b, struct mote_slot_record *r)
{
    memset(r, 0, sizeof(*r));
    memcpy(r->name, b + 1, b[0] <= MOTE_NAME_MAX ? b[0] : MOTE_NAME_MAX);
    r->active = b[32] & 1;
    r->active_state =
        b[33] == MOTE_SLOT_TRIAL || b[33] == MOTE_SLOT_CONFIRMED ? b[33] : MOTE_SLOT_EMPTY;
    r->previous = b[34] & 1;
    r->boots = b[35];
    r->confirmed_seq = mote_get32(b + 36);
    r->failed_seq = mote_get32(b + 40);
    r->failed_status = (int32_t)mote_get32(b + 44);
    memcpy(r->failed_digest, b + 48, sizeof(r->failed_digest));
}

int slot_commit(struct mote_slot *s, const struct mote_slot_record *next)
{
    uint8_t b[RECORDS_MAX] = {RECORD_VERSION, s->count};
    for (unsigned i = 0; i < s->count; i++) {
        put_record(b + 2 + i * RECORD_SIZE, &next[i]);
    }
    int status = mote_meta_put(s->meta, MOTE_META_SLOTS, b, 2 + (size_t)s->count * RECORD_SIZE);
    if (status == MOTE_OK) {
        memmove(s->record, next, s->count * sizeof(*next));
    }
    return status;
}

void slot_note_failure(struct mote_slot_record *r, uint32_t seq, const uint8_t *manifest_digest,
                       int status)
{
    r->failed_seq = seq;
    r->failed_status = status;
    memcpy(r->failed_digest, manifest_digest, sizeof(r->failed_digest));
}

static void go_back(struct mote_slot_record *r)
{
    r->active_state = r->previous ? MOTE_SLOT_CONFIRMED : MOTE_SLOT_EMPTY;
    r->active = r->previous ? r->active ^ 1u : r->active;
    r->previous = 0;
    r->boots = 0;
}

static int load_records(struct mote_slot *s)
{
    uint8_t b[RECORDS_MAX];
    int n = mote_meta_get(s->meta, MOTE_META_SLOTS, b, sizeof(b));
    if (n == MOTE_E_NOT_FOUND) {
        return MOTE_OK;
    }
    if (n < 0 || b[0] != RECORD_VERSION) {
        return n < 0 ? n : MOTE_E_UNSUPPORTED;
    }
    for (unsigned i = 0; i < s->count && i < b[1] && 2 + (int)(i + 1) * RECORD_SIZE <= n; i++) {
        get_record(b + 2 + i * RECORD_SIZE, &s->record[i]);
    }
    return MOTE_OK;
}

// Counts a boot of each trial, and leaves what cannot or may not run. *changed tells of it.
static int review(const struct mote_slot *s, unsigned i, struct mote_slot_record *r, bool *changed)
{
    struct slot_header h;
    if (r->active_state == MOTE_SLOT_EMPTY) {
        return MOTE_OK;
    }
    int status = slot_read_header(&s->place[i], r->active, &h);
    if (status == MOTE_E_IO) {
        return status;
    }
    if (r->active_state == MOTE_SLOT_TRIAL && status == MOTE_OK &&
        r->boots < MOTE_SLOT_TRIAL_BOOTS) {
        r->boots++;
        *changed = true;
    } else if (r->active_state == MOTE_SLOT_TRIAL || status != MOTE_OK) {
        static const uint8_t unknown[MOTE_DIGEST_LEN];
        bool readable = status == MOTE_OK;
        slot_note_failure(r, readable ? h.seq : 0, readable ? h.manifest : unknown,
                          readable ? MOTE_E_TIMEOUT : MOTE_E_CORRUPT);
        go_back(r);
        *changed = true;
    }
    return MOTE_OK;
}

static bool place_is_sound(const struct mote_slot_place *p)
{
    const struct mote_flash *f = p->flash;
    bool aligned = mote_flash_is_sound(f) && p->addr % f->sector == 0 && p->size % f->sector == 0 &&
                   p->size > 0;
    return aligned && p->size <= f->size / 2 && p->addr <= f->size - 2 * p->size &&
           mote_slot_capacity(p) > 0;
}

int mote_slot_mount(struct mote_slot *s, struct mote_meta *meta,
                    const struct mote_slot_place *place, size_t count, uint8_t *bitmap,
                    size_t bitmap_len)
{
    struct mote_slot_record next[MOTE_MAX_MODELS];
    bool changed = false;
    memset(s, 0, sizeof(*s));
    if (count == 0 || count > MOTE_MAX_MODELS) {
        return MOTE_E_ARG;
    }
    for (size_t i = 0; i < count; i++) {
        if (!place_is_sound(&place[i])) {
            return MOTE_E_ARG;
        }
    }
    s->meta = meta;
    s->place = place;
    s->count = (uint8_t)count;
    s->bitmap = bitmap;
    s->bitmap_len = bitmap_len;
    slot_forget(s);
    int status = load_records(s);
    memcpy(next, s->record, sizeof(next));
    for (unsigned i = 0; i < count && status == MOTE_OK; i++) {
        status = review(s, i, &next[i], &changed);
    }
    return status == MOTE_OK && changed ? slot_commit(s, next) : status;
}

int mote_slot_find(const struct mote_slot *s, struct mote_str name)
{
    int free_place = MOTE_E_NOT_FOUND;
    for (unsigned i = 0; i < s->count; i++) {
        const char *has = s->place[i].name ? s->place[i].name : s->record[i].name;
        if (mote_str_is(name, has)) {
            return (int)i;
        }
        if (has[0] == 0 && free_place < 0) {
            free_place = (int)i;
        }
    }
    return free_place;
}

int mote_slot_active(const struct mote_slot *s, unsigned place, struct mote_slot_file *out)
{
    struct slot_header h;
    if (place >= s->count || s->record[place].active_state == MOTE_SLOT_EMPTY) {
        return MOTE_E_NOT_FOUND;
    }
    const struct mote_slot_record *r = &s->record[place];
    int status = slot_read_header(&s->place[place], r->active, &h);
    if (status == MOTE_OK) {
        slot_describe(&s->place[place], r->active, &h, r->active_state, out);
    }
    return status;
}

int mote_slot_other(const struct mote_slot *s, unsigned place, struct mote_slot_file *out)
{
    struct slot_header h;
    if (place >= s->count) {
        return MOTE_E_NOT_FOUND;
    }
    const struct mote_slot_record *r = &s->record[place];
    unsigned which = r->active ^ (r->active_state != MOTE_SLOT_EMPTY);
    int status = slot_read_header(&s->place[place], which, &h);
    memset(out, 0, sizeof(*out));
    if (status == MOTE_OK) {
        bool ready = s->receiving == (int)place && s->step == STEP_READY;
        slot_describe(&s->place[place], which, &h,
                      r->previous ? MOTE_SLOT_CONFIRMED
                      : ready     ? MOTE_SLOT_READY
                                  : MOTE_SLOT_RECEIVING,
                      out);
    }
    return status == MOTE_E_NOT_FOUND ? MOTE_OK : status;
}

int mote_slot_switch(struct mote_slot *s, unsigned place)
{
    struct mote_slot_record next[MOTE_MAX_MODELS];
    if (s->receiving < 0 || s->receiving != (int)place || s->step != STEP_READY) {
        return MOTE_E_STATE;
    }
    memcpy(next, s->record, sizeof(next));
    struct mote_slot_record *r = &next[place];
    r->previous = r->active_state == MOTE_SLOT_CONFIRMED;
    r->active = s->target;
    r->active_state = MOTE_SLOT_TRIAL;
    r->boots = 0;
    memcpy(r->name, s->name, sizeof(r->name));
    int status = slot_commit(s, next);
    if (status == MOTE_OK) {
        slot_forget(s);
    }
    return status;
}

int mote_slot_confirm(struct mote_slot *s, unsigned place)
{
    struct mote_slot_record next[MOTE_MAX_MODELS];
    struct mote_slot_file f;
    if (place >= s->count || s->record[place].active_state != MOTE_SLOT_TRIAL) {
        return MOTE_E_STATE;
    }
    int status = mote_slot_active(s, place, &f);
    if (status != MOTE_OK) {
        return status;
    }
    memcpy(next, s->record, sizeof(next));
    struct mote_slot_record *r = &next[place];
    r->active_state = MOTE_SLOT_CONFIRMED;
    r->previous = 0;
    r->boots = 0;
    r->confirmed_seq = f.seq > r->confirmed_seq ? f.seq : r->confirmed_seq;
    return slot_commit(s, next);
}

int mote_slot_rollback(struct mote_slot *s, unsigned place, int status)
{
    struct mote_slot_record next[MOTE_MAX_MODELS];
    struct mote_slot_file f;
    if (place >= s->count || s->record[place].active_state != MOTE_SLOT_TRIAL) {
        return MOTE_E_STATE;
    }
    int read = mote_slot_active(s, place, &f);
    if (read == MOTE_E_IO) {
        return read;
    }
    memcpy(next, s->record, sizeof(next));
    if (read == MOTE_OK) {
        slot_note_failure(&next[place], f.seq, f.manifest_digest, status);
    }
    go_back(&next[place]);
    return slot_commit(s, next);
}

int mote_slot_abandon(struct mote_slot *s, unsigned place, int status)
{
    struct mote_slot_record next[MOTE_MAX_MODELS];
    struct mote_slot_file f;
    if (place >= s->count) {
        return MOTE_E_ARG;
    }
    int read = mote_slot_other(s, place, &f);
    if (read != MOTE_OK || (f.state != MOTE_SLOT_RECEIVING && f.state != MOTE_SLOT_READY)) {
        return read;
    }
    memcpy(next, s->record, sizeof(next));
    slot_note_failure(&next[place], f.seq, f.manifest_digest, status);
    const struct mote_slot_record *r = &s->record[place];
    int done = slot_commit(s, next);
    if (done == MOTE_OK) {
        done = slot_wipe(&s->place[place], r->active ^ (r->active_state != MOTE_SLOT_EMPTY));
    }
    if (s->receiving == (int)place) {
        slot_forget(s);
    }
    return done;
}
