// Releases in the project: made from a model, kept in the store, published through the outbox.
#ifndef CONVERTER_CVT_RELEASE_H
#define CONVERTER_CVT_RELEASE_H

#include "converter/cvt_pack.h"

struct cvt_release_options {
    const char *model; // path, digest, id; NULL: the newest
    const char *name;  // NULL: as the model is named
    uint64_t health_us, expires_s;
    uint32_t min_class;
    const char *delta_from; // model that devices have (path, digest, id); NULL: the payload is the
                            // whole model
};

struct cvt_released {
    int64_t release_id, seq;
    char name[MOTE_NAME_MAX + 1], digest_text[HEX_DIGEST_TEXT], model[HEX_DIGEST_TEXT];
    size_t golden, golden_seeded, arena, bytes, manifest_bytes;
    char ops[512];
    size_t payload_bytes;
    bool delta; // false although asked for: it would have been no smaller
};

// One transaction: the release's row, the manifest (r/DIGEST/m) and the payload's blocks
// (r/DIGEST/b/GROUP/N), all retained. A model that is only a file is copied into models/ and
// registered. A delta fits only devices that run the model it is from, so a fleet that is not of
// one mind gets the whole one.
int cvt_release_make(struct cvt_released *out, const struct project *p, struct store *s,
                     const struct cvt_release_options *o, struct err *e) MUST_CHECK;
// Withdraws a release's retained messages: empty payloads.
int cvt_release_sweep(struct store *s, int64_t release_id, const char *digest_text,
                      int64_t payload_bytes, int64_t block_size, struct err *e) MUST_CHECK;

#endif
