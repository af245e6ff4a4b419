// Reading recipes. See recipe.h.
#include "trainer/recipe.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/parse.h"
#include "trainer/classic.h"

#include <ctype.h>
#include <math.h>

enum type { NUMBER, WHOLE, FLAG, TEXT, CHOICE, SPAN };

struct key {
    struct recipe_key k;
    enum type type;
    size_t offset, size; // of the member; size of TEXT
    double lo, hi;
    const char *choices; // blank between, counted from 0
};

#define AT(m) offsetof(struct recipe, m)
#define SIZE(m) sizeof(((struct recipe *)0)->m)
#define NUM(s, n, m, lo, hi, h) {{s, n, h}, NUMBER, AT(m), 0, lo, hi, NULL}
#define INT(s, n, m, lo, hi, h) {{s, n, h}, WHOLE, AT(m), 0, lo, hi, NULL}
#define YES(s, n, m, h) {{s, n, h}, FLAG, AT(m), 0, 0, 0, NULL}
#define TXT(s, n, m, h) {{s, n, h}, TEXT, AT(m), SIZE(m), 0, 0, NULL}
#define ONE(s, n, m, c, h) {{s, n, h}, CHOICE, AT(m), 0, 0, 0, c}
#define DUR(s, n, m, h) {{s, n, h}, SPAN, AT(m), 0, 0, 0, NULL}

static const struct key keys[] = {
    TXT("model", "name", name, "slot name on devices"),
    ONE("model", "task", task, "classify anomaly regress detect", "what the outputs mean"),
    TXT("model", "description", description, "free words, kept in the file"),
    TXT("data", "stream", stream, "stream of samples that the model listens to"),
    TXT("data", "dataset", dataset,
        "digest of a dataset version, or its beginning, in place of all that is labelled"),
    TXT("data", "labels", labels,
        "classes in the order of the outputs; empty: all labels found, by name"),
    TXT("data", "drop", drop, "labels that are left out"),
    TXT("data", "rename", rename, "old=new pairs: labels that are taken as others"),
    DUR("data", "window", window, "length of a window"),
    DUR("data", "stride", stride, "between the starts of two windows"),
    NUM("data", "inside", inside, 0.1, 1,
        "share of a window that must lie inside its label's region"),
    ONE("data", "conflict", conflict, "most drop",
        "a window with two labels: the longer one, or none"),
    ONE("data", "pad", pad, "none zero repeat",
        "recordings shorter than a window: left out, or filled up"),
    ONE("data", "group", group, "auto device group recording", "what stays on one side of a split"),
    NUM("data", "test", test, 0, 0.9, "share of groups that are only judged on"),
    NUM("data", "validate", validate, 0, 0.9, "share of groups that training watches"),
    TXT("data", "test_groups", test_groups, "groups by name instead of a share"),
    TXT("data", "validate_groups", validate_groups, "groups by name instead of a share"),
    INT("data", "per_recording", per_recording, 0, 1000000,
        "most windows of one recording; 0: all"),
    ONE("data", "balance", balance, "none weights sampling", "classes of different size"),
    ONE("features", "standardise", standardise, "no all class",
        "features to mean 0 and deviation 1, of all training windows or within classes"),
    NUM("features", "limit", limit, 0, 1000,
        "smallest deviation that is divided by, as share of the mean one"),
    NUM("augment", "noise", noise, 0, 10, "white noise, as share of the window's deviation"),
    NUM("augment", "gain", gain, 0, 0.95, "largest relative change of amplitude"),
    NUM("augment", "shift", shift, 0, 1, "largest shift, as share of a window"),
    NUM("augment", "stretch", stretch, 0, 0.5, "largest relative change of speed"),
    NUM("augment", "rotate", rotate, 0, 180, "largest turn of three-axis data, degrees"),
    NUM("augment", "background", background, 0, 5,
        "level of another window mixed in, as share of this one's"),
    NUM("augment", "time_mask", time_mask, 0, 0.9, "largest share of feature rows blanked out"),
    NUM("augment", "time_warp", time_warp, 0, 0.5,
        "largest relative change of tempo, the pitch staying as it is"),
    NUM("augment", "band_mask", band_mask, 0, 0.9, "largest share of feature columns blanked out"),
    NUM("augment", "band_warp", band_warp, 0, 0.5,
        "largest relative shift of the bands' pitch (vocal tract length)"),
    NUM("augment", "band_tilt", band_tilt, 0, 5, "largest smooth change of the bands' levels"),
    NUM("augment", "flip", flip, 0, 1, "how often a picture is mirrored"),
    NUM("augment", "crop", crop, 0, 0.5, "largest shift of a picture, as share of its side"),
    NUM("augment", "colour", colour, 0, 1, "largest relative change of brightness and contrast"),
    NUM("augment", "zoom", zoom, 0, 0.9, "largest relative change of a picture's size"),
    NUM("augment", "turn", turn, 0, 180, "largest turn of a picture, degrees"),
    NUM("augment", "erase", erase, 0, 0.9,
        "largest side of a square blanked out of a picture, as share of its side"),
    ONE("network", "type", network,
        "mlp cnn1d cnn2d dscnn mobilenet1 mobilenet2 resnet8 tcresnet autoencoder custom logistic "
        "svm forest kmeans gmm fomo",
        "architecture"),
    TXT("network", "hidden", hidden, "units of the dense layers before the last"),
    TXT("network", "filters", filters, "filters of the convolutions, one after another"),
    INT("network", "kernel", kernel, 1, 64, "width of the convolutions"),
    INT("network", "pool", pool, 1, 16, "of cnn1d and cnn2d: pooling behind each convolution"),
    INT("network", "blocks", blocks, 1, 16, "of dscnn: depthwise separable blocks"),
    NUM("network", "width", width, 0.1, 4, "multiplier of the filters of named architectures"),
    NUM("network", "dropout", dropout, 0, 0.9, "before the last layer"),
    YES("network", "norm", norm, "batch normalisation behind each convolution"),
    NUM("classic", "penalty", penalty, 1e-6, 1e6,
        "of logistic and svm: what a wrong window costs beside small weights"),
    INT("classic", "trees", trees, 1, CLASSIC_TREES_MAX, "of forest"),
    INT("classic", "depth", depth, 1, CLASSIC_DEPTH_MAX,
        "of forest: decisions on the way to a leaf at most"),
    INT("classic", "leaf", leaf, 1, 100000, "of forest: windows of a leaf at least"),
    INT("classic", "inputs", inputs, 0, 65535,
        "of forest: features that it reads at most, the most useful; 0: any"),
    INT("classic", "components", components, 1, 32, "of kmeans and gmm: centres of what is normal"),
    INT("train", "epochs", epochs, 1, 100000, "passes over the training windows at most"),
    INT("train", "batch", batch, 1, 4096, "windows to a step"),
    NUM("train", "rate", rate, 1e-7, 10, "learning rate"),
    ONE("train", "optimizer", optimizer, "adam adamw sgd", "how steps are made"),
    ONE("train", "schedule", schedule, "constant cosine step onecycle", "how the rate falls"),
    NUM("train", "warmup", warmup, 0, 1000, "epochs of a rising rate"),
    INT("train", "step_epochs", step_epochs, 1, 100000, "of step: epochs between two falls"),
    NUM("train", "step_factor", step_factor, 0.01, 1, "of step: what the rate is multiplied by"),
    NUM("train", "momentum", momentum, 0, 0.999, "of sgd"),
    NUM("train", "decay", decay, 0, 1, "weight decay of adamw and sgd"),
    NUM("train", "clip", clip, 0, 1e6, "largest norm of a gradient; 0: none"),
    NUM("train", "ema", ema, 0, 0.9999, "averaging of weights over steps; 0: off"),
    NUM("train", "mixup", mixup, 0, 1, "alpha of mix-up; 0: off"),
    ONE("train", "loss", loss, "crossentropy focal mse huber", "what training makes small"),
    NUM("train", "smoothing", smoothing, 0, 0.5, "label smoothing"),
    NUM("train", "gamma", gamma, 0, 5, "of focal"),
    NUM("train", "delta", delta, 1e-6, 1e6, "of huber"),
    NUM("train", "object", object, 1, 10000,
        "of detect: how much more a cell with an object weighs than one without"),
    INT("train", "patience", patience, 0, 100000,
        "epochs without a better validation before it stops; 0: never"),
    INT("train", "seconds", seconds, 0, 864000, "stops after this time; 0: no limit"),
    INT("train", "lanes", lanes, 0, FIT_LANES_MAX,
        "shares that a batch is cut into, a thread each; 0: 1 for small networks, else 2"),
    INT("finetune", "epochs", tune_epochs, 0, 100000, "with --from; 0: as in [train]"),
    NUM("finetune", "rate", tune_rate, 0, 10, "with --from; 0: as in [train]"),
    ONE("finetune", "freeze", freeze, "none body",
        "with --from: what stays as it is; body: all but the last layer"),
    ONE("quantize", "calibrate", calibrate, "minmax percentile mse entropy",
        "how activation ranges are chosen"),
    NUM("quantize", "percentile", percentile, 90, 100,
        "of percentile: share of values kept at either end"),
    INT("quantize", "windows", calibration_windows, 1, 100000,
        "training windows that ranges are taken from"),
    ONE("quantize", "activations", wide, "int8 int16",
        "of the shipped model; weights are int8 either way"),
    YES("quantize", "per_channel_dense", per_channel_dense,
        "a scale for every unit of a dense layer"),
    NUM("squeeze", "channels", squeeze_channels, 0, 0.9,
        "share of the channels that is taken out of every layer; 0: none"),
    INT("squeeze", "rounds", squeeze_rounds, 1, 20,
        "of channels: taken out in so many parts, training on behind each"),
    NUM("squeeze", "sparsity", squeeze_sparsity, 0, 0.98,
        "share of weights that become zero; 0: none"),
    INT("squeeze", "clusters", squeeze_clusters, 0, 128, "distinct weights in a layer; 0: any"),
    YES("squeeze", "rounding", squeeze_round,
        "trains on with weights and activations rounded as int8 will (quantization-aware)"),
    INT("squeeze", "epochs", squeeze_epochs, 1, 10000, "passes of each of these steps"),
    NUM("squeeze", "rate", squeeze_rate, 0, 10,
        "learning rate of these steps; 0: half of [train] rate"),
    TXT("squeeze", "board", board, "board of the estimated times before and after"),
    TXT("teach", "teacher", teacher, "earlier models that this one learns from: digests or names"),
    NUM("teach", "share", teach_share, 0, 1, "share of the loss that is the teachers'"),
    NUM("teach", "temperature", teach_temperature, 1, 20, "softens the teachers' answers"),
    INT("decision", "centroids", centroids, 0, 64,
        "centroids of each class that novelty is measured from; 0: off"),
    NUM("decision", "known_share", known_share, 0.5, 1,
        "share of held-out windows that must count as known"),
    NUM("decision", "threshold", threshold, 0, 1, "scores below are uncertain"),
    NUM("decision", "margin", margin, 0.1, 100,
        "of anomaly: factor on the threshold that is chosen"),
    INT("decision", "smooth", smooth, 1, 64, "scores are the mean of this many windows"),
    INT("decision", "suppress", suppress, 0, 255, "windows that stay quiet after a decision"),
    YES("decision", "choose", choose,
        "threshold, smooth and suppress from the validation groups' whole recordings"),
    NUM("decision", "false_alarms", false_alarms, 0, 1e6,
        "of choose: an hour at most, where that can be had"),
    INT("limits", "flash", flash, 0, 1 << 30, "largest file, bytes; 0: any"),
    INT("limits", "ram", ram, 0, 1 << 30, "largest arena, bytes; 0: any"),
    INT("limits", "patch", patch, 0, 1 << 30,
        "with --from: largest patch over the air, bytes; 0: any"),
    NUM("gates", "accuracy", accuracy, 0, 1, "least int8 accuracy on the test groups"),
    NUM("gates", "error", error, 0, 1e30,
        "of regress: largest mean error on the test groups; 0: any"),
    NUM("gates", "int8_loss", int8_loss, 0, 1, "largest accuracy lost to quantization"),
};

// Keys that are not members: the kind of features, and lines of a network.
static const struct recipe_key extra[] = {
    {"features", "block",
     "raw, spectral, mfe, mfcc, spectrogram, flatten or image; its parameters are keys beside it"},
    {"network", "layer", "of custom: one line for every layer"},
};

const struct recipe_key *recipe_key_at(size_t i)
{
    static const struct recipe_key none = {NULL, NULL, NULL};
    return i < ARRAY_LEN(keys)                      ? &keys[i].k
           : i - ARRAY_LEN(keys) < ARRAY_LEN(extra) ? &extra[i - ARRAY_LEN(keys)]
                                                    : &none;
}

size_t recipe_words(const char *list, char *buf, char **word, size_t max)
{
    size_t count = 0;
    snprintf(buf, RECIPE_TEXT, "%s", list);
    for (char *p = buf; *p && count < max;) {
        while (*p && (isspace((unsigned char)*p) || *p == ',')) {
            p++;
        }
        if (*p) {
            word[count++] = p;
        }
        while (*p && !isspace((unsigned char)*p) && *p != ',') {
            p++;
        }
        if (*p) {
            *p++ = 0;
        }
    }
    return count;
}

int recipe_numbers(const char *list, int64_t lo, int64_t hi, int64_t *out, size_t max,
                   size_t *count, struct err *e)
{
    char buf[RECIPE_TEXT], *word[RECIPE_LIST];
    *count = recipe_words(list, buf, word, max < RECIPE_LIST ? max : RECIPE_LIST);
    for (size_t i = 0; i < *count; i++) {
        if (parse_i64(word[i], lo, hi, &out[i])) {
            return err_set(e, E_FORMAT, "'%s' is not a whole number of %lld to %lld", word[i],
                           (long long)lo, (long long)hi);
        }
    }
    return OK;
}

int64_t recipe_frames(const struct recipe_span *s, uint64_t interval_ns)
{
    if (s->frames != 0 || interval_ns == 0) {
        return s->frames;
    }
    return llround(s->seconds * 1e9 / (double)interval_ns);
}

// "1.28s", "640ms", "128 frames".
static int read_span(const struct conf *c, const struct conf_entry *entry, struct recipe_span *s,
                     struct err *e)
{
    char *end = NULL;
    double v = strtod(entry->value, &end);
    while (end && isspace((unsigned char)*end)) {
        end++;
    }
    *s = (struct recipe_span){0, 0};
    if (strcmp(entry->value, "whole") == 0) {
        s->frames = RECIPE_WHOLE;
        return OK;
    }
    bool fits = v > 0 && v < 1e9 && end != entry->value;
    if (fits && strcmp(end, "frames") == 0 && v >= 1) {
        s->frames = (int64_t)v;
    } else if (fits && strcmp(end, "s") == 0) {
        s->seconds = v;
    } else if (fits && strcmp(end, "ms") == 0) {
        s->seconds = v / 1000;
    } else {
        return conf_bad(c, entry, e,
                        "'%s' is not a time such as '1.28s', '640ms', '128 frames' or 'whole'",
                        entry->value);
    }
    return OK;
}

static int find_choice(const char *choices, const char *value, int64_t *out)
{
    size_t len = strlen(value);
    int64_t at = 0;
    for (const char *p = choices; *p; at++) {
        size_t n = strcspn(p, " ");
        if (n == len && strncmp(p, value, n) == 0) {
            *out = at;
            return OK;
        }
        p += n + (p[n] == ' ');
    }
    return E_NOT_FOUND;
}

static int read_key(struct recipe *r, const struct key *k, struct err *e)
{
    struct conf *c = &r->conf;
    void *to = (char *)r + k->offset;
    const struct conf_entry *entry = conf_find(c, k->k.section, k->k.name);
    if (!entry) {
        return OK;
    }
    switch (k->type) {
    case NUMBER: return conf_f64(c, k->k.section, k->k.name, k->lo, k->hi, to, e);
    case WHOLE: return conf_i64(c, k->k.section, k->k.name, (int64_t)k->lo, (int64_t)k->hi, to, e);
    case FLAG: return conf_bool(c, k->k.section, k->k.name, to, e);
    case SPAN: return read_span(c, entry, to, e);
    case TEXT:
        if (strlen(entry->value) >= k->size) {
            return conf_bad(c, entry, e, "longer than %zu characters", k->size - 1);
        }
        snprintf(to, k->size, "%s", entry->value);
        return OK;
    case CHOICE:
        return find_choice(k->choices, entry->value, to)
                   ? conf_bad(c, entry, e, "'%s' is none of: %s", entry->value, k->choices)
                   : OK;
    }
    return OK;
}

static int read_dsp_param(struct recipe *r, unsigned i, const struct conf_entry *entry,
                          struct err *e)
{
    struct mote_dsp_param param, *p = &param;
    double v = 0;
    int64_t at = 0;
    bool flag = false;
    int rc = mote_dsp_param(i, p) ? E_NOT_FOUND : OK; // the caller has seen it
    if (p->type == MOTE_DSP_PARAM_CHOICE) {
        if (find_choice(p->choices, entry->value, &at)) {
            return conf_bad(&r->conf, entry, e, "'%s' is none of: %s", entry->value, p->choices);
        }
        v = (double)at;
    } else if (p->type == MOTE_DSP_PARAM_FLAG) {
        rc = conf_bool(&r->conf, "features", p->name, &flag, e);
        v = flag;
    } else {
        rc = conf_f64(&r->conf, "features", p->name, (double)p->lo, (double)p->hi, &v, e);
    }
    if (rc == OK && mote_dsp_set(&r->dsp, i, (float)v) != MOTE_OK) {
        rc = conf_bad(&r->conf, entry, e, "'%s' is out of bounds (%g to %g)", entry->value,
                      (double)p->lo, (double)p->hi);
    }
    return rc;
}

static int read_features(struct recipe *r, struct err *e)
{
    const struct conf_entry *block = conf_find(&r->conf, "features", "block");
    int kind = MOTE_DSP_RAW;
    if (block) {
        kind = mote_dsp_kind_find(block->value, strlen(block->value));
        if (kind < 0) {
            return conf_bad(
                &r->conf, block, e,
                "'%s' is no block: raw, spectral, mfe, mfcc, spectrogram, flatten, image",
                block->value);
        }
    }
    mote_dsp_defaults(&r->dsp, (unsigned)kind);
    struct mote_dsp_param param, *p = &param;
    for (unsigned i = 0; mote_dsp_param(i, p) == MOTE_OK; i++) {
        const struct conf_entry *entry = conf_find(&r->conf, "features", p->name);
        if (!entry) {
            continue;
        }
        if (!(p->kinds & 1u << kind)) {
            return conf_bad(&r->conf, entry, e, "block '%s' does not use it",
                            mote_dsp_kind_name((unsigned)kind));
        }
        int rc = read_dsp_param(r, i, entry, e);
        if (rc) {
            return rc;
        }
    }
    return OK;
}

static int check_known(struct recipe *r, struct err *e)
{
    const char *known[256];
    size_t n = 0;
    for (size_t i = 0; recipe_key_at(i)->name && n < ARRAY_LEN(known); i++) {
        known[n++] = recipe_key_at(i)->name;
    }
    struct mote_dsp_param param;
    for (unsigned i = 0; mote_dsp_param(i, &param) == MOTE_OK && n < ARRAY_LEN(known); i++) {
        known[n++] = param.name;
    }
    for (size_t i = 0; i < r->conf.count; i++) {
        struct conf_entry *entry = &r->conf.entry[i];
        if (strcmp(entry->section, "network") == 0 && strcmp(entry->key, "layer") == 0) {
            entry->used = true;
        }
        // conf_find marks the last of a repeated key alone: the earlier ones would be lost silently
        for (size_t j = 0; j < i && strcmp(entry->key, "layer") != 0; j++) {
            if (strcmp(r->conf.entry[j].key, entry->key) == 0 &&
                strcmp(r->conf.entry[j].section, entry->section) == 0) {
                return conf_bad(&r->conf, entry, e, "given twice (line %d)", r->conf.entry[j].line);
            }
        }
    }
    return conf_check_used(&r->conf, known, n, e);
}

static void set_defaults(struct recipe *r)
{
    *r = (struct recipe){
        .name = "model",
        .window = {1, 0},
        .stride = {0.5, 0},
        .inside = 1,
        .pad = PAD_NONE,
        .test = 0.2,
        .validate = 0.2,
        .balance = BALANCE_WEIGHTS,
        .standardise = STANDARDISE_ALL,
        .limit = 0.01,
        .network = NET_MLP,
        .hidden = "32, 16",
        .filters = "16, 32",
        .kernel = 3,
        .pool = 2,
        .blocks = 4,
        .width = 1,
        .norm = true,
        .penalty = 1,
        .trees = 16,
        .depth = 5,
        .leaf = 3,
        .inputs = 32,
        .components = 4,
        .epochs = 60,
        .batch = 32,
        .patience = 15,
        .schedule = FIT_COSINE,
        .step_epochs = 20,
        .rate = 0.003,
        .momentum = 0.9,
        .step_factor = 0.3,
        .gamma = 2,
        .delta = 1,
        .object = 20,
        .calibrate = QUANT_PERCENTILE,
        .calibration_windows = 1000,
        .percentile = 99.99,
        .per_channel_dense = true,
        .false_alarms = 1,
        .squeeze_epochs = 10,
        .squeeze_rounds = 2,
        .board = "pico",
        .teach_share = 0.7,
        .teach_temperature = 3,
        .centroids = 0,
        .smooth = 1,
        .known_share = 0.95,
        .margin = 1,
        .int8_loss = 1,
    };
}

// Detectors keep the grid: one network ends in it, and pictures must stay where their boxes are.
static int check_detect(struct recipe *r, struct err *e)
{
    if ((r->task == TASK_DETECT) != (r->network == NET_FOMO) &&
        (r->task == TASK_DETECT ? r->network != NET_CUSTOM : true)) {
        return err_set(e, E_FORMAT, "%s: task = detect and type = fomo go together", r->conf.name);
    }
    if (r->task == TASK_DETECT && (r->flip > 0 || r->crop > 0 || r->zoom > 0 || r->turn > 0 ||
                                   r->erase > 0 || r->mixup > 0)) {
        return err_set(e, E_FORMAT,
                       "%s: flip, crop, zoom, turn, erase and mixup would move objects away from "
                       "their boxes: detectors "
                       "have colour, gain and noise",
                       r->conf.name);
    }
    return OK;
}

// Which losses a task can have: classes want cross entropies, numbers want distances.
static int check_loss(struct recipe *r, struct err *e)
{
    const struct conf_entry *given = conf_find(&r->conf, "train", "loss");
    bool distance = r->loss == LOSS_MSE || r->loss == LOSS_HUBER,
         wanted = r->task == TASK_ANOMALY || r->task == TASK_REGRESS;
    if (!given) {
        r->loss = wanted ? LOSS_MSE : LOSS_CROSS_ENTROPY;
        return OK;
    }
    return distance == wanted ? OK
                              : conf_bad(&r->conf, given, e,
                                         wanted ? "this task has numbers to meet: mse or huber"
                                                : "this task has classes: crossentropy or focal");
}

// A dataset version says itself which windows there are and on which side of the split each is.
static int check_dataset(struct recipe *r, struct err *e)
{
    static const char *const own[] = {
        "inside",   "conflict",    "group",           "test",
        "validate", "test_groups", "validate_groups", "per_recording"};
    const struct conf_entry *given = conf_find(&r->conf, "data", "dataset");
    size_t len = strlen(r->dataset);
    if (len == 0) {
        return OK;
    }
    if (len < 4 || len > 2 * sizeof(r->digest) || strspn(r->dataset, "0123456789abcdef") != len) {
        return conf_bad(&r->conf, given, e, "'%s' is no digest: 4 to 64 of 0-9 and a-f",
                        r->dataset);
    }
    if (r->task == TASK_DETECT) {
        return conf_bad(&r->conf, given, e,
                        "dataset versions hold no boxes, which a detector learns from");
    }
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        const struct conf_entry *entry = conf_find(&r->conf, "data", own[i]);
        if (entry) {
            return conf_bad(&r->conf, entry, e,
                            "a dataset version settles that itself: leave it out beside 'dataset'");
        }
    }
    return OK;
}

int recipe_parse(struct recipe *r, const char *name, const char *text, size_t len, struct err *e)
{
    set_defaults(r);
    int rc = conf_parse(&r->conf, name, text, len, e);
    if (rc) {
        return rc;
    }
    r->text = strndup(text, len);
    hex_sha256(r->digest, text, len);
    rc = r->text ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < ARRAY_LEN(keys) && rc == OK; i++) {
        rc = read_key(r, &keys[i], e);
    }
    rc = rc ? rc : read_features(r, e);
    rc = rc ? rc : check_loss(r, e);
    rc = rc ? rc : check_detect(r, e);
    rc = rc ? rc : check_dataset(r, e);
    rc = rc ? rc : check_known(r, e);
    if (rc == OK && r->stream[0] == 0) {
        rc = err_set(e, E_FORMAT,
                     "%s: [data] stream is missing: the name of the stream to learn from", name);
    }
    if (rc) {
        recipe_release(r);
    }
    return rc;
}

int recipe_load(struct recipe *r, const char *path, struct err *e)
{
    struct buf b = {0};
    int rc = io_read_file(path, CONF_MAX_BYTES, &b, e);
    const char *slash = strrchr(path, '/');
    if (rc == OK) {
        rc = recipe_parse(r, slash ? slash + 1 : path, b.data ? b.data : "", b.len, e);
    } else {
        *r = (struct recipe){0};
    }
    buf_release(&b);
    return rc;
}

void recipe_release(struct recipe *r)
{
    conf_release(&r->conf);
    free(r->text);
    *r = (struct recipe){0};
}

void recipe_fit_options(const struct recipe *r, struct fit_options *o)
{
    *o = (struct fit_options){.epochs = (int)r->epochs,
                              .batch = (int)r->batch,
                              .lanes = (int)r->lanes,
                              .optimizer = (enum fit_optimizer)r->optimizer,
                              .schedule = (enum fit_schedule)r->schedule,
                              .rate = (float)r->rate,
                              .momentum = (float)r->momentum,
                              .decay = (float)r->decay,
                              .warmup = (float)r->warmup,
                              .step_epochs = (int)r->step_epochs,
                              .step_factor = (float)r->step_factor,
                              .clip = (float)r->clip,
                              .ema = (float)r->ema,
                              .mixup = (float)r->mixup,
                              .patience = (int)r->patience,
                              .limit_ms = r->seconds * 1000,
                              .loss = {.kind = (enum loss_kind)r->loss,
                                       .smoothing = (float)r->smoothing,
                                       .gamma = (float)r->gamma,
                                       .delta = (float)r->delta,
                                       .object = (float)r->object,
                                       .cells = (int)r->cells}};
}
