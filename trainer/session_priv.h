// What the steps of a training share.
#ifndef TRAINER_SESSION_PRIV_H
#define TRAINER_SESSION_PRIV_H

#include "common/buf.h"
#include "common/io.h"
#include "common/project.h"
#include "common/store/store.h"
#include "trainer/arch.h"
#include "trainer/graph.h"
#include "trainer/par.h"
#include "trainer/session.h"
#include "trainer/ship.h"
#include "trainer/split.h"
#include "trainer/squeeze_tune.h"
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
    char parent[STORE_DIGEST_TEXT], parent_path[IO_PATH_MAX]; // its .tflite
    int64_t patch; // bytes over the air from the parent; -1: no parent, or its file is not there
    struct novelty novelty;
    float number_mean, number_gain; // of regress: x' = (x - mean) * gain
    float threshold;
    struct graph graph;
    struct quant_sim *sim;
    struct fit_result fit;
    struct session_teach *teach; // NULL: no teacher
    struct net trained;          // as it was before squeezing; no layers where nothing was squeezed
    struct squeeze_tune *tune;   // whose ranges the model takes, or NULL: calibration
    bool wide;                   // int16 activations
    json_t *decision;            // how smoothing, threshold and suppression were chosen, or NULL
    json_t *steps;               // of squeezing: a row each
    json_t *curve;
    struct buf pipeline, int8_file, float_file;
    void *file;           // the int8 file, aligned
    struct ship_runtime *runtime;
    struct judge test_float, test_int8;
    struct parity parity;
    char dataset[STORE_DIGEST_TEXT], digest[STORE_DIGEST_TEXT];
    int64_t train_ms, features_ms, total_ms;
};

// session_teach.c: loads the recipe's teachers for a run with so many lanes and samples a batch; NULL hook: none.
int session_teach_start(struct session *s, int lanes, int batch, struct err *e) MUST_CHECK;
const struct fit_hook *session_teach_hook(const struct session *s);
int session_teachers(const struct session *s);
void session_teach_end(struct session *s);
// session_classic.c: learners that are no networks. Tables (forest, mixtures) have no s->net, but s->graph.
bool session_is_classic(const struct session *s);
bool session_is_table(const struct session *s);
int session_classic_learn(struct session *s, struct err *e) MUST_CHECK;
// Of a table: trains it, and sets s->graph (quantized) and s->threshold.
int session_table_make(struct session *s, struct err *e) MUST_CHECK;
// session_squeeze.c: what [squeeze] and [quantize] ask for, step by step, each measured into s->steps.
int session_squeeze(struct session *s, struct err *e) MUST_CHECK;
// Milliseconds of one inference of a model file on the recipe's board, by the fitted cost of each operator; negative: not
// known.
double session_estimate_ms(const struct session *s, const struct buf *file);
// Whether the shipped graph ends in a softmax: one rule for all that build it, because they share tensor numbers.
static inline bool session_has_softmax(const struct session *s)
{
    return s->recipe.task == TASK_CLASSIFY || s->recipe.task == TASK_DETECT;
}
// The split that the model is judged by.
static inline enum split session_judged(const struct session *s)
{
    return s->o->trial ? SPLIT_VALIDATE : SPLIT_TEST;
}
// Lanes of a run, by the network and the batch.
int session_lanes(const struct session *s, int batch);
// An int8 graph of s->net by the recipe and, where it was tuned for it, the tuned ranges.
int session_quantized(struct session *s, const struct net *n, const struct squeeze_tune *tune,
                      struct graph *g, struct err *e) MUST_CHECK;
// session_decide.c: smoothing, threshold and suppression from the validation groups' whole recordings.
int session_decide(struct session *s, struct err *e) MUST_CHECK;
// Pipeline and both files anew, by s->threshold and the recipe's decision.
int session_package(struct session *s, struct err *e) MUST_CHECK;
// session_learn.c: network, training, novelty, int8.
int session_learn(struct session *s, struct err *e) MUST_CHECK;
int session_quantize(struct session *s, struct err *e) MUST_CHECK;
int session_judge(struct session *s, struct err *e) MUST_CHECK;
// session_numbers.c: training sees the numbers of a regression with mean 0 and deviation 1; the model that ships gives them
// as they are, because its last layer is turned back. scale: only where the network is an earlier model.
void session_numbers_measure(struct session *s);
void session_numbers_scale(struct session *s, bool earlier);
void session_numbers_unscale(struct session *s);
// session_threshold.c: a classifier's lowest score; of an anomaly model the largest distance, once s->sim is there.
int session_choose_threshold(struct session *s, struct err *e) MUST_CHECK;
int session_choose_distance(struct session *s, struct err *e) MUST_CHECK;
// session_keep.c: the report, and files and rows.
json_t *session_report(const struct session *s);
int session_keep(struct session *s, struct err *e) MUST_CHECK;
int session_find_parent(struct session *s, struct err *e) MUST_CHECK;
// session_patch.c: with a frozen body, the earlier model's activation scales in all of the graph but its last layer, so that
// biases and multipliers stay as well; nothing where the graphs differ or something was squeezed.
int session_frozen_scales(const struct session *s, struct graph *g, struct err *e) MUST_CHECK;
// Sets s->patch, once the model is judged.
int session_patch_size(struct session *s, struct err *e) MUST_CHECK;
// The float weights beside a model file.
int session_weights_path(char out[IO_PATH_MAX], const char *model, struct err *e) MUST_CHECK;

// The windows of one split as samples to train on or judge by; order holds their numbers.
struct sample_set {
    struct session *s;
    uint32_t *window;
    float *target, *weight, *chance;
    bool changed; // by augmentation
    struct fit_data data;
};
int sample_set_make(struct sample_set *set, struct session *s, enum split split, size_t most,
                    struct err *e) MUST_CHECK;
void sample_set_release(struct sample_set *set);

#endif
