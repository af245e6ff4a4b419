// The arithmetic that training spends its time in, in one variant per instruction set.
//
// kern_body.c is compiled once per set (rules.mk) and gives one const table each; kern_best picks the widest
// that this processor runs. kern_ref.c is plain loops: the oracle of the tests.
// Tensors are float32, channels last. Nothing here allocates or starts threads.
#ifndef TRAINER_KERN_H
#define TRAINER_KERN_H

enum act { ACT_NONE, ACT_RELU, ACT_RELU6 };

// c[m][n] (=|+=) bias[n] + sum over s < segs, i < k of a[a_row[m] + s*a_seg + i*a_k] * b[s*b_seg + i*b_k + n]
//
// The two-level inner sum and the table of row offsets let one routine do dense layers, convolutions over
// a padded picture without unrolling it into a matrix, and both their gradients.
struct kern_gemm {
    int m, n, segs, k;
    const float *a;
    const int32_t *a_row; // m offsets
    int a_seg, a_k;
    const float *b; // n contiguous
    int b_seg, b_k;
    float *c; // n contiguous
    const int32_t *c_row; // m offsets
    const float *bias;    // n values, or NULL; left out where add is set
    bool add;             // onto what c holds
    enum act act;
};

// A depthwise convolution of one picture; x is padded already.
struct kern_dw {
    int oh, ow, c, kh, kw, stride_h, stride_w;
    int x_line; // floats between two lines of x
    const float *x, *w, *bias; // bias may be NULL; w: kh x kw x c
    float *y;                  // oh x ow x c
    bool add;                  // onto what y holds
    enum act act;
};

// One window of a largest-value pool: h x w positions of c channels, lines x_line floats apart.
struct kern_max {
    int h, w, c, x_line;
    const float *x;
    float *y;     // c
    int32_t *won; // c: y * w + x of the position that won, the first where several are equal
};

// A batch as batch normalisation sees it: rows x c. y and dy: of the result, after its activation.
struct kern_norm {
    size_t rows;
    int c;
    const float *x;
    float *y;
    const float *dy;
    enum act act;
};

// One step of Adam (decoupled decay where decay is over 0: AdamW). rate holds the bias correction already.
struct kern_adam {
    float rate, beta1, beta2, eps, decay, scale; // gradients are multiplied by scale first
};

struct kern {
    const char *name;
    void (*gemm)(const struct kern_gemm *g);
    void (*dw_forward)(const struct kern_dw *d);
    // Both: d->y holds dy; the slope of the weights, or of x (laid out as x), is added to.
    void (*dw_weights)(const struct kern_dw *d, float *dw);
    void (*dw_inputs)(const struct kern_dw *d, float *dx);
    void (*max_window)(const struct kern_max *k);
    // Adds dy (c) to dx (laid out as x) where k->won says.
    void (*max_back)(const struct kern_max *k, const float *dy, float *dx);
    // Mean and variance of every column.
    void (*norm_stats)(const float *x, size_t rows, int c, float *mean, float *var);
    // y = act(x * scale + shift), by column.
    void (*norm_apply)(const struct kern_norm *k, const float *scale, const float *shift);
    // With g = dy where the activation let y through: the columns' sums of g, and of g * (x - mean).
    void (*norm_sums)(const struct kern_norm *k, const float *mean, float *sum, float *dot);
    // dx (=|+=) of_dy * g + of_x * x + rest, by column.
    void (*norm_slope)(const struct kern_norm *k, const float *of_dy, const float *of_x,
                       const float *rest, bool add, float *dx);
    void (*adam)(const struct kern_adam *a, float *w, float *m, float *v, const float *g, size_t n);
    void (*act_forward)(enum act act, float *y, size_t n);
    // dy = 0 where y is not inside its activation's slope.
    void (*act_backward)(enum act act, const float *y, float *dy, size_t n);
    // sum[c] += columns of x; rows x c.
    void (*col_sum)(const float *x, size_t rows, int c, float *sum);
};

const struct kern *kern_ref(void);
const struct kern *kern_best(void);
// Every variant that this processor runs, ref first and the best last; returns how many.
#define KERN_MAX 8
size_t kern_all(const struct kern *out[KERN_MAX]);

#endif
