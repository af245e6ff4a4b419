// bench-labeler-fill DIR: a project with a million recordings, ten million label events and an hour of 16 kHz sound.
//
// Rows go in through prepared statements in few large transactions without waiting for the disk; triggers and indexes
// are those of every store. Blocks are real ones, so that each recording can be opened. Prints the number of the
// recording of sound and an API token, a line each. Test data: every session is marked as simulated.
#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/store_sample.h"
#include "common/store/store_user.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/labeler/seed.h"

#define DEVICES 100
#define FRAMES 50
#define SOUND_RATE 16000
#define SOUND_BLOCK 8000
#define TOKEN "bench-labeler-token"

static const char *const classes[] = {"idle", "walk", "run", "stairs",
                                      "fall", "ride", "sit", "rare"};

struct fill {
    sqlite3 *blocks, *main;
    sqlite3_stmt *recording, *stream, *block, *event, *region;
    int64_t session[DEVICES], acc[DEVICES], seq[DEVICES], first_rec;
    uint8_t uid[DEVICES][MOTE_SESSION_LEN];
    uint32_t random;
};

static _Noreturn void die(sqlite3 *db, const char *what)
{
    fprintf(stderr, "bench-labeler-fill: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
    exit(1);
}

static uint32_t next_random(struct fill *f)
{
    f->random = f->random * 1664525u + 1013904223u;
    return f->random >> 8;
}

static void run_sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        die(db, text);
    }
}

static sqlite3 *open_bulk(const char *dir, const char *name)
{
    char path[600];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        die(db, path);
    }
    run_sql(
        db,
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 20000");
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK) {
        die(db, text);
    }
    return st;
}

// Binds whole numbers to the parameters first.. and runs the statement.
static void insert(sqlite3 *db, sqlite3_stmt *st, int first, const int64_t *v, int n)
{
    for (int i = 0; i < n; i++) {
        sqlite3_bind_int64(st, first + i, v[i]);
    }
    if (sqlite3_step(st) != SQLITE_DONE) {
        die(db, "insert");
    }
    sqlite3_reset(st);
}

static void add_devices(struct fill *f, struct store *s)
{
    struct err e = {0};
    for (int d = 0; d < DEVICES; d++) {
        char name[32];
        snprintf(name, sizeof name, "bench-%02d", d);
        struct store_stream st = {.device = name,
                                  .name = "acc",
                                  .units = "m/s2",
                                  .channel_names = "x,y,z",
                                  .type = MOTE_I16,
                                  .channels = 3,
                                  .interval_ns = 20000000,
                                  .scale = 0.001};
        memset(f->uid[d], d + 1, sizeof f->uid[d]);
        if (store_session_put(s, name, f->uid[d], 0, true, &f->session[d], &e) ||
            store_stream_put(s, &st, &e)) {
            die(NULL, e.msg);
        }
        f->acc[d] = st.stream_id;
    }
}

static size_t encode(struct fill *f, int d, uint32_t no, int64_t t_us, uint8_t *out, size_t cap)
{
    uint8_t data[FRAMES * 6];
    for (size_t i = 0; i < sizeof data; i += 2) {
        mote_put16(data + i, (uint16_t)(next_random(f) % 4000));
    }
    struct mote_block b = {.seq = (uint64_t)f->seq[d],
                           .kind = MOTE_BLOCK_SAMPLES,
                           .flags = MOTE_BLOCK_SIMULATED | MOTE_BLOCK_REC_END,
                           .t_us = (uint64_t)t_us,
                           .recording = no,
                           .interval_ns = 20000000,
                           .type = MOTE_I16,
                           .channels = 3,
                           .scale = 0.001f,
                           .data = data,
                           .data_len = sizeof data};
    memcpy(b.session, f->uid[d], sizeof b.session);
    int len = mote_block_encode(out, cap, &b);
    if (len < 0) {
        die(NULL, "cannot encode a block");
    }
    return (size_t)len;
}

static void add_recording(struct fill *f, int64_t i, int64_t now_ms, int64_t count)
{
    uint8_t bytes[1024];
    char name[32];
    int d = (int)(i % DEVICES);
    int64_t no = i / DEVICES + 1, t = no * 2000000, end = t + FRAMES * 20000,
            rec = f->first_rec + i;
    size_t len = encode(f, d, (uint32_t)no, t, bytes, sizeof bytes);
    snprintf(name, sizeof name, "bench-%02d", d);
    sqlite3_bind_text(f->recording, 1, name, -1, SQLITE_STATIC);
    insert(f->blocks, f->recording, 2,
           (const int64_t[]){rec, f->session[d], no, t, end, i % 50 == 0,
                             now_ms - (count - i) * 30000},
           7);
    insert(f->blocks, f->stream, 1, (const int64_t[]){rec, f->acc[d], f->seq[d], t, end}, 5);
    sqlite3_bind_blob(f->block, 8, bytes, (int)len, SQLITE_STATIC);
    insert(f->blocks, f->block, 1,
           (const int64_t[]){f->session[d], f->acc[d], f->seq[d], no, t, FRAMES, now_ms}, 7);
    f->seq[d]++;
}

static void add_recordings(struct fill *f, int64_t count)
{
    int64_t now_ms = clock_wall_ms();
    f->recording = prepare(
        f->blocks,
        "INSERT INTO recording (device, rec_id, session_id, rec_no, start_us, end_us, uncertain, "
        "created_ms,"
        " source, simulated, complete, counted_us) VALUES (?,?,?,?,?,?,?,?,'device',1,1,?6 - ?5)");
    f->stream =
        prepare(f->blocks, "INSERT INTO recording_stream VALUES (?1,?2,?3,?3,1,50,?4,?5,1,50)");
    f->block = prepare(f->blocks, "INSERT INTO block (session_id, stream_id, seq, rec_no, t_us, "
                                  "frames, received_ms, bytes, kind)"
                                  " VALUES (?,?,?,?,?,?,?,?,0)");
    for (int64_t i = 0; i < count; i++) {
        if (i % 50000 == 0) {
            run_sql(f->blocks, i ? "COMMIT; BEGIN" : "BEGIN");
        }
        add_recording(f, i, now_ms, count);
    }
    run_sql(f->blocks, "COMMIT");
    sqlite3_finalize(f->recording);
    sqlite3_finalize(f->stream);
    sqlite3_finalize(f->block);
}

// Nine of ten recordings have events: the whole one and three regions, each set several times.
static void add_labels(struct fill *f, int64_t count, int64_t events)
{
    int64_t event = 1000000, each = events / (count - count / 10), now_ms = clock_wall_ms();
    f->event = prepare(f->main, "INSERT INTO label_event (event_id, rec_id, version, time_ms, "
                                "start_us, end_us, region, label, action, author,"
                                " source) VALUES (?1,?2,?3,?4,CASE WHEN ?7 <> '' THEN ?5 END,CASE "
                                "WHEN ?7 <> '' THEN ?6 END,?7,?8,'set','bench','human')");
    f->region = prepare(f->main, "INSERT INTO region (rec_id, start_us, end_us, version, event_id, "
                                 "region, label, author, source)"
                                 " VALUES (?1,CASE WHEN ?6 <> '' THEN ?2 END,CASE WHEN ?6 <> '' "
                                 "THEN ?3 END,?4,?5,?6,?7,'bench','human')");
    run_sql(f->main, "BEGIN; INSERT OR IGNORE INTO label_class (name, hotkey, color, created_ms) "
                     "VALUES ('idle','1','#888888',0),('walk','2','#2f6fde',0),"
                     "('run','3','#d9534f',0),('stairs','4','#3a9d5d',0),('fall','5','#e0a030',0),("
                     "'ride','6','#8a5cc2',0),('sit','7','#2aa5a0',0),('rare','8','#000000',0)");
    for (int64_t i = 0; i < count; i++) {
        int64_t rec = f->first_rec + i, t = (i / DEVICES + 1) * 2000000;
        for (int64_t k = 0; i % 10 != 9 && k < each; k++) {
            static const char *const regions[] = {"", "r1", "r2", "r3"};
            int64_t part = k % 4, version = k / 4 + 1;
            const char *label =
                i % 5000 == 0 && part == 0 ? classes[7] : classes[next_random(f) % 7];
            sqlite3_bind_text(f->event, 7, regions[part], -1, SQLITE_STATIC);
            sqlite3_bind_text(f->event, 8, label, -1, SQLITE_STATIC);
            insert(f->main, f->event, 1,
                   (const int64_t[]){++event, rec, version, now_ms, t + part * 100000,
                                     t + part * 100000 + 90000},
                   6);
            if (k + 4 >= each) { // the last of its region is what the region is
                sqlite3_bind_text(f->region, 6, regions[part], -1, SQLITE_STATIC);
                sqlite3_bind_text(f->region, 7, label, -1, SQLITE_STATIC);
                insert(f->main, f->region, 1,
                       (const int64_t[]){rec, t + part * 100000, t + part * 100000 + 90000, version,
                                         event},
                       5);
            }
        }
        if (i % 20000 == 19999) {
            run_sql(f->main, "COMMIT; BEGIN");
        }
    }
    run_sql(f->main, "COMMIT");
    sqlite3_finalize(f->event);
    sqlite3_finalize(f->region);
}

// A chirp that rises and falls each minute, through the store's own functions.
static int64_t add_sound(struct store *s, int seconds)
{
    struct err e = {0};
    struct store_stream st = {.device = "bench-mic",
                              .name = "mic",
                              .units = "",
                              .channel_names = "",
                              .type = MOTE_I16,
                              .channels = 1,
                              .interval_ns = 62500,
                              .scale = 1.0 / 32768};
    static uint8_t data[SOUND_BLOCK * 2], bytes[SOUND_BLOCK * 2 + 512];
    uint8_t uid[MOTE_SESSION_LEN];
    int64_t session, rec = 0;
    double phase = 0;
    memset(uid, 0xab, sizeof uid);
    int rc = store_session_put(s, "bench-mic", uid, 0, true, &session, &e);
    rc = rc ? rc : store_stream_put(s, &st, &e);
    rc = rc ? rc : store_begin_blocks(s, &e);
    int blocks = seconds * SOUND_RATE / SOUND_BLOCK;
    for (int k = 0; rc >= 0 && k < blocks; k++) {
        for (int i = 0; i < SOUND_BLOCK; i++) {
            double at = fmod(((double)k * SOUND_BLOCK + i) / SOUND_RATE / 60.0, 1.0);
            phase += 6.283185307179586 * (200 + 6000 * fabs(2 * at - 1)) / SOUND_RATE;
            mote_put16(data + i * 2,
                       (uint16_t)(int16_t)(9000 * sin(phase) + (i * 7919 % 601) - 300));
        }
        struct mote_block b = {.seq = (uint64_t)k,
                               .kind = MOTE_BLOCK_SAMPLES,
                               .flags = MOTE_BLOCK_SIMULATED |
                                        (k == blocks - 1 ? MOTE_BLOCK_REC_END : 0u),
                               .t_us = (uint64_t)k * 500000,
                               .recording = 1,
                               .interval_ns = 62500,
                               .type = MOTE_I16,
                               .channels = 1,
                               .scale = 1.0f / 32768,
                               .data = data,
                               .data_len = sizeof data};
        memcpy(b.session, uid, sizeof b.session);
        int len = mote_block_encode(bytes, sizeof bytes, &b);
        struct store_block row = {.session_id = session,
                                  .stream_id = st.stream_id,
                                  .seq = k,
                                  .kind = b.kind,
                                  .rec_no = 1,
                                  .t_us = (int64_t)b.t_us,
                                  .frames = SOUND_BLOCK,
                                  .end_us = (int64_t)b.t_us + 500000,
                                  .bytes = bytes,
                                  .len = (size_t)len,
                                  .rec_end = k == blocks - 1,
                                  .simulated = true,
                                  .hint = "",
                                  .device = "bench-mic"};
        rc = len < 0 ? len : store_block_put(s, &row, &rec, &e);
    }
    if (rc < 0 || store_commit(s, &e)) {
        die(NULL, e.msg);
    }
    return rec;
}

static void add_token(struct store *s)
{
    struct err e = {0};
    uint8_t raw[HEX_DIGEST_LEN];
    char digest[HEX_DIGEST_TEXT];
    hex_sha256(raw, TOKEN, strlen(TOKEN));
    hex_encode(digest, raw, sizeof raw);
    if (store_token_put(s, digest, "bench", "label", "bench",
                        clock_wall_ms() + (int64_t)3650 * 86400000, &e)) {
        die(NULL, e.msg);
    }
}

int main(int argc, char **argv)
{
    struct fill f = {.random = 1};
    struct err e = {0};
    struct store *s = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: bench-labeler-fill DIR RECORDINGS EVENTS\n");
        return 2;
    }
    int64_t count = strtoll(argv[2], NULL, 10), events = strtoll(argv[3], NULL, 10);
    if (count < 1000 || events < count || seed_project(argv[1], 24, &e) ||
        store_open(&s, argv[1], STORE_WRITE, &e)) {
        die(NULL, e.msg);
    }
    add_devices(&f, s);
    int64_t sound = add_sound(s, 3600);
    add_token(s);
    store_close(s);
    f.first_rec = sound + 1;
    f.blocks = open_bulk(argv[1], "blocks.db");
    add_recordings(&f, count);
    run_sql(f.blocks, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(f.blocks);
    f.main = open_bulk(argv[1], "main.db");
    add_labels(&f, count, events);
    run_sql(f.main, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(f.main);
    printf("sound=%lld\nfirst=%lld\ncount=%lld\ntoken=%s\n", (long long)sound,
           (long long)f.first_rec, (long long)count, TOKEN);
    return 0;
}
