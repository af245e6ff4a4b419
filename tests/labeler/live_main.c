// labeler-live PROJECT DEVICE: puts into a project's live ring what a device would send (a stream "acc" of three axes at
// 100 Hz, an answer of a model every second) until it is ended. For tests of the page: a collector does this otherwise.
#include "common/clock.h"
#include "common/err.h"
#include "common/live.h"
#include "firmware/core/wire/mote_wire.h"

#include <math.h>
#include <time.h>

#define FRAMES 20

static int put_samples(struct live *l, const char *device, uint64_t seq, uint64_t t_us,
                       struct err *e)
{
    uint8_t data[FRAMES * 6], bytes[1024];
    for (int i = 0; i < FRAMES; i++) {
        double t = ((double)t_us + i * 10000.0) / 1e6;
        for (int c = 0; c < 3; c++) {
            mote_put16(data + (i * 3 + c) * 2,
                       (uint16_t)(int16_t)(1000.0 * sin(t * (3 + c)) + (c == 2 ? 9810 : 0)));
        }
    }
    struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                           .seq = seq,
                           .t_us = t_us,
                           .interval_ns = 10000000,
                           .type = MOTE_I16,
                           .channels = 3,
                           .scale = 0.001f,
                           .data = data,
                           .data_len = sizeof(data),
                           .flags = MOTE_BLOCK_SIMULATED};
    int len = mote_block_encode(bytes, sizeof(bytes), &b);
    return len < 0 ? err_set(e, E_FORMAT, "cannot encode samples: %d", len)
                   : live_put(l, device, "acc", bytes, (size_t)len);
}

static int put_event(struct live *l, const char *device, uint64_t seq, uint64_t t_us, struct err *e)
{
    uint8_t data[256], bytes[512];
    struct mote_event ev = {.t_us = t_us - 1000000,
                            .dur_us = 1000000,
                            .label = {"normal", 6},
                            .score = 0.75f,
                            .model = {"fan", 3}};
    int n = mote_events_encode(data, sizeof(data), &ev, 1);
    struct mote_block b = {.kind = MOTE_BLOCK_EVENT,
                           .seq = seq,
                           .t_us = t_us,
                           .data = data,
                           .data_len = (size_t)(n < 0 ? 0 : n),
                           .flags = MOTE_BLOCK_SIMULATED};
    int len = n < 0 ? n : mote_block_encode(bytes, sizeof(bytes), &b);
    return len < 0 ? err_set(e, E_FORMAT, "cannot encode an event: %d", len)
                   : live_put(l, device, "acc", bytes, (size_t)len);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct live *l = NULL;
    if (argc != 3) {
        fputs("usage: labeler-live PROJECT DEVICE\n", stderr);
        return 2;
    }
    int rc = live_open(&l, argv[1], &e);
    // From device time 110 s on, which lies in the long sound that labeler-seed makes; paced as a device paces itself.
    for (uint64_t k = 0; rc == OK; k++) {
        uint64_t t = 110000000ull + k * FRAMES * 10000;
        rc = put_samples(l, argv[2], k * 2, t, &e);
        rc = rc || k % 5 ? rc : put_event(l, argv[2], k * 2 + 1, t, &e);
        nanosleep(&(struct timespec){.tv_nsec = FRAMES * 10000000}, NULL);
    }
    fprintf(stderr, "labeler-live: %s\n", e.msg);
    live_close(l);
    return 1;
}
