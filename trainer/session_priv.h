// What the steps of a training share.
#ifndef TRAINER_SESSION_PRIV_H
#define TRAINER_SESSION_PRIV_H

#include "common/buf.h"
#include "common/project.h"
#include "common/store/store.h"
#include "trainer/arch.h"
#include "trainer/graph.h"
#include "trainer/par.h"
#include "trainer/session.h"
#include "trainer/ship.h"
#include "trainer/split.h"
#include "trainer/weights.h"

struct session {
    const struct session_options *o;
    struct project project;
    struct store *store;
    struct recipe recipe;
    struct windows windows;
    struct features features;
    struct par *par;
    int lanes;
    struct net net;
    struct weights from;
    char parent[STORE_DIGEST_TEXT];
    struct novelty novelty;
    float threshold;
    struct graph graph;
    struct quant_sim *sim;
    struct fit_result fit;
    json_t *curve;
    struct buf pipeline, int8_file, float_file;
    void *file;           // the int8 file, aligned
    struct ship_runtime *runtime;
    struct judge test_float, test_int8;
    struct parity parity;
    char dataset[STORE_DIGEST_TEXT], digest[STORE_DIGEST_TEXT];
    int64_t train_ms, features_ms, total_ms;
};

// session_learn.c: network, training, novelty, int8.
int session_learn(struct session *s, struct err *e) MUST_CHECK;
int session_quantize(struct session *s, struct err *e) MUST_CHECK;
int session_judge(struct session *s, struct err *e) MUST_CHECK;
// session_keep.c: the report, and files and rows.
json_t *session_report(const struct session *s);
int session_keep(struct session *s, struct err *e) MUST_CHECK;
int session_find_parent(struct session *s, struct err *e) MUST_CHECK;

// The windows of one split as samples to train on or judge by; order holds their numbers.
struct sample_set {
    struct session *s;
    uint32_t *window;
    float *target, *weight, *chance;
    bool changed; // by augmentation
    struct fit_data data;
};
int sample_set_make(struct sample_set *set, struct session *s, enum split split, size_t most, struct err *e) MUST_CHECK;
void sample_set_release(struct sample_set *set);

#endif
