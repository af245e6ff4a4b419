// The spool against a model of the collector, with power cut at and inside every flash operation.
//
// The model knows every block that append said MOTE_OK to. After any cuts, once everything was
// drained, each such block has arrived with its bytes or is covered by a record of what was
// dropped. MOTELOOP_LONG=1 adds a second cut after the first one's recovery began: at every
// operation where the first cut's is a multiple of four, and at every seventh elsewhere.
#include <check.h>

#include "firmware/core/flash/mote_flash.h"
#include "firmware/core/spool/mote_spool.h"
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"

#define STREAMS 3
#define SEQ_MAX 400
#define SESSION_MAX 40
#define SECTORS_MAX 64

static const char *const stream_name[STREAMS] = {"acc", "event", "a_rather_long_name_for_a_stream"};

struct seen {
    bool appended, stored, dropped;
    uint32_t crc;
};
struct session {
    uint8_t id[MOTE_SESSION_LEN];
    uint64_t next[STREAMS]; // sequence to append
    struct seen block[STREAMS][SEQ_MAX];
};
struct model {
    struct session session[SESSION_MAX];
    size_t sessions;
    uint32_t boot; // of the last mount that succeeded
    uint64_t random;
};

struct world {
    struct sim_flash flash;
    struct mote_spool spool;
    struct mote_spool_sector table[SECTORS_MAX];
    struct model model;
    uint64_t entropy, now;
};

static size_t block_size; // typical block of the workload

static int boot(struct world *w)
{
    struct mote_entropy e = sim_entropy(&w->entropy);
    int status = mote_spool_mount(&w->spool, &w->flash.flash, w->table, SECTORS_MAX, &e);
    if (status == MOTE_OK) {
        ck_assert_uint_gt(w->spool.boot, w->model.boot);
        w->model.boot = w->spool.boot;
        ck_assert_uint_lt(w->model.sessions, SESSION_MAX);
        struct session *s = &w->model.session[w->model.sessions++];
        memset(s, 0, sizeof(*s));
        memcpy(s->id, w->spool.session, MOTE_SESSION_LEN);
    }
    return status;
}

static int append(struct world *w, unsigned stream, size_t len)
{
    uint8_t data[600], block[800];
    struct session *s = &w->model.session[w->model.sessions - 1];
    uint64_t seq = s->next[stream]++;
    ck_assert_uint_lt(seq, SEQ_MAX);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(seq * 31 + i + stream + w->model.sessions);
    }
    struct mote_block b = {
        .kind = MOTE_BLOCK_EVENT, .seq = seq, .t_us = w->now, .data = data, .data_len = len};
    memcpy(b.session, s->id, MOTE_SESSION_LEN);
    int n = mote_block_encode(block, sizeof(block), &b);
    ck_assert_int_gt(n, 0);
    unsigned cls = stream == 0 ? MOTE_SPOOL_SAMPLES : MOTE_SPOOL_KEEP;
    int status =
        mote_spool_append(&w->spool, cls, stream_name[stream], seq, w->now++, block, (size_t)n);
    if (status == MOTE_OK) {
        s->block[stream][seq].appended = true;
    }
    s->block[stream][seq].crc =
        mote_crc32(0, block, (size_t)n); // may have become durable without our knowing
    return status;
}

static struct session *session_of(struct model *m, const uint8_t *id)
{
    for (size_t i = 0; i < m->sessions; i++) {
        if (memcmp(m->session[i].id, id, MOTE_SESSION_LEN) == 0) {
            return &m->session[i];
        }
    }
    return NULL;
}

static unsigned stream_of(const char *name)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        if (strcmp(name, stream_name[i]) == 0) {
            return i;
        }
    }
    ck_abort_msg("a stream that nobody has: '%s'", name);
    return 0;
}

// What the collector does with a block that arrives.
static void collect(struct world *w, const struct mote_spool_item *item, const uint8_t *bytes)
{
    struct mote_block b;
    ck_assert_int_eq(mote_block_decode(&b, bytes, item->len), MOTE_OK);
    ck_assert_mem_eq(b.session, item->session, MOTE_SESSION_LEN);
    ck_assert_uint_eq(b.seq, item->seq);
    struct session *s = session_of(&w->model, item->session);
    ck_assert_msg(s != NULL, "a session that never was");
    unsigned stream = stream_of(item->stream);
    if (b.kind == MOTE_BLOCK_DROPPED) {
        struct mote_dropped d;
        ck_assert_int_eq(mote_dropped_decode(&d, b.data, b.data_len), MOTE_OK);
        ck_assert_uint_eq(d.first, item->seq);
        ck_assert_uint_eq(d.last, item->last);
        ck_assert_uint_lt(d.last, s->next[stream]);
        for (uint64_t q = d.first; q <= d.last; q++) {
            s->block[stream][q].dropped = true;
        }
        return;
    }
    ck_assert_uint_lt(item->seq, s->next[stream]);
    ck_assert_uint_eq(mote_crc32(0, bytes, item->len), s->block[stream][item->seq].crc);
    s->block[stream][item->seq].stored = true;
}

static int acknowledge(struct world *w, struct session *s, unsigned stream)
{
    struct mote_ack a = {.stream = {stream_name[stream], strlen(stream_name[stream])}};
    memcpy(a.session, s->id, MOTE_SESSION_LEN);
    uint64_t q = 0;
    while (q < s->next[stream] && (s->block[stream][q].stored || s->block[stream][q].dropped)) {
        q++;
    }
    a.next = q;
    while (q < s->next[stream] && a.range_count < MOTE_ACK_RANGES) {
        while (q < s->next[stream] && !s->block[stream][q].stored && !s->block[stream][q].dropped) {
            q++;
        }
        if (q < s->next[stream]) {
            struct mote_ack_range *g = &a.range[a.range_count++];
            g->first = q;
            while (q < s->next[stream] &&
                   (s->block[stream][q].stored || s->block[stream][q].dropped)) {
                q++;
            }
            g->last = q - 1;
        }
    }
    return mote_spool_ack(&w->spool, &a);
}

// Sends up to `count` blocks and acknowledges their streams, unless the acknowledgement gets lost.
static int deliver(struct world *w, unsigned count, bool lossy)
{
    uint8_t buf[MOTE_BLOCK_MAX];
    struct mote_spool_item item;
    for (unsigned i = 0; i < count; i++) {
        int status = mote_spool_next(&w->spool, w->now, &item, buf, sizeof(buf));
        if (status == MOTE_E_NOT_FOUND) {
            mote_spool_rewind(&w->spool);
            return MOTE_OK;
        }
        if (status != MOTE_OK) {
            return status;
        }
        collect(w, &item, buf);
        if (lossy && sim_random(&w->model.random) % 3 == 0) {
            continue;
        }
        status = acknowledge(w, session_of(&w->model, item.session), stream_of(item.stream));
        if (status < 0) {
            return status;
        }
    }
    return MOTE_OK;
}

// Appends and deliveries by chance; ends at the first failure.
static int work(struct world *w, unsigned steps)
{
    int status = MOTE_OK;
    for (unsigned i = 0; i < steps && status == MOTE_OK; i++) {
        unsigned pick = (unsigned)(sim_random(&w->model.random) % 16);
        if (pick < 8) {
            status = append(w, 0, block_size + sim_random(&w->model.random) % 40);
        } else if (pick < 11) {
            status = append(w, pick == 8 ? 2 : 1, 20 + sim_random(&w->model.random) % 30);
        } else if (pick < 14) {
            status = deliver(w, 1 + (unsigned)(sim_random(&w->model.random) % 3), true);
        } else if (pick == 14) {
            mote_spool_rewind(&w->spool);
        } else {
            status = mote_spool_idle(&w->spool);
            status = status == MOTE_E_AGAIN ? MOTE_OK : status;
        }
    }
    return status;
}

// Everything arrives; then no block that was appended may be unaccounted for.
static void drain_and_judge(struct world *w)
{
    for (unsigned i = 0; i < 50 && mote_spool_blocks(&w->spool) > 0; i++) {
        mote_spool_rewind(&w->spool);
        ck_assert_int_eq(deliver(w, 1000, false), MOTE_OK);
    }
    ck_assert_uint_eq(mote_spool_blocks(&w->spool), 0);
    ck_assert_uint_eq(w->spool.in_flight, 0);
    for (size_t i = 0; i < w->model.sessions; i++) {
        for (unsigned k = 0; k < STREAMS; k++) {
            const struct session *s = &w->model.session[i];
            for (uint64_t q = 0; q < s->next[k]; q++) {
                const struct seen *b = &s->block[k][q];
                ck_assert_msg(!b->appended || b->stored || b->dropped,
                              "session %zu stream %u block %u is lost", i, k, (unsigned)q);
            }
        }
    }
    ck_assert_msg(w->flash.violation == NULL, "%s", w->flash.violation);
}

static void setup(struct world *w, uint32_t sectors, uint32_t sector, uint32_t unit)
{
    memset(w, 0, sizeof(*w));
    ck_assert_int_eq(sim_flash_init(&w->flash, sectors * sector, sector, unit), 0);
    w->entropy = 7;
    w->model.random = unit;
    w->now = 1000;
    block_size = sector < 4096 ? sector / 8 : 500;
}

START_TEST(blocks_come_back_in_order_and_acknowledged_ones_do_not)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 8, 4096, 4);
    ck_assert_int_eq(boot(w), MOTE_OK);
    ck_assert_uint_eq(w->spool.boot, 1);
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(append(w, 0, 300), MOTE_OK);
    }
    ck_assert_int_eq(append(w, 1, 30), MOTE_OK);
    ck_assert_uint_eq(mote_spool_blocks(&w->spool), 11);
    uint8_t buf[MOTE_BLOCK_MAX];
    struct mote_spool_item item;
    ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf)), MOTE_OK);
    ck_assert_str_eq(item.stream, "event"); // kept blocks go first
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, 10), MOTE_E_SPACE);
        ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf)), MOTE_OK);
        ck_assert_uint_eq(item.seq, i);
    }
    ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf)), MOTE_E_NOT_FOUND);
    ck_assert_uint_eq(w->spool.in_flight, 11);
    struct mote_ack a = {.stream = {"acc", 3}, .next = 3, .range_count = 1, .range = {{5, 6}}};
    memcpy(a.session, w->spool.session, MOTE_SESSION_LEN);
    ck_assert_int_eq(mote_spool_ack(&w->spool, &a), 5);
    ck_assert_int_eq(mote_spool_ack(&w->spool, &a), 0);
    ck_assert_uint_eq(w->spool.in_flight, 6);
    a.session[11] ^= 1; // of another session
    a.next = 10;
    ck_assert_int_eq(mote_spool_ack(&w->spool, &a), 0);
    // After a reboot the others are still there, under their old session.
    ck_assert_int_eq(boot(w), MOTE_OK);
    ck_assert_uint_eq(w->spool.boot, 2);
    static const uint64_t left[] = {3, 4, 7, 8, 9};
    ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf)), MOTE_OK);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf)), MOTE_OK);
        ck_assert_uint_eq(item.seq, left[i]);
        ck_assert_mem_eq(item.session, w->model.session[0].id, MOTE_SESSION_LEN);
    }
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

START_TEST(overflow_drops_oldest_samples_first_and_says_so)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 10, 4096, 8);
    ck_assert_int_eq(boot(w), MOTE_OK);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(append(w, 0, 500), MOTE_OK);
        ck_assert_int_eq(append(w, 1, 20), MOTE_OK);
    }
    ck_assert_uint_gt(w->spool.dropped, 0);
    drain_and_judge(w);
    const struct session *s = &w->model.session[0];
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_msg(s->block[1][i].stored, "event %u was dropped though there were samples", i);
        ck_assert(s->block[0][i].stored != s->block[0][i].dropped);
        ck_assert(i == 0 ||
                  s->block[0][i].stored >= s->block[0][i - 1].stored); // oldest went first
    }
    ck_assert(s->block[0][99].stored);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

START_TEST(kept_blocks_overflow_too_without_starving_samples)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 8, 1024, 1);
    ck_assert_int_eq(boot(w), MOTE_OK);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_int_eq(append(w, 0, 100), MOTE_OK);
    }
    for (unsigned i = 0; i < 300; i++) {
        ck_assert_int_eq(append(w, 1, 30), MOTE_OK);
    }
    drain_and_judge(w);
    ck_assert(w->model.session[0].block[0][19].stored);
    ck_assert(w->model.session[0].block[1][299].stored);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

START_TEST(reboots_alone_never_fill_the_spool)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 6, 512, 32);
    for (unsigned i = 0; i < 200; i++) {
        w->model.sessions = 0; // the model need not know them all
        ck_assert_int_eq(boot(w), MOTE_OK);
        ck_assert_uint_eq(w->spool.boot, i + 1);
        if (i % 3 == 0) {
            ck_assert_int_eq(append(w, i % 2, 30), MOTE_OK);
        }
    }
    ck_assert_uint_le(mote_spool_used(&w->spool), 6 * 512);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

START_TEST(a_bit_that_flips_costs_one_block_and_is_told)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 6, 1024, 1);
    ck_assert_int_eq(boot(w), MOTE_OK);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(append(w, 0, 100), MOTE_OK);
    }
    // Somewhere inside the second block's data, which holds this run of bytes.
    const uint8_t run[] = {32 + 50, 32 + 51, 32 + 52, 32 + 53};
    uint8_t *hit = NULL;
    for (uint32_t i = 51; i + 4 < w->flash.flash.size && hit == NULL; i++) {
        hit = memcmp(w->flash.bytes + i, run, 4) == 0 && w->flash.bytes[i - 50] == 32 &&
                      w->flash.bytes[i - 51] != 31
                  ? w->flash.bytes + i
                  : NULL;
    }
    ck_assert_ptr_nonnull(hit);
    *hit ^= 4;
    w->model.session[0].block[0][1].crc = 0; // must not arrive
    drain_and_judge(w);
    ck_assert(w->model.session[0].block[0][1].dropped && !w->model.session[0].block[0][1].stored);
    ck_assert(w->model.session[0].block[0][0].stored && w->model.session[0].block[0][2].stored);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

START_TEST(any_bytes_on_flash_mount_as_something)
{
    struct world *w = malloc(sizeof(*w));
    uint64_t random = 99;
    for (unsigned round = 0; round < 300; round++) {
        setup(w, 6, 512, 4);
        ck_assert_int_eq(boot(w), MOTE_OK);
        ck_assert_int_eq(work(w, 20), MOTE_OK);
        for (unsigned i = 0; i < 1 + round % 40; i++) {
            w->flash.bytes[sim_random(&random) % w->flash.flash.size] =
                (uint8_t)sim_random(&random);
        }
        memset(w->flash.programmed, 1, w->flash.flash.size / 4 * sizeof(bool));
        for (uint32_t u = 0; u < w->flash.flash.size / 4; u++) {
            w->flash.programmed[u] = mote_get32(w->flash.bytes + 4 * u) != UINT32_MAX;
        }
        w->model.boot = 0;
        ck_assert_int_eq(boot(w), MOTE_OK);
        uint8_t buf[MOTE_BLOCK_MAX];
        struct mote_spool_item item;
        for (unsigned i = 0; i < 100; i++) {
            int status = mote_spool_next(&w->spool, 0, &item, buf, sizeof(buf));
            ck_assert(status == MOTE_OK || status == MOTE_E_NOT_FOUND || status == MOTE_E_IO);
        }
        for (unsigned i = 0; i < 20; i++) {
            ck_assert_int_eq(append(w, i % STREAMS, 40), MOTE_OK);
        }
        sim_flash_release(&w->flash);
    }
    free(w);
}
END_TEST

START_TEST(a_bad_sector_is_left_for_another)
{
    struct world *w = malloc(sizeof(*w));
    for (uint64_t fail = 1; fail < 60; fail++) {
        setup(w, 8, 1024, 4);
        ck_assert_int_eq(boot(w), MOTE_OK);
        w->flash.fail_op = w->flash.ops + fail;
        int status = MOTE_OK;
        for (unsigned i = 0; i < 40 && status == MOTE_OK; i++) {
            status = work(w, 1);
            status = status == MOTE_E_IO ? MOTE_OK : status; // an acknowledgement's mark may fail
        }
        ck_assert_int_eq(status, MOTE_OK);
        ck_assert_int_eq(boot(w), MOTE_OK);
        drain_and_judge(w);
        sim_flash_release(&w->flash);
    }
    free(w);
}
END_TEST

START_TEST(wear_is_even)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 16, 1024, 4);
    for (unsigned round = 0; round < 60; round++) {
        w->model.sessions = 0;
        ck_assert_int_eq(boot(w), MOTE_OK);
        ck_assert_int_eq(work(w, 150), MOTE_OK);
        drain_and_judge(w);
    }
    uint32_t lo = UINT32_MAX, hi = 0;
    for (unsigned i = 0; i < 16; i++) {
        lo = w->flash.erases[i] < lo ? w->flash.erases[i] : lo;
        hi = w->flash.erases[i] > hi ? w->flash.erases[i] : hi;
    }
    ck_assert_msg(hi <= 2 * lo, "erases of a sector: %u to %u", lo, hi);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

// --- cuts --------------------------------------------------------------------------------------
static const struct {
    uint32_t sectors, sector, unit;
} geometry[] = {{6, 512, 1}, {7, 512, 8}, {6, 1024, 32}, {8, 512, 4}};

#define WORK_STEPS 60

static struct sim_cut cut_of(uint64_t op, unsigned variant)
{
    static const struct {
        enum sim_tear tear;
        uint32_t bytes;
    } kind[] = {{SIM_TEAR_BEFORE, 0},  {SIM_TEAR_AFTER, 0},  {SIM_TEAR_BITS, 0},
                {SIM_TEAR_PREFIX, 1},  {SIM_TEAR_PREFIX, 5}, {SIM_TEAR_PREFIX, 19},
                {SIM_TEAR_PREFIX, 34}, {SIM_TEAR_SUFFIX, 1}, {SIM_TEAR_SUFFIX, 30},
                {SIM_TEAR_BITS, 1}};
    struct sim_cut c = {op, kind[variant].tear, kind[variant].bytes, op * 31 + variant};
    return c;
}
#ifdef __SANITIZE_ADDRESS__
#define CUT_VARIANTS 3 // the sanitizers are slow; every variant runs without them
#else
#define CUT_VARIANTS 10
#endif

// One life with a cut (and perhaps another one after power came back), then judgement.
static bool run_with_cuts(struct world *w, const struct world *start, struct sim_cut first,
                          struct sim_cut second)
{
    struct sim_flash keep = w->flash;
    *w = *start;
    w->flash = keep;
    sim_flash_copy(&w->flash, &start->flash);
    w->spool.flash = &w->flash.flash;
    w->spool.sector = w->table;
    w->flash.cut = first;
    (void)work(w, WORK_STEPS); // ends where the cut is
    if (!w->flash.off) {
        return false;
    }
    sim_flash_power_on(&w->flash);
    w->flash.cut = second;
    bool again = false;
    int status = boot(w);
    if (status == MOTE_OK && second.op != 0) {
        status = work(w, 15);
    }
    if (status != MOTE_OK) {
        again = w->flash.off;
        ck_assert_msg(again, "recovery failed without a cut: %s %s", mote_status_text(status),
                      w->flash.violation);
        sim_flash_power_on(&w->flash);
        ck_assert_int_eq(boot(w), MOTE_OK);
    }
    sim_flash_power_on(&w->flash);
    ck_assert_int_eq(append(w, 0, 40), MOTE_OK);
    ck_assert_int_eq(append(w, 1, 20), MOTE_OK);
    drain_and_judge(w);
    return second.op == 0 || again;
}

START_TEST(no_cut_loses_or_invents_a_block)
{
    bool thorough = getenv("MOTELOOP_LONG") != NULL;
    struct world *start = malloc(sizeof(*start)), *w = malloc(sizeof(*w));
    setup(start, geometry[_i].sectors, geometry[_i].sector, geometry[_i].unit);
    setup(w, geometry[_i].sectors, geometry[_i].sector, geometry[_i].unit);
    ck_assert_int_eq(boot(start), MOTE_OK);
    ck_assert_int_eq(work(start, 70),
                     MOTE_OK); // so that sectors are full and some must be given up
    bool more = true;
    unsigned long runs = 0;
    for (uint64_t op = 1; more; op++) {
        for (unsigned v = 0; v < CUT_VARIANTS && more; v++) {
            struct sim_cut first = cut_of(op, v);
            more = run_with_cuts(w, start, first, (struct sim_cut){0});
            runs++;
            if (!thorough || !more) {
                continue;
            }
            bool deeper = true;
            for (uint64_t second = 1 + (op % 4 ? op % 7 : 0); deeper; second += op % 4 ? 7 : 1) {
                for (unsigned u = 0; u < 4 && deeper; u++) {
                    deeper = run_with_cuts(w, start, first, cut_of(second, u));
                    runs++;
                }
            }
        }
    }
    if (thorough) {
        printf("spool, unit %u: %lu runs with cuts\n", (unsigned)geometry[_i].unit, runs);
    }
    sim_flash_release(&start->flash);
    sim_flash_release(&w->flash);
    free(start);
    free(w);
}
END_TEST

// Lives in which power goes many times, often in mid-recovery. Every boot is a session of its own,
// and a record of what was dropped is needed for each, so these spools have the room that such a
// life needs.
static const struct {
    uint32_t sectors, sector, unit;
} roomy[] = {{8, 4096, 1}, {6, 8192, 8}, {10, 4096, 16}};

START_TEST(no_row_of_cuts_loses_a_block)
{
    struct world *w = malloc(sizeof(*w));
    unsigned lives = getenv("MOTELOOP_LONG") != NULL ? 10000 : 40;
    for (unsigned life = 0; life < lives; life++) {
        uint64_t chance = life + 100000 * (uint64_t)_i;
        setup(w, roomy[_i].sectors, roomy[_i].sector, roomy[_i].unit);
        w->model.random = chance;
        for (unsigned power = 0; power < 30; power++) {
            // Mostly soon after the start, where recovery is.
            uint64_t op = 1 + sim_random(&chance) % (power % 3 == 0 ? 300 : 12);
            w->flash.cut = cut_of(op, (unsigned)(sim_random(&chance) % CUT_VARIANTS));
            int status = boot(w);
            for (unsigned i = 0; i < 100 && status == MOTE_OK; i++) {
                status = work(w, 1);
            }
            ck_assert_msg(status == MOTE_OK || w->flash.off, "failed without a cut: %s",
                          mote_status_text(status));
            sim_flash_power_on(&w->flash);
        }
        ck_assert_int_eq(boot(w), MOTE_OK);
        drain_and_judge(w);
        sim_flash_release(&w->flash);
    }
    free(w);
}
END_TEST

START_TEST(no_cut_at_the_first_mount_matters)
{
    struct world *w = malloc(sizeof(*w));
    for (uint64_t op = 1; op < 5; op++) {
        for (unsigned v = 0; v < CUT_VARIANTS; v++) {
            setup(w, 6, 512, 8);
            w->flash.cut = cut_of(op, v);
            if (boot(w) != MOTE_OK) {
                sim_flash_power_on(&w->flash);
                ck_assert_int_eq(boot(w), MOTE_OK);
            }
            sim_flash_power_on(&w->flash);
            ck_assert_int_eq(append(w, 0, 40), MOTE_OK);
            drain_and_judge(w);
            sim_flash_release(&w->flash);
        }
    }
    free(w);
}
END_TEST

START_TEST(misuse_is_refused)
{
    struct world *w = malloc(sizeof(*w));
    setup(w, 5, 512, 8);
    struct mote_entropy e = sim_entropy(&w->entropy);
    ck_assert_int_eq(mote_spool_mount(&w->spool, &w->flash.flash, w->table, SECTORS_MAX, &e),
                     MOTE_E_ARG);
    sim_flash_release(&w->flash);
    setup(w, 6, 512, 8);
    ck_assert_int_eq(mote_spool_mount(&w->spool, &w->flash.flash, w->table, 5, &e), MOTE_E_SPACE);
    ck_assert_int_eq(boot(w), MOTE_OK);
    uint8_t big[512] = {0};
    size_t max = mote_spool_block_max(&w->spool);
    ck_assert_int_eq(mote_spool_append(&w->spool, MOTE_SPOOL_KEEP,
                                       "a_rather_long_name_for_a_stream", 0, 0, big, max),
                     MOTE_OK);
    ck_assert_int_eq(mote_spool_append(&w->spool, MOTE_SPOOL_KEEP, "x", 0, 0, big, max + 1),
                     MOTE_E_SPACE);
    ck_assert_int_eq(mote_spool_append(&w->spool, MOTE_SPOOL_KEEP, "", 0, 0, big, 1), MOTE_E_ARG);
    ck_assert_int_eq(mote_spool_append(&w->spool, MOTE_SPOOL_KEEP, "x", 0, 0, big, 0), MOTE_E_ARG);
    ck_assert_int_eq(mote_spool_append(&w->spool, MOTE_SPOOL_KEEP,
                                       "a_name_of_a_stream_that_is_too_long", 0, 0, big, 1),
                     MOTE_E_ARG);
    sim_flash_release(&w->flash);
    free(w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("spool");
    TCase *t = tcase_create("spool");
    tcase_set_timeout(t, getenv("MOTELOOP_LONG") ? 3600 : 60);
    tcase_add_test(t, blocks_come_back_in_order_and_acknowledged_ones_do_not);
    tcase_add_test(t, overflow_drops_oldest_samples_first_and_says_so);
    tcase_add_test(t, kept_blocks_overflow_too_without_starving_samples);
    tcase_add_test(t, reboots_alone_never_fill_the_spool);
    tcase_add_test(t, a_bit_that_flips_costs_one_block_and_is_told);
    tcase_add_test(t, any_bytes_on_flash_mount_as_something);
    tcase_add_test(t, a_bad_sector_is_left_for_another);
    tcase_add_test(t, wear_is_even);
    tcase_add_loop_test(t, no_cut_loses_or_invents_a_block, 0, ARRAY_LEN(geometry));
    tcase_add_loop_test(t, no_row_of_cuts_loses_a_block, 0, ARRAY_LEN(roomy));
    tcase_add_test(t, no_cut_at_the_first_mount_matters);
    tcase_add_test(t, misuse_is_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
