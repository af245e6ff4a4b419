// What layers share: of a sliding window output size, padding, copies into and out of padded pictures; and transposition.
#include "trainer/layer.h"

// One dimension: output size, padding in front, input size with padding (TensorFlow's SAME and VALID).
static bool slide(int x, int k, int stride, bool same, int *y, int *pad, int *padded)
{
    if (same) {
        *y = (x + stride - 1) / stride;
        int need = (*y - 1) * stride + k - x;
        *pad = need > 0 ? need / 2 : 0;
        *padded = need > 0 ? x + need : x;
        return true;
    }
    *y = x < k ? 0 : (x - k) / stride + 1;
    *pad = 0;
    *padded = x;
    return *y > 0;
}

const char *layer_slide(struct layer *l)
{
    l->kh = l->kh > 0 ? l->kh : l->x.h;
    l->kw = l->kw > 0 ? l->kw : l->x.w;
    if (l->kh > 255 || l->kw > 1024 || l->sh > 64 || l->sw > 64) {
        return "kernel or stride is too large";
    }
    bool fits = slide(l->x.h, l->kh, l->sh, l->same, &l->y.h, &l->pad_t, &l->ph) &&
                slide(l->x.w, l->kw, l->sw, l->same, &l->y.w, &l->pad_l, &l->pw);
    return fits ? NULL
                : "the kernel is larger than its input (use same padding, or a smaller kernel)";
}

void layer_pad(const struct layer *l, const float *x, float *padded)
{
    size_t row = (size_t)(l->x.w * l->x.c), wide = (size_t)(l->pw * l->x.c),
           left = (size_t)(l->pad_l * l->x.c);
    memset(padded, 0, (size_t)l->ph * wide * sizeof(float));
    for (int i = 0; i < l->x.h; i++) {
        memcpy(padded + (size_t)(i + l->pad_t) * wide + left, x + (size_t)i * row,
               row * sizeof(float));
    }
}

void layer_unpad(const struct layer *l, const float *padded, float *x, bool add)
{
    size_t row = (size_t)(l->x.w * l->x.c), wide = (size_t)(l->pw * l->x.c),
           left = (size_t)(l->pad_l * l->x.c);
    for (int i = 0; i < l->x.h; i++) {
        const float *from = padded + (size_t)(i + l->pad_t) * wide + left;
        float *to = x + (size_t)i * row;
        if (!add) {
            memcpy(to, from, row * sizeof(float));
        }
        for (size_t j = 0; add && j < row; j++) {
            to[j] += from[j];
        }
    }
}

size_t layer_slope_len(const struct layer *l)
{
    return (size_t)(l->x.h + l->kh - 1) * (size_t)(l->x.w + l->kw - 1) * (size_t)l->y.c;
}

void layer_pad_slope(const struct layer *l, const float *dy, float *padded)
{
    size_t line = (size_t)((l->x.w + l->kw - 1) * l->y.c), row = (size_t)(l->y.w * l->y.c);
    int top = l->kh - 1 - l->pad_t, left = l->kw - 1 - l->pad_l;
    memset(padded, 0, layer_slope_len(l) * sizeof(float));
    for (int y = 0; y < l->y.h; y++) {
        memcpy(padded + (size_t)(y + top) * line + (size_t)(left * l->y.c), dy + (size_t)y * row,
               row * sizeof(float));
    }
}

#define BLOCK 16 // a cache line of floats: both sides of a block stay in the first cache

void layer_transpose(const float *from, int rows, int columns, float *to)
{
    for (int r0 = 0; r0 < rows; r0 += BLOCK) {
        int r1 = r0 + BLOCK < rows ? r0 + BLOCK : rows;
        for (int c0 = 0; c0 < columns; c0 += BLOCK) {
            int c1 = c0 + BLOCK < columns ? c0 + BLOCK : columns;
            for (int c = c0; c < c1; c++) {
                for (int r = r0; r < r1; r++) {
                    to[(ptrdiff_t)c * rows + r] = from[(ptrdiff_t)r * columns + c];
                }
            }
        }
    }
}
