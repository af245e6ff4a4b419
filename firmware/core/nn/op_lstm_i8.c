// UNIDIRECTIONAL_SEQUENCE_LSTM on int8 with an int16 cell: no peephole, projection or normalisation.
//
// For each time step: gate = f(clamp16(W x + b) + clamp16(R h)), with logistic for input, forget and output and
// tanh for the cell gate; cell = forget * cell + input * gate; h = tanh(cell) * output. Hidden and cell state
// are variable tensors and carry over to the next invoke.
#include "firmware/core/nn/nn_dots.h"
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_table_i16.h"

#define STATES 4 // at a time

enum gate { INPUT, FORGET, CELL, OUTPUT, GATES = NN_LSTM_GATES };

static int32_t clamp16(int32_t x)
{
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

// Apart, or compilers compute both ways and choose.
static __attribute__((noinline)) int32_t rescale_any(int32_t x, struct nn_scale q)
{
    return nn_rescale(x, q.multiplier, q.shift);
}

static inline int32_t rescale(int32_t x, struct nn_scale q)
{
    return q.shift <= -2 ? nn_rescale_right(x, q.multiplier, q.shift) : rescale_any(x, q);
}

// What one gate's weights of up to four states from s on make of their input, rescaled to Q3.12; added to sums.
static void half(const struct nn_lstm_half *w, const int32_t *bias, const int8_t *x, int32_t n,
                 int32_t zero, int32_t s, int32_t count, int32_t *sums)
{
    const struct nn_scale q = w->q;
    const int8_t *first = w->weights + (size_t)s * (size_t)n;
    const int8_t *row[STATES] = {first, first, first, first}; // rows past the end repeat the first
    int32_t dots[STATES] = {0};
    for (int32_t i = 0; i < count; i++, first += n) {
        row[i] = first;
        dots[i] = bias != NULL ? bias[s + i] : 0;
    }
    nn_dots_4(row, x, n, -zero, dots);
    for (int32_t i = 0; i < STATES; i++) {
        sums[i] += clamp16(rescale(dots[i], q));
    }
}

static int32_t product(int32_t a, int32_t b, struct nn_scale q)
{
    return rescale(a * b, q);
}

// One state from its gates' sums: the cell, and what the state becomes.
static int8_t emit(const struct nn_lstm *p, const int32_t *gate, int16_t *cell)
{
    int32_t input = nn_logistic_i16((int16_t)clamp16(gate[STATES * INPUT]), 3, 0);
    int32_t forget = nn_logistic_i16((int16_t)clamp16(gate[STATES * FORGET]), 3, 0);
    int32_t fresh = nn_tanh_i16((int16_t)clamp16(gate[STATES * CELL]), 3, 0);
    int32_t output = nn_logistic_i16((int16_t)clamp16(gate[STATES * OUTPUT]), 3, 0);
    int32_t c = clamp16(product(forget, *cell, p->forget));
    c = clamp16(c + clamp16(product(input, fresh, p->update)));
    c = p->clip > 0 ? nn_clamp(c, -p->clip, p->clip) : c;
    *cell = (int16_t)c;
    int32_t y = product(nn_tanh_i16(*cell, p->cell_multiplier, p->cell_shift), output, p->emit);
    return (int8_t)nn_clamp(nn_wrap_add(y, p->hidden_zero), INT8_MIN, INT8_MAX);
}

static void step(const struct nn_lstm *p, const int8_t *x, int8_t *h, int16_t *cell, int8_t *out)
{
    for (int32_t s = 0; s < p->states; s += STATES) {
        const int32_t count = nn_min32(STATES, p->states - s);
        int32_t gate[GATES * STATES] = {0};
        for (int32_t g = 0; g < GATES; g++) {
            half(&p->w[g], p->bias[g], x, p->inputs, p->in_zero, s, count, gate + STATES * g);
            half(&p->r[g], NULL, h, p->states, p->hidden_zero, s, count, gate + STATES * g);
        }
        for (int32_t i = 0; i < count; i++) {
            p->next[s + i] = emit(p, gate + i, cell + s + i);
        }
    }
    memcpy(h, p->next, (size_t)p->states);
    memcpy(out, p->next, (size_t)p->states);
}

void nn_lstm_i8(const void *params)
{
    const struct nn_lstm *p = params;
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t t = 0; t < p->steps; t++) {
            size_t at = p->time_major ? (size_t)t * (size_t)p->batches + (size_t)b
                                      : (size_t)b * (size_t)p->steps + (size_t)t;
            step(p, p->in + at * (size_t)p->inputs, p->hidden + (size_t)b * (size_t)p->states,
                 p->cell + (size_t)b * (size_t)p->states, p->out + at * (size_t)p->states);
        }
    }
}

// Input numbers of the 24 that the operator has.
enum {
    IN_X,
    IN_W,
    IN_R = 5,
    IN_PEEPHOLE = 9,
    IN_BIAS = 12,
    IN_PROJECTION = 16,
    IN_HIDDEN = 18,
    IN_CELL,
    IN_NORM,
    INPUTS = 24
};

static int need(struct nn_ctx *c, uint32_t i, uint8_t type, int32_t rows, int32_t columns,
                struct nn_tensor *t)
{
    int rc = nn_in(c, i, t);
    if (rc == MOTE_OK && (t->type != type || t->count != rows * columns)) {
        rc = nn_misshapen(c, NN_WHY("tensor has the wrong type or size"), t);
    }
    return rc;
}

// Weights of one gate half: the factor to Q3.12, from scales multiplied in float as the reference does.
static int half_gate(struct nn_ctx *c, uint32_t i, const struct nn_tensor *x, struct nn_lstm *p,
                     int32_t columns, struct nn_lstm_half *out)
{
    struct nn_tensor w;
    int rc = need(c, i, MOTE_NN_I8, p->states, columns, &w);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &w)) != MOTE_OK) {
        return rc;
    }
    float factor = x->scale * w.scale;
    out->weights = nn_data(c, &w);
    if (w.zero_point != 0 || !nn_scale_from(factor, 1.0f, 1.0f, 12, &out->q)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &w);
    }
    return MOTE_OK;
}

static int gates(struct nn_ctx *c, struct nn_lstm *p, const struct nn_tensor *x,
                 const struct nn_tensor *h)
{
    for (uint32_t g = 0; g < GATES; g++) {
        struct nn_tensor bias;
        int rc = half_gate(c, IN_W + g, x, p, p->inputs, &p->w[g]);
        if (rc != MOTE_OK || (rc = half_gate(c, IN_R + g, h, p, p->states, &p->r[g])) != MOTE_OK ||
            (rc = need(c, IN_BIAS + g, MOTE_NN_I32, p->states, 1, &bias)) != MOTE_OK) {
            return rc;
        }
        p->bias[g] = nn_data(c, &bias);
    }
    return MOTE_OK;
}

// Refuses the inputs of variants, and what is not plain in the options.
static int plain(struct nn_ctx *c)
{
    int rc = nn_arity(c, INPUTS, INPUTS, 1);
    struct nn_tensor t;
    for (uint32_t i = 0; rc == MOTE_OK && i < INPUTS; i++) {
        bool variant = (i >= IN_PEEPHOLE && i < IN_BIAS) || (i >= IN_PROJECTION && i < IN_HIDDEN) ||
                       i >= IN_NORM;
        if (variant && nn_in_optional(c, i, &t) != MOTE_E_NOT_FOUND) {
            rc = nn_unsupported(c, NN_WHY("peephole, projection and normalisation"));
        }
    }
    if (rc == MOTE_OK && (nn_opt_u8(c, 0, 0) != 4 || nn_opt_u8(c, 5, 0) != 0)) {
        rc = nn_unsupported(c, NN_WHY("only tanh and full recurrence"));
    }
    return rc;
}

static int states(struct nn_ctx *c, struct nn_lstm *p, struct nn_tensor *hidden,
                  struct nn_tensor *cell)
{
    bool exact;
    int rc = need(c, IN_CELL, MOTE_NN_I16, p->batches, p->states, cell);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, cell)) != MOTE_OK ||
        (rc = nn_need_scale(c, hidden)) != MOTE_OK) {
        return rc;
    }
    if (!hidden->variable || !cell->variable) {
        return nn_misshapen(c, NN_WHY("state is not variable"), cell);
    }
    int32_t power = nn_log2_rounded(cell->scale, &exact) + 12;
    if (power < -15 || power > 14) {
        return nn_misshapen(c, NN_WHY("scale of the cell state is out of range"), cell);
    }
    p->cell_multiplier = power < 0 ? 3 : 3 << power;
    p->cell_shift = power < 0 ? -power : 0;
    double clip = (double)nn_opt_f32(c, 1, 0.0f) / (double)cell->scale;
    p->clip = clip >= 32767.0 ? INT16_MAX : clip > 0.0 ? (int16_t)clip : 0;
    if (!nn_scale_from(1.0f, 1.0f, 1.0f, -15, &p->forget) ||
        !nn_scale_from(1.0f, 1.0f, cell->scale, -30, &p->update) ||
        !nn_scale_from(1.0f, 1.0f, hidden->scale, -30, &p->emit)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), cell);
    }
    p->hidden = nn_data(c, hidden);
    p->cell = nn_data(c, cell);
    p->hidden_zero = hidden->zero_point;
    return MOTE_OK;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_lstm *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    struct nn_tensor hidden;
    struct nn_tensor cell;
    int rc = plain(c);
    if (rc != MOTE_OK || (rc = nn_in(c, IN_X, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK || (rc = nn_in(c, IN_HIDDEN, &hidden)) != MOTE_OK ||
        (rc = nn_need_scale(c, &in)) != MOTE_OK) {
        return rc;
    }
    if (in.rank != 3 || out.rank != 3 || out.type != MOTE_NN_I8 || in.dims[0] != out.dims[0] ||
        in.dims[1] != out.dims[1]) {
        return nn_misshapen(c, NN_WHY("input and output do not match"), &out);
    }
    p->time_major = nn_opt_u8(c, 3, 0) != 0;
    p->batches = in.dims[p->time_major ? 1 : 0];
    p->steps = in.dims[p->time_major ? 0 : 1];
    p->inputs = in.dims[2];
    p->states = out.dims[2];
    if (p->inputs > 32767 || p->states > 32767 || p->batches > 32767) {
        return nn_fail(c, MOTE_E_LIMIT, NN_WHY("LSTM is too large"), &in);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->in_zero = in.zero_point;
    c->eval = nn_lstm_i8;
    if ((rc = need(c, IN_HIDDEN, MOTE_NN_I8, p->batches, p->states, &hidden)) != MOTE_OK ||
        (rc = states(c, p, &hidden, &cell)) != MOTE_OK ||
        (rc = gates(c, p, &in, &hidden)) != MOTE_OK) {
        return rc;
    }
    return nn_scratch(c, (uint64_t)p->states, &p->next);
}

static uint64_t macs(struct nn_ctx *c)
{
    struct nn_tensor in;
    struct nn_tensor out;
    if (nn_in(c, 0, &in) != MOTE_OK || nn_out(c, 0, &out) != MOTE_OK) {
        return 0;
    }
    return (uint64_t)out.count * 4u * (uint64_t)(in.dims[2] + out.dims[2]);
}

const struct mote_nn_op mote_nn_op_unidirectional_sequence_lstm_i8 = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM", prepare, macs, NN_UNIDIRECTIONAL_SEQUENCE_LSTM, MOTE_NN_I8, 4};
