// The training loop: batches, optimizers, learning-rate schedules, early stopping, checkpoints.
//
// Deterministic: batches and every random choice follow from seed and epoch; the batch is cut into `lanes`
// fixed shares whose gradients are summed in order, whatever number of threads runs them. Because nothing else
// is random, a run that was killed and resumed from its checkpoint ends with the same bytes.
#ifndef TRAINER_FIT_H
#define TRAINER_FIT_H

#include "trainer/loss.h"
#include "trainer/net.h"

struct err;
struct par;

enum fit_optimizer { FIT_ADAM, FIT_ADAMW, FIT_SGD };
enum fit_schedule { FIT_CONSTANT, FIT_COSINE, FIT_STEP, FIT_ONE_CYCLE };

// Lets others take part in a run: squeezing (squeeze_tune.h), distillation (squeeze_teach.h). Members may be NULL.
struct fit_hook {
    void *ctx, *teach_ctx;
    // Before every batch: the network that the lanes run. It has n's layers, and parameters of its own (rounded,
    // masked); slopes of those are taken as slopes of n's.
    const struct net *(*view)(void *ctx, const struct net *n);
    // After every step; at: epochs done, with their fraction.
    void (*stepped)(void *ctx, const struct lane *lane, int lanes, float at);
    // Adds to the loss and the slopes of a lane's n samples, whose inputs and outputs are x and y; lanes run at once.
    double (*teach)(void *teach_ctx, int lane, const float *x, int n, const float *y, float *dy);
};

struct fit_options {
    int epochs, batch;
    int lanes;           // 1..FIT_LANES_MAX
    enum fit_optimizer optimizer;
    enum fit_schedule schedule;
    float rate, momentum, decay;
    float warmup;        // epochs of a rising rate
    int step_epochs;     // of STEP: epochs between two falls by step_factor
    float step_factor;
    float clip;          // largest norm of a gradient; 0: none
    float ema;           // share kept of averaged weights per step, such as 0.999; 0: off
    float mixup;         // alpha of mix-up's Beta(alpha, alpha); 0: off
    int patience;        // epochs without a better validation; 0: never stop early
    int64_t limit_ms;    // stop after this time; 0: none
    struct loss loss;
    const struct fit_hook *hook; // borrowed, or NULL
    uint64_t seed;
    const char *checkpoint;  // path, or NULL
    int64_t checkpoint_ms;   // at least, between two
    uint8_t identity[32];    // what a checkpoint must have been made for
};
#define FIT_LANES_MAX 64

// Samples. fill writes one sample's input: key is the same for the same (seed, epoch, sample) and is for
// augmentation's random choices; 0 means none. It is called from several threads at once, each with a lane of its own.
struct fit_data {
    size_t n;
    void *ctx;
    void (*fill)(void *ctx, int lane, uint32_t sample, uint64_t key, float *x);
    const float *target; // n x outputs
    const float *weight; // n, or NULL
    const float
        *chance; // n: how likely a sample is drawn (balanced sampling), or NULL: each once an epoch
};

struct fit_epoch {
    int epoch, epochs;
    double loss, check_loss,
        check_accuracy; // check: of the validation set; accuracy negative for regression
    float rate;
    bool best;
};
// Called after every epoch; a non-zero value stops the run after it (as if epochs had ended).
typedef int (*fit_fn)(void *ctx, const struct fit_epoch *e);

struct fit_result {
    int epochs;      // that were run
    int best_epoch;  // whose weights the network holds now
    double loss, check_loss, check_accuracy;
    int64_t samples; // trained on, repeats counted
};

// Trains net in place. check may be empty (n 0): then the last weights are kept. E_STATE where the loss
// diverges (not finite).
int fit_run(struct net *net, const struct fit_data *train, const struct fit_data *check,
            const struct fit_options *o, struct par *par, fit_fn fn, void *fn_ctx,
            struct fit_result *result, struct err *e) MUST_CHECK;

// Outputs of the network for every sample (n x outputs, caller's), without augmentation.
int fit_predict(const struct net *net, const struct fit_data *d, int lanes, struct par *par,
                float *y, struct err *e) MUST_CHECK;
// The learning rate at a point of a run, 0 <= at <= epochs.
float fit_rate(const struct fit_options *o, float at);

#endif
