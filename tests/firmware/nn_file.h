// Files for tests of the device runtime: whole, and aligned as mote_nn.h asks.
#ifndef TESTS_FIRMWARE_NN_FILE_H
#define TESTS_FIRMWARE_NN_FILE_H

#include "firmware/core/nn/mote_nn.h"

struct nn_test_file {
    uint8_t *data; // 64-byte aligned; free it
    size_t len;
};

// Path below the shared folder of facts, or NULL where that folder is not here. Static buffer.
static inline const char *nn_shared_path(const char *name)
{
    static char path[512];
    const char *root = getenv("MOTELOOP_SHARED");
    snprintf(path, sizeof path, "%s/%s", root != NULL ? root : "../shared", name);
    return path;
}

static inline struct nn_test_file nn_read_file(const char *path)
{
    struct nn_test_file f = {NULL, 0};
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        return f;
    }
    fseek(in, 0, SEEK_END);
    f.len = (size_t)ftell(in);
    rewind(in);
    f.data = aligned_alloc(64, (f.len + 64) / 64 * 64);
    if (f.data == NULL || fread(f.data, 1, f.len, in) != f.len) {
        free(f.data);
        f.data = NULL;
    }
    fclose(in);
    return f;
}

#endif
