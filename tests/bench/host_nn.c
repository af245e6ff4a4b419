// How long this machine's own kernels take: host-nn MODEL INPUT SECONDS prints the fastest inference in microseconds of
// processor time, by batches of inferences of at least 50 microseconds.
#include "firmware/core/nn/mote_nn.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST (4u << 20) // bytes of a model

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t load(const char *path, void *data, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t len = f != NULL ? fread(data, 1, room, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    return len;
}

static double fastest(struct mote_nn *nn, double seconds)
{
    double best = 1e12;
    int batch = 1;
    for (double end = now_us() + seconds * 1e6; now_us() < end;) {
        double start = now_us();
        for (int i = 0; i < batch; i++) {
            if (mote_nn_invoke(nn) != MOTE_OK) {
                return -1;
            }
        }
        double took = now_us() - start;
        if (took < 50) {
            batch *= 2;
        } else if (took / batch < best) {
            best = took / batch;
        }
    }
    return best;
}

int main(int argc, char **argv)
{
    struct mote_nn nn;
    struct mote_nn_tensor in;
    size_t need = 0;
    void *file = aligned_alloc(16, MOST);
    size_t len = argc == 4 && file != NULL ? load(argv[1], file, MOST) : 0;
    if (mote_nn_arena_size(file, len, &mote_nn_ops_all, 0, &need, NULL) != MOTE_OK) {
        fprintf(stderr, "cannot run '%s'\n", argc > 1 ? argv[1] : "");
        free(file);
        return 1;
    }
    void *arena = aligned_alloc(64, (need + 63) / 64 * 64);
    int rc = mote_nn_open(&nn, file, len, &mote_nn_ops_all, 0, arena, need, NULL);
    if (rc == MOTE_OK && mote_nn_input(&nn, 0, &in) == MOTE_OK &&
        load(argv[2], in.data, in.bytes) == in.bytes) {
        printf("%.3f\n", fastest(&nn, atof(argv[3])));
    }
    free(arena);
    free(file);
    return rc == MOTE_OK ? 0 : 1;
}
