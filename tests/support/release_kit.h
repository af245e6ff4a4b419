// Makes what a server would publish for a release: a key set, a small real model, its manifest,
// signed by keys made from a seed. For tests of devices.
#ifndef SUPPORT_RELEASE_KIT_H
#define SUPPORT_RELEASE_KIT_H

#include "common/buf.h"
#include "firmware/core/pkg/mote_pkg.h"

struct kit_key {
    uint8_t secret[32];
    uint8_t point[MOTE_PUBKEY_LEN];
    uint8_t kid[MOTE_KID_LEN];
};

struct kit {
    struct kit_key root, release, beacon, stranger;
    uint8_t keys[1024]; // signed key set
    size_t keys_len;
};

struct kit_release {
    struct buf model;
    struct mote_manifest manifest;    // texts and goldens are borrowed from here
    uint8_t window[6000], output[64]; // of the golden window
    uint8_t signed_manifest[MOTE_MANIFEST_MAX];
    size_t signed_len;
    uint8_t digest[MOTE_DIGEST_LEN]; // of signed_manifest
};

void kit_init(struct kit *k, uint64_t seed, uint32_t keyset_version);
// Signs any payload by a key; returns the length.
size_t kit_sign(const struct kit_key *key, const void *payload, size_t len, uint8_t *out,
                size_t cap);
// A classifier of the stream "acc" (3 channels, int16, 100 Hz; windows of 100 frames, stride 50) by
// the standard deviation of its axes: "calm" below about 0.7 m/s2, "shaking" above. smooth,
// variant: to make models that differ; 9 has windows of 1000 frames. The manifest says confirm after health_us.
void kit_release_init(struct kit_release *r, uint32_t seq, uint64_t health_us, int variant);
// After a change to manifest: encodes and signs again.
void kit_release_sign(struct kit_release *r, const struct kit_key *key);
void kit_release_release(struct kit_release *r);

#endif
