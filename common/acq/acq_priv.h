// Inside common/acq: what the readers share.
#ifndef COMMON_ACQ_ACQ_PRIV_H
#define COMMON_ACQ_ACQ_PRIV_H

#include "common/acq/acq.h"

struct acq_values { // rows of numbers as they come
    float *v;
    size_t count, cap;
};
int acq_values_add(struct acq_values *a, double v,
                   struct err *e) MUST_CHECK; // E_LIMIT, E_FORMAT for infinities
void acq_values_release(struct acq_values *a);

#define ACQ_CHANNELS_MAX DS_MAX_CHANNELS
struct acq_sensors {
    char name[ACQ_CHANNELS_MAX][64], units[ACQ_CHANNELS_MAX][32];
    size_t count;
};
// Fills a from values (taken over) or, where tail is not NULL, from raw samples of that type.
int acq_finish(struct acq *a, const struct acq_sensors *s, struct acq_values *v, double interval_ms,
               struct err *e) MUST_CHECK;
int acq_finish_raw(struct acq *a, const struct acq_sensors *s, const uint8_t *tail, size_t len,
                   unsigned type, double interval_ms, struct err *e) MUST_CHECK;
// "Ref-BINARY-i16" and its kin; -1: not one.
int acq_binary_type(const char *text, size_t len);
// HMAC-SHA256 over the message with 64 zeros in place of its signature, which starts at sig.
int acq_check_signature(const uint8_t *p, size_t len, size_t sig, const char *key,
                        struct err *e) MUST_CHECK;
#define ACQ_SIGNATURE 64

// SenML records, resolved (RFC 8428, section 4.6), become frames of channels.
struct acq_senml;
struct acq_senml_record { // one record; absent members: has_* false, name NULL
    const char *bn, *bu, *n, *u;
    size_t bn_len, bu_len, n_len, u_len;
    bool has_bt, has_bv, has_v, has_t;
    double bt, bv, v, t;
};
struct acq_senml *acq_senml_new(void);
void acq_senml_free(struct acq_senml *s);
int acq_senml_add(struct acq_senml *s, const struct acq_senml_record *r, struct err *e) MUST_CHECK;
int acq_senml_finish(struct acq_senml *s, struct acq *a, struct err *e) MUST_CHECK;

#endif
