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
    // d->y holds dy; dx (laid out as x) and dw are added to; dx may be NULL.
    void (*dw_backward)(const struct kern_dw *d, float *dx, float *dw);
    void (*adam)(const struct kern_adam *a, float *w, float *m, float *v, const float *g, size_t n);
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
