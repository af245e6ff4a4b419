// A/B slots: life of a release, what is refused, and power cut at and inside every flash operation.
//
// A device that lives through cuts must, after every mount, have either the model it had or the new
// one, whole; must in the end have the new one; and must never take an older one than it confirmed.
// MOTELOOP_LONG=1 adds a second cut at every operation after the first.
#include <check.h>

#include "firmware/core/slot/mote_slot.h"
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"

#define MODEL_MAX 6000

struct release {
    uint8_t bytes[MODEL_MAX], payload[MODEL_MAX + 1000];
    struct mote_manifest m;
    uint8_t manifest_digest[MOTE_DIGEST_LEN];
};

struct device {
    struct sim_flash flash;
    struct mote_slot_place place[2];
    struct mote_meta meta;
    struct mote_slot slot;
    uint8_t bitmap[64];
};

static void make_release(struct release *r, uint32_t seq, uint32_t size, uint32_t block,
                         const char *name)
{
    memset(&r->m, 0, sizeof(r->m));
    for (uint32_t i = 0; i < size; i++) {
        r->bytes[i] = (uint8_t)(i * 7 + i / 256 + seq * 31);
    }
    r->m.seq = seq;
    r->m.model = (struct mote_str){name, strlen(name)};
    r->m.size = r->m.payload_size = size;
    r->m.block_size = block;
    r->m.health_us = 1000 + seq;
    mote_sha256(r->m.digest, r->bytes, size);
    memcpy(r->m.payload, r->m.digest, MOTE_DIGEST_LEN);
    memcpy(r->payload, r->bytes, size);
    mote_sha256(r->manifest_digest, &r->m.seq, 4);
}

// Turns a release into one that is sent as the difference to another.
static void make_delta(struct release *r, const struct release *base)
{
    int n = mote_delta_build(r->payload, sizeof(r->payload), base->bytes, base->m.size, r->bytes,
                             r->m.size, NULL, 0);
    ck_assert_int_gt(n, 0);
    r->m.form = MOTE_FORM_DELTA;
    r->m.payload_size = (uint32_t)n;
    memcpy(r->m.base, base->m.digest, MOTE_DIGEST_LEN);
    mote_sha256(r->m.payload, r->payload, (size_t)n);
}

static void make_device(struct device *d, uint32_t sector, uint32_t unit, uint32_t slot_sectors)
{
    memset(d, 0, sizeof(*d));
    ck_assert_int_eq(sim_flash_init(&d->flash, (2 + 2 * slot_sectors) * sector, sector, unit), 0);
    d->place[0] =
        (struct mote_slot_place){NULL, &d->flash.flash, 2 * sector, slot_sectors * sector};
}

static int mount(struct device *d)
{
    int status = mote_meta_mount(&d->meta, &d->flash.flash, 0);
    return status != MOTE_OK
               ? status
               : mote_slot_mount(&d->slot, &d->meta, d->place, 1, d->bitmap, sizeof(d->bitmap));
}

static int fetch(struct device *d, const struct release *r)
{
    for (int b; (b = mote_slot_missing(&d->slot, 0)) >= 0;) {
        // Not in order: every third block goes first.
        int c = mote_slot_missing(&d->slot, (uint32_t)b + 2);
        b = c >= 0 && c % 3 == 0 ? c : b;
        uint32_t at = (uint32_t)b * r->m.block_size;
        uint32_t len =
            r->m.payload_size - at < r->m.block_size ? r->m.payload_size - at : r->m.block_size;
        int status = mote_slot_put(&d->slot, (uint32_t)b, r->payload + at, len);
        if (status != MOTE_OK) {
            return status;
        }
    }
    return MOTE_OK;
}

static int work(struct device *d)
{
    int status;
    while ((status = mote_slot_work(&d->slot)) == MOTE_E_AGAIN) {
    }
    return status;
}

static int install(struct device *d, const struct release *r)
{
    int place = mote_slot_begin(&d->slot, &r->m, r->manifest_digest);
    int status = place < 0 ? place : fetch(d, r);
    if (status == MOTE_OK) {
        status = work(d);
    }
    return status == MOTE_OK ? mote_slot_switch(&d->slot, (unsigned)place) : status;
}

static void assert_holds(struct device *d, const struct mote_slot_file *f, const struct release *r)
{
    static uint8_t got[MODEL_MAX];
    ck_assert_uint_eq(f->seq, r->m.seq);
    ck_assert_uint_eq(f->size, r->m.size);
    ck_assert_uint_eq(f->health_us, r->m.health_us);
    ck_assert_mem_eq(f->digest, r->m.digest, MOTE_DIGEST_LEN);
    ck_assert_mem_eq(f->manifest_digest, r->manifest_digest, MOTE_DIGEST_LEN);
    ck_assert_int_eq(mote_slot_read(f, 0, got, f->size), MOTE_OK);
    ck_assert_mem_eq(got, r->bytes, f->size);
    ck_assert_ptr_eq(f->map, d->flash.bytes + f->addr);
    ck_assert_int_eq(mote_slot_read(f, 1, got, f->size), MOTE_E_ARG);
}

START_TEST(a_release_goes_from_empty_to_confirmed)
{
    static struct release r;
    struct device d;
    struct mote_slot_file f;
    uint32_t have, total;
    make_release(&r, 5, 5000, 256, "fan");
    make_device(&d, 1024, 8, 8);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_E_NOT_FOUND);
    ck_assert_int_eq(mote_slot_begin(&d.slot, &r.m, r.manifest_digest), 0);
    mote_slot_progress(&d.slot, &have, &total);
    ck_assert(have == 0 && total == 5000);
    ck_assert_int_eq(mote_slot_work(&d.slot), MOTE_E_STATE);
    ck_assert_int_eq(mote_slot_switch(&d.slot, 0), MOTE_E_STATE);
    ck_assert_int_eq(mote_slot_put(&d.slot, 19, r.bytes + 19 * 256, 256), MOTE_E_FORMAT);
    ck_assert_int_eq(mote_slot_put(&d.slot, 20, r.bytes, 256), MOTE_E_ARG);
    ck_assert_int_eq(mote_slot_put(&d.slot, 19, r.bytes + 19 * 256, 136), MOTE_OK);
    ck_assert_int_eq(mote_slot_put(&d.slot, 19, r.bytes, 136), MOTE_OK); // there already
    mote_slot_progress(&d.slot, &have, &total);
    ck_assert_uint_eq(have, 136);
    ck_assert_int_eq(fetch(&d, &r), MOTE_OK);
    ck_assert_int_eq(mote_slot_other(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_RECEIVING);
    ck_assert_int_eq(work(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_other(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_READY);
    ck_assert_int_eq(mote_slot_switch(&d.slot, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_TRIAL);
    assert_holds(&d, &f, &r);
    ck_assert_int_eq(mote_slot_check(&d.slot, &r.m), MOTE_E_STATE);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_E_STATE);
    ck_assert_int_eq(mote_slot_rollback(&d.slot, 0, MOTE_E_IO), MOTE_E_STATE);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_CONFIRMED);
    ck_assert_str_eq(d.slot.record[0].name, "fan");
    ck_assert_uint_eq(d.slot.record[0].confirmed_seq, 5);
    ck_assert_ptr_null(d.flash.violation);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(what_must_not_be_taken_is_refused)
{
    static struct release r, old, big, other;
    struct device d;
    make_release(&r, 5, 3000, 256, "fan");
    make_release(&old, 5, 2000, 256, "fan");
    make_release(&other, 9, 2000, 256, "pump");
    make_release(&big, 9, 6000, 256, "fan");
    make_device(&d, 1024, 8, 6);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_check(&d.slot, &big.m), MOTE_E_SPACE);
    ck_assert_int_eq(install(&d, &r), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_check(&d.slot, &old.m), MOTE_E_ROLLBACK);
    ck_assert_int_eq(mote_slot_check(&d.slot, &other.m), MOTE_E_NOT_FOUND);
    r.m.seq = 6;
    r.m.block_size = 768;
    ck_assert_int_eq(mote_slot_check(&d.slot, &r.m), MOTE_E_UNSUPPORTED);
    r.m.block_size = 64;
    r.m.payload_size = r.m.size = 5000;
    d.slot.bitmap_len = 4;
    ck_assert_int_eq(mote_slot_check(&d.slot, &r.m), MOTE_E_SPACE);
    ck_assert_int_eq(mote_slot_put(&d.slot, 0, r.bytes, 64), MOTE_E_STATE);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(a_trial_goes_back_by_word_and_by_boots)
{
    static struct release one, two, three;
    struct device d;
    struct mote_slot_file f;
    make_release(&one, 1, 3000, 512, "fan");
    make_release(&two, 2, 3500, 512, "fan");
    make_release(&three, 3, 2500, 512, "fan");
    make_device(&d, 1024, 4, 6);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    // With nothing before it, going back leaves no model.
    ck_assert_int_eq(install(&d, &one), MOTE_OK);
    ck_assert_int_eq(mote_slot_rollback(&d.slot, 0, MOTE_E_MISMATCH), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_E_NOT_FOUND);
    ck_assert_int_eq(mote_slot_begin(&d.slot, &one.m, one.manifest_digest),
                     MOTE_E_MISMATCH); // failed before
    one.manifest_digest[0] ^= 1;       // signed anew
    ck_assert_int_eq(install(&d, &one), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);

    ck_assert_int_eq(install(&d, &two), MOTE_OK);
    ck_assert_int_eq(mote_slot_other(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_CONFIRMED);
    assert_holds(&d, &f, &one);
    ck_assert_int_eq(mote_slot_abandon(&d.slot, 0, MOTE_E_IO), MOTE_OK); // there is no download
    ck_assert_int_eq(mote_slot_rollback(&d.slot, 0, MOTE_E_TIMEOUT), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    assert_holds(&d, &f, &one);
    ck_assert_uint_eq(d.slot.record[0].failed_seq, 2);
    ck_assert_uint_eq(d.slot.record[0].confirmed_seq, 1);

    ck_assert_int_eq(install(&d, &three), MOTE_OK);
    for (unsigned i = 0; i < MOTE_SLOT_TRIAL_BOOTS; i++) {
        ck_assert_int_eq(mount(&d), MOTE_OK);
        ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
        ck_assert_uint_eq(f.seq, 3);
    }
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    assert_holds(&d, &f, &one);
    ck_assert_int_eq(d.slot.record[0].failed_status, MOTE_E_TIMEOUT);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(wrong_bytes_never_become_ready)
{
    static struct release r;
    struct device d;
    struct mote_slot_file f;
    make_release(&r, 1, 3000, 512, "fan");
    make_device(&d, 1024, 4, 6);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    r.payload[2999] ^= 1;
    ck_assert_int_eq(install(&d, &r), MOTE_E_CORRUPT);
    ck_assert_int_eq(mote_slot_other(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_EMPTY);
    r.payload[2999] ^= 1;
    ck_assert_int_eq(mote_slot_begin(&d.slot, &r.m, r.manifest_digest), 0);
    ck_assert_int_eq(mote_slot_abandon(&d.slot, 0, MOTE_E_UNSUPPORTED), MOTE_OK);
    ck_assert_int_eq(mote_slot_missing(&d.slot, 0), MOTE_E_NOT_FOUND);
    ck_assert_int_eq(d.slot.record[0].failed_status, MOTE_E_UNSUPPORTED);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_begin(&d.slot, &r.m, r.manifest_digest), MOTE_E_UNSUPPORTED);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(a_download_goes_on_where_it_was)
{
    static struct release r, next;
    struct device d;
    uint32_t have, total;
    make_release(&r, 1, 5000, 256, "fan");
    make_release(&next, 2, 5000, 256, "fan");
    make_device(&d, 1024, 8, 8);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_begin(&d.slot, &r.m, r.manifest_digest), 0);
    for (uint32_t b = 0; b < 20; b += 2) {
        ck_assert_int_eq(mote_slot_put(&d.slot, b, r.bytes + b * 256, 256), MOTE_OK);
    }
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_begin(&d.slot, &r.m, r.manifest_digest), 0);
    mote_slot_progress(&d.slot, &have, &total);
    ck_assert_uint_eq(have, 10 * 256);
    for (uint32_t b = 0; b < 20; b += 2) {
        ck_assert_int_eq(mote_slot_missing(&d.slot, b), (int)b + 1);
    }
    // Another release takes its place from the start.
    ck_assert_int_eq(mote_slot_begin(&d.slot, &next.m, next.manifest_digest), 0);
    mote_slot_progress(&d.slot, &have, &total);
    ck_assert_uint_eq(have, 0);
    ck_assert_int_eq(fetch(&d, &next), MOTE_OK);
    ck_assert_int_eq(work(&d), MOTE_OK);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(a_delta_builds_on_the_model_in_use_only)
{
    static struct release one, two, three;
    struct device d;
    struct mote_slot_file f;
    make_release(&one, 1, 4000, 256, "fan");
    make_release(&two, 2, 4500, 256, "fan");
    make_release(&three, 3, 4500, 256, "fan");
    make_delta(&two, &one);
    make_delta(&three, &two);
    make_device(&d, 1024, 8, 16);
    ck_assert_int_eq(mount(&d), MOTE_OK);
    ck_assert_int_eq(mote_slot_check(&d.slot, &two.m), MOTE_E_MISMATCH); // there is no model yet
    ck_assert_int_eq(install(&d, &one), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_check(&d.slot, &three.m), MOTE_E_MISMATCH);
    ck_assert_uint_lt(two.m.payload_size, 2250); // half, though nearly every byte differs
    ck_assert_int_eq(install(&d, &two), MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    assert_holds(&d, &f, &two);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);
    // A payload that is no delta, though its digest is as promised.
    three.payload[0] ^= 1;
    mote_sha256(three.m.payload, three.payload, three.m.payload_size);
    ck_assert_int_eq(install(&d, &three), MOTE_E_FORMAT);
    ck_assert_int_eq(mote_slot_other(&d.slot, 0, &f), MOTE_OK);
    ck_assert_uint_eq(f.state, MOTE_SLOT_EMPTY);
    // One that builds another model than the one that was signed.
    three.payload[0] ^= 1;
    three.payload[three.m.payload_size / 2] ^= 1;
    mote_sha256(three.m.payload, three.payload, three.m.payload_size);
    ck_assert_int_eq(install(&d, &three), MOTE_E_CORRUPT);
    three.m.payload_size = 12000;
    ck_assert_int_eq(mote_slot_check(&d.slot, &three.m), MOTE_E_SPACE);
    ck_assert_ptr_null(d.flash.violation);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(two_models_live_side_by_side)
{
    static struct release fan, pump;
    struct device d;
    struct mote_slot_file f;
    make_release(&fan, 7, 2000, 512, "fan");
    make_release(&pump, 3, 2500, 512, "pump");
    memset(&d, 0, sizeof(d));
    ck_assert_int_eq(sim_flash_init(&d.flash, 32 * 1024, 1024, 8), 0);
    d.place[0] = (struct mote_slot_place){"fan", &d.flash.flash, 2048, 5 * 1024};
    d.place[1] = (struct mote_slot_place){NULL, &d.flash.flash, 12 * 1024 + 2048, 6 * 1024};
    ck_assert_int_eq(mote_meta_mount(&d.meta, &d.flash.flash, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 2, d.bitmap, sizeof(d.bitmap)),
                     MOTE_OK);
    ck_assert_int_eq(install(&d, &pump), MOTE_OK);
    ck_assert_int_eq(mote_slot_find(&d.slot, pump.m.model), 1);
    ck_assert_int_eq(install(&d, &fan), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&d.slot, 0), MOTE_OK);
    ck_assert_int_eq(mote_meta_mount(&d.meta, &d.flash.flash, 0), MOTE_OK);
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 2, d.bitmap, sizeof(d.bitmap)),
                     MOTE_OK);
    ck_assert_int_eq(mote_slot_active(&d.slot, 0, &f), MOTE_OK);
    assert_holds(&d, &f, &fan);
    ck_assert_uint_eq(f.state, MOTE_SLOT_CONFIRMED);
    ck_assert_int_eq(mote_slot_active(&d.slot, 1, &f), MOTE_OK);
    assert_holds(&d, &f, &pump);
    ck_assert_uint_eq(f.state, MOTE_SLOT_TRIAL);
    ck_assert_int_eq(mote_slot_find(&d.slot, (struct mote_str){"other", 5}), MOTE_E_NOT_FOUND);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(nonsense_layouts_are_refused)
{
    struct device d;
    make_device(&d, 1024, 8, 6);
    ck_assert_int_eq(mote_meta_mount(&d.meta, &d.flash.flash, 0), MOTE_OK);
    d.place[0].addr = 100;
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 1, d.bitmap, 64), MOTE_E_ARG);
    d.place[0].addr = 4096;
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 1, d.bitmap, 64), MOTE_E_ARG);
    d.place[0].addr = 2048;
    d.place[0].size = UINT32_MAX / 1024 * 1024;
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 1, d.bitmap, 64), MOTE_E_ARG);
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 0, d.bitmap, 64), MOTE_E_ARG);
    ck_assert_int_eq(mote_slot_mount(&d.slot, &d.meta, d.place, 9, d.bitmap, 64), MOTE_E_ARG);
    sim_flash_release(&d.flash);
}
END_TEST

// --- cuts --------------------------------------------------------------------------------------
static struct release first, second, third;
static const struct {
    uint32_t sector, unit, slot_sectors, block;
} geometry[] = {{512, 1, 9, 256}, {1024, 32, 10, 256}, {512, 8, 14, 512}};

struct life {
    uint32_t confirmed; // highest number that confirm said MOTE_OK to
    uint32_t stored;    // blocks that put said MOTE_OK to, of `second`
    bool rolled_back;   // `third` was given up for good
};

// One power-on: from mount to the end of what there is to do, or to a cut.
static int live(struct device *d, struct life *l)
{
    struct mote_slot_file f;
    int status = mount(d);
    if (status != MOTE_OK) {
        return status;
    }
    ck_assert_uint_ge(d->slot.record[0].confirmed_seq, l->confirmed);
    ck_assert_int_eq(mote_slot_active(&d->slot, 0, &f), MOTE_OK);
    assert_holds(d, &f, f.seq == 1 ? &first : f.seq == 2 ? &second : &third);
    if (f.state == MOTE_SLOT_TRIAL && f.seq == 2) {
        status = mote_slot_confirm(&d->slot, 0);
        l->confirmed = status == MOTE_OK ? 2 : l->confirmed;
    } else if (f.state == MOTE_SLOT_TRIAL) {
        status = mote_slot_rollback(&d->slot, 0, MOTE_E_MISMATCH);
        l->rolled_back |= status == MOTE_OK;
    } else if (f.seq == 1 && d->slot.record[0].failed_seq == 2) {
        ck_assert_int_eq(d->slot.record[0].failed_status, MOTE_E_TIMEOUT);
        return 2; // cut too often during its trial
    } else if (f.seq == 1) {
        ck_assert_uint_eq(l->confirmed, 1);
        status = mote_slot_begin(&d->slot, &second.m, second.manifest_digest);
        if (status == 0) {
            // Only the sector that was torn may have to be fetched again.
            uint32_t lost = d->flash.flash.sector / second.m.block_size;
            ck_assert_uint_ge(d->slot.have + lost, l->stored);
            status = fetch(d, &second);
            l->stored = d->slot.have;
        }
        status = status == MOTE_OK ? install(d, &second) : status;
    } else {
        ck_assert_uint_eq(f.seq, 2);
        l->confirmed = 2;
        status = install(d, &third);
        if (status == MOTE_E_MISMATCH || status == MOTE_E_TIMEOUT) { // rolled back before
            l->rolled_back = true;
            return 1;
        }
        ck_assert(!l->rolled_back || status != MOTE_OK);
    }
    return status == MOTE_OK ? live(d, l) : status;
}

static bool run_with_cuts(struct device *d, const struct device *start, struct sim_cut one,
                          struct sim_cut two)
{
    struct life l = {.confirmed = 1};
    sim_flash_copy(&d->flash, &start->flash);
    d->flash.cut = one;
    unsigned cuts = 0;
    for (unsigned power = 0; power < 4; power++) {
        int status = live(d, &l);
        if (status == 1) {
            break;
        }
        ck_assert_msg(d->flash.off, "failed without a cut: %s", mote_status_text(status));
        sim_flash_power_on(&d->flash);
        d->flash.cut = cuts++ == 0 ? two : (struct sim_cut){0};
    }
    ck_assert(l.rolled_back && l.confirmed == 2);
    ck_assert_uint_eq(d->slot.record[0].confirmed_seq, 2);
    ck_assert_uint_eq(d->slot.record[0].failed_seq, 3);
    ck_assert_msg(d->flash.violation == NULL, "%s", d->flash.violation);
    return cuts > (two.op != 0);
}

START_TEST(no_cut_leaves_anything_but_old_or_new)
{
    static const struct {
        enum sim_tear tear;
        uint32_t bytes;
    } kind[] = {{SIM_TEAR_BEFORE, 0}, {SIM_TEAR_AFTER, 0},   {SIM_TEAR_BITS, 0},
                {SIM_TEAR_PREFIX, 1}, {SIM_TEAR_PREFIX, 6},  {SIM_TEAR_PREFIX, 70},
                {SIM_TEAR_SUFFIX, 3}, {SIM_TEAR_SUFFIX, 200}};
    bool thorough = getenv("MOTELOOP_LONG") != NULL;
    struct device start, d;
    uint32_t slots = geometry[_i].slot_sectors, block = geometry[_i].block;
    make_release(&first, 1, 1700, block, "fan");
    make_release(&second, 2, 2000, block, "fan");
    make_release(&third, 3, 1300, block, "fan");
    if (_i > 0) {
        make_delta(&third, &second);
    }
    make_device(&start, geometry[_i].sector, geometry[_i].unit, slots);
    make_device(&d, geometry[_i].sector, geometry[_i].unit, slots);
    ck_assert_int_eq(mount(&start), MOTE_OK);
    ck_assert_int_eq(install(&start, &first), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&start.slot, 0), MOTE_OK);
    bool more = true;
    unsigned long runs = 0;
    for (uint64_t op = 1; more; op++) {
        for (unsigned v = 0; v < ARRAY_LEN(kind) && more; v++, runs++) {
            struct sim_cut one = {op, kind[v].tear, kind[v].bytes, op};
            more = run_with_cuts(&d, &start, one, (struct sim_cut){0});
            bool deeper = more && thorough;
            for (uint64_t next = 1; deeper; next++) {
                for (unsigned u = 0; u < 4 && deeper; u++, runs++) {
                    deeper = run_with_cuts(
                        &d, &start, one, (struct sim_cut){next, kind[u].tear, kind[u].bytes, next});
                }
            }
        }
    }
    if (thorough) {
        printf("slot, unit %u: %lu runs with cuts\n", (unsigned)geometry[_i].unit, runs);
    }
    sim_flash_release(&start.flash);
    sim_flash_release(&d.flash);
}
END_TEST

START_TEST(no_row_of_cuts_matters_either)
{
    struct device start, d;
    unsigned lives = getenv("MOTELOOP_LONG") != NULL ? 20000 : 300, confirmed = 0;
    uint32_t slots = geometry[_i].slot_sectors, block = geometry[_i].block;
    make_release(&first, 1, 1700, block, "fan");
    make_release(&second, 2, 2000, block, "fan");
    make_release(&third, 3, 1300, block, "fan");
    if (_i > 0) {
        make_delta(&second, &first);
        make_delta(&third, &second);
    }
    make_device(&start, geometry[_i].sector, geometry[_i].unit, slots);
    make_device(&d, geometry[_i].sector, geometry[_i].unit, slots);
    ck_assert_int_eq(mount(&start), MOTE_OK);
    ck_assert_int_eq(install(&start, &first), MOTE_OK);
    ck_assert_int_eq(mote_slot_confirm(&start.slot, 0), MOTE_OK);
    for (unsigned life = 0; life < lives; life++) {
        uint64_t chance = life;
        struct life l = {.confirmed = 1};
        int status = MOTE_E_IO;
        sim_flash_copy(&d.flash, &start.flash);
        for (unsigned power = 0; power < 40 && status < 0; power++) {
            if (power < 39) {
                d.flash.cut = (struct sim_cut){1 + sim_random(&chance) % 25,
                                               (enum sim_tear)(sim_random(&chance) % SIM_TEARS),
                                               (uint32_t)(sim_random(&chance) % 64), chance};
            }
            l.stored = 0; // several torn sectors may be lost in a row
            status = live(&d, &l);
            ck_assert_msg(status > 0 || d.flash.off, "failed without a cut: %s",
                          mote_status_text(status));
            sim_flash_power_on(&d.flash);
        }
        ck_assert_int_gt(status, 0);
        confirmed += l.confirmed == 2;
        ck_assert_msg(d.flash.violation == NULL, "%s", d.flash.violation);
    }
    ck_assert_uint_gt(confirmed, lives / 4);
    sim_flash_release(&start.flash);
    sim_flash_release(&d.flash);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("slot");
    TCase *t = tcase_create("slot");
    tcase_set_timeout(t, getenv("MOTELOOP_LONG") ? 3600 : 60);
    tcase_add_test(t, a_release_goes_from_empty_to_confirmed);
    tcase_add_test(t, what_must_not_be_taken_is_refused);
    tcase_add_test(t, a_trial_goes_back_by_word_and_by_boots);
    tcase_add_test(t, wrong_bytes_never_become_ready);
    tcase_add_test(t, a_download_goes_on_where_it_was);
    tcase_add_test(t, a_delta_builds_on_the_model_in_use_only);
    tcase_add_test(t, two_models_live_side_by_side);
    tcase_add_test(t, nonsense_layouts_are_refused);
    tcase_add_loop_test(t, no_cut_leaves_anything_but_old_or_new, 0, ARRAY_LEN(geometry));
    tcase_add_loop_test(t, no_row_of_cuts_matters_either, 0, ARRAY_LEN(geometry));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
