// A model to a signed manifest, and back: what is published is what was checked here.
#ifndef CONVERTER_CVT_PACK_H
#define CONVERTER_CVT_PACK_H

#include "converter/cvt_golden.h"
#include "converter/cvt_key.h"
#include "converter/cvt_model.h"

struct cvt_pack_options {
    int64_t seq;        // of the release, from 1
    const char *name;   // slot name
    uint64_t expires_s; // 0: never
    uint64_t health_us;
    uint32_t min_class;
    const struct cvt_model *base; // of a delta; NULL: the payload is the model itself
    const void *payload;          // of a delta
    size_t payload_len;
};

struct cvt_package {
    struct mote_manifest manifest; // text points into ops and signed_bytes' sources: see below
    char ops[512], name[MOTE_NAME_MAX + 1];
    uint8_t signed_bytes[MOTE_MANIFEST_MAX]; // COSE_Sign1
    size_t signed_len;
    uint8_t digest[MOTE_DIGEST_LEN]; // of signed_bytes
    char digest_text[HEX_DIGEST_TEXT];
};

// Builds and signs. The model, its golden windows and pack must outlive the use of pack->manifest.
// E_LIMIT where the manifest does not fit MOTE_MANIFEST_MAX. The signature is checked against set,
// so that a key that devices do not trust is refused here (E_AUTH).
int cvt_pack(struct cvt_package *pack, const struct cvt_model *m, const struct cvt_golden *golden,
             size_t arena, const struct cvt_pack_options *o, struct cvt_key *key,
             const struct mote_keyset *set, struct err *e) MUST_CHECK;
// Checks a signed manifest against the keys of set and decodes it; text is borrowed from bytes.
int cvt_unpack(struct mote_manifest *m, const void *bytes, size_t len,
               const struct mote_keyset *set, struct err *e) MUST_CHECK;
// SHA-256 over what the model was made from (docs/formats/release.md).
void cvt_provenance(const struct cvt_model *m, uint8_t out[MOTE_DIGEST_LEN]);

#endif
