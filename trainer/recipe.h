// A recipe: everything that turns labelled data into a model, as a text file (docs/recipes.md).
//
// One table (recipe_keys) makes the parser, the list of known names for error messages, and the check that the
// document explains every key.
#ifndef TRAINER_RECIPE_H
#define TRAINER_RECIPE_H

#include "common/conf.h"
#include "firmware/core/dsp/mote_dsp.h"
#include "trainer/fit.h"
#include "trainer/quant.h"

#define RECIPE_TEXT 512
#define RECIPE_LIST 64

enum recipe_group { GROUP_AUTO, GROUP_DEVICE, GROUP_GROUP, GROUP_RECORDING };
enum recipe_conflict { CONFLICT_MOST, CONFLICT_DROP };
enum recipe_pad { PAD_NONE, PAD_ZERO, PAD_REPEAT };
enum recipe_task { TASK_CLASSIFY, TASK_ANOMALY, TASK_REGRESS, TASK_DETECT };
enum recipe_standardise { STANDARDISE_NONE, STANDARDISE_ALL, STANDARDISE_CLASS };
enum recipe_freeze { FREEZE_NONE, FREEZE_BODY };
enum recipe_balance { BALANCE_NONE, BALANCE_WEIGHTS, BALANCE_SAMPLING };
enum recipe_network {
    NET_MLP,
    NET_CNN1D,
    NET_CNN2D,
    NET_DSCNN,
    NET_MOBILENET1,
    NET_MOBILENET2,
    NET_RESNET8,
    NET_TCRESNET,
    NET_AUTOENCODER,
    NET_CUSTOM,
    NET_LOGISTIC,
    NET_SVM,
    NET_FOREST,
    NET_KMEANS,
    NET_GMM,
    NET_FOMO
};

struct recipe_span { // a length of time: frames where given as such, else seconds
    double seconds;
    int64_t frames; // RECIPE_WHOLE: a recording
};
#define RECIPE_WHOLE (-1)

struct recipe {
    // [model]
    char name[32];
    int64_t task;
    char description[RECIPE_TEXT];
    // [data]
    char stream[32], dataset[72], labels[RECIPE_TEXT], drop[RECIPE_TEXT], rename[RECIPE_TEXT];
    struct recipe_span window, stride;
    double inside;
    int64_t conflict, pad, group;
    double test, validate;
    char test_groups[RECIPE_TEXT], validate_groups[RECIPE_TEXT];
    int64_t per_recording, balance;
    // [features]
    struct mote_dsp_config dsp;
    int64_t standardise;
    double limit;
    // [augment]
    double noise, gain, shift, stretch, rotate, background, time_mask, time_warp, band_mask,
        band_warp, band_tilt, flip, crop, colour, zoom, turn, erase;
    // [network]
    int64_t network;
    char hidden[RECIPE_TEXT], filters[RECIPE_TEXT];
    int64_t kernel, pool, blocks;
    double width, dropout;
    bool norm;
    // [classic]
    double penalty;
    int64_t trees, depth, leaf, inputs, components;
    // [train]
    int64_t epochs, batch, patience, lanes, optimizer, schedule, loss, step_epochs, seconds;
    double rate, momentum, decay, warmup, step_factor, clip, ema, mixup, smoothing, gamma, delta,
        object;
    // [finetune]
    int64_t tune_epochs, freeze;
    double tune_rate;
    // [quantize]
    int64_t calibrate, calibration_windows;
    double percentile;
    bool per_channel_dense;
    int64_t wide; // int16 activations
    // [squeeze]
    int64_t squeeze_epochs, squeeze_rounds, squeeze_clusters;
    double squeeze_rate, squeeze_channels, squeeze_sparsity;
    bool squeeze_round;
    char board[32];
    // [teach]
    char teacher[RECIPE_TEXT];
    double teach_share, teach_temperature;
    // [decision]
    int64_t centroids, smooth, suppress;
    double known_share, threshold, margin;
    bool choose;         // smooth, suppress and threshold from validation recordings
    double false_alarms; // an hour
    // [limits]
    int64_t flash, ram, patch;
    // [gates]
    double accuracy, int8_loss, error;

    int64_t cells;    // of detect: of the network's grid; set by training
    struct conf conf; // private: the text, for layer lines
    uint8_t digest[32];
    char *text;       // as read; ends with NUL
};

// Reads, checks, refuses unknown keys. recipe_release frees; a zeroed recipe may be released.
int recipe_load(struct recipe *r, const char *path, struct err *e) MUST_CHECK;
int recipe_parse(struct recipe *r, const char *name, const char *text, size_t len,
                 struct err *e) MUST_CHECK;
void recipe_release(struct recipe *r);
// Splits "a, b c" into words; returns how many (at most max). Words are cut into buf, which holds RECIPE_TEXT.
size_t recipe_words(const char *list, char *buf, char **word, size_t max);
// Whole numbers of a list such as "32, 16"; E_FORMAT names the one that is off.
int recipe_numbers(const char *list, int64_t lo, int64_t hi, int64_t *out, size_t max,
                   size_t *count, struct err *e) MUST_CHECK;
int64_t recipe_frames(const struct recipe_span *s, uint64_t interval_ns);
void recipe_fit_options(const struct recipe *r, struct fit_options *o);

struct recipe_key {
    const char *section, *name, *help;
};
// Every key in the order of the document; NULL name ends it.
const struct recipe_key *recipe_key_at(size_t i);

#endif
