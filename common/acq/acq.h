// Acquisition formats of others, decoded into one recording: Edge Impulse JSON and CBOR (with a binary
// tail, with signatures), SenML JSON and CBOR (RFC 8428). Everything is checked; nothing of the message
// is kept. Values become float32; a binary tail keeps its type.
#ifndef COMMON_ACQ_ACQ_H
#define COMMON_ACQ_ACQ_H

#include "common/dataset.h"

struct err;

#define ACQ_BYTES_MAX ((size_t)64 << 20) // of a message

struct acq {
    struct ds_item
        item; // borrows the fields below; name, group and path are "" for the caller to set
    char device[64];        // as the message says; not a device id of ours yet
    char device_type[64];
    bool is_signed;         // a signature was there and fits the key
    // private
    uint8_t *raw;
    char stream[32], units[32], channel_names[1024];
};

// Decides by the bytes which of the formats it is. key: of signatures; NULL: they are not looked at. E_AUTH
// where a signature does not fit, E_FORMAT where the bytes are none of these, E_LIMIT beyond ceilings.
int acq_read(struct acq *a, const uint8_t *p, size_t len, const char *key,
             struct err *e) MUST_CHECK;
int acq_read_ei_json(struct acq *a, const uint8_t *p, size_t len, const char *key,
                     struct err *e) MUST_CHECK;
int acq_read_ei_cbor(struct acq *a, const uint8_t *p, size_t len, const char *key,
                     struct err *e) MUST_CHECK;
int acq_read_senml_json(struct acq *a, const uint8_t *p, size_t len, struct err *e) MUST_CHECK;
int acq_read_senml_cbor(struct acq *a, const uint8_t *p, size_t len, struct err *e) MUST_CHECK;
void acq_release(struct acq *a); // accepts the zeroed struct

#endif
