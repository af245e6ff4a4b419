// The live view between two programs: what devices publish on live/ while somebody watches, in a file of fixed
// size (run/live.ring of a project) that collectors write and the labeler reads, both through memory. Nothing waits for
// a disk or for each other: whoever reads too slowly misses the oldest.
//
//   0     magic "MLV1", 8 number of messages so far (64 bits), then 64 who is watched: LIVE_WATCHES times 128 bytes
//         (64-bit ms of the last request, device, stream)
//   LIVE_HEAD + LIVE_SLOT * ((n - 1) % LIVE_SLOTS): message n: its number (64 bits; 0 while it is written), arrival in
//         ms (64 bits), length (64 bits), device (40 bytes), stream (32 bytes), the block as it came
//
// Writers take a number by one atomic step; readers copy a slot and look whether its number is still the same.
#ifndef COMMON_LIVE_H
#define COMMON_LIVE_H

struct err;

#define LIVE_SLOTS 512
#define LIVE_BLOCK_MAX 4096
#define LIVE_WATCHES 128
#define LIVE_RENEW_MS 10000 // a stream is asked for again so long after it was asked for
#define LIVE_ASK_MS 30000   // and for so long

struct live;
struct live_message {
    int64_t number, arrived_ms;
    char device[40], stream[32];
    size_t len;
    uint8_t block[LIVE_BLOCK_MAX];
};

// Opens the ring of a project folder, or makes it.
int live_open(struct live **l, const char *dir, struct err *e) MUST_CHECK;
void live_close(struct live *l); // accepts NULL
// E_LIMIT for a block over LIVE_BLOCK_MAX.
int live_put(struct live *l, const char *device, const char *stream, const void *block,
             size_t len) MUST_CHECK;
// Number of the newest message, 0: none.
int64_t live_last(const struct live *l);
// The first message behind *after that is still there; *after becomes its number. False: none.
bool live_next(const struct live *l, int64_t *after, struct live_message *m);
// Whether the stream must be asked for (again) now; notes that it was. Any thread of any program may call it.
bool live_renew(struct live *l, const char *device, const char *stream, int64_t now_ms);

#endif
