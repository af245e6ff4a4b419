// Parameter structs of the operators, member by member. See cvt_cparams.h.
#include "converter/cvt_cparams.h"

#define MEMBER(type, member, kind, n)                                                              \
    {                                                                                              \
#member, kind, (uint16_t)offsetof(struct type, member), n, NULL                            \
    }
#define I32(type, member) MEMBER(type, member, CVT_I32, 1)
#define RANKED(type, member) MEMBER(type, member, CVT_I32, MOTE_NN_MAX_RANK)
#define I16(type, member) MEMBER(type, member, CVT_I16, 1)
#define U8(type, member) MEMBER(type, member, CVT_U8, 1)
#define F32(type, member) MEMBER(type, member, CVT_F32, 1)
#define IN(type, member) MEMBER(type, member, CVT_IN, 1)
#define OUT(type, member) MEMBER(type, member, CVT_OUT, 1)
#define SCALE(type, member) I32(type, member.multiplier), I32(type, member.shift)
#define END                                                                                        \
    {                                                                                              \
        NULL, CVT_I32, 0, 0, NULL                                                                  \
    }

#define WINDOW(type)                                                                               \
    I32(type, g.batches), I32(type, g.in_h), I32(type, g.in_w), I32(type, g.in_c),                 \
        I32(type, g.out_h), I32(type, g.out_w), I32(type, g.out_c), I32(type, g.k_h),              \
        I32(type, g.k_w), I32(type, g.stride_h), I32(type, g.stride_w), I32(type, g.dilation_h),   \
        I32(type, g.dilation_w), I32(type, g.pad_h), I32(type, g.pad_w)

static const struct cvt_member conv[] = {WINDOW(nn_conv),
                                         IN(nn_conv, in),
                                         IN(nn_conv, weights),
                                         MEMBER(nn_conv, bias, CVT_BIAS, 1),
                                         OUT(nn_conv, out),
                                         I32(nn_conv, filter_c),
                                         MEMBER(nn_conv, multiplier, CVT_KEPT_I32, 1),
                                         MEMBER(nn_conv, shift, CVT_KEPT_I8, 1),
                                         I32(nn_conv, in_offset),
                                         I32(nn_conv, out_offset),
                                         I32(nn_conv, lo),
                                         I32(nn_conv, hi),
                                         F32(nn_conv, lo_f),
                                         F32(nn_conv, hi_f),
                                         MEMBER(nn_conv, scratch, CVT_SCRATCH, 1),
                                         U8(nn_conv, steep),
                                         U8(nn_conv, wide_bias),
                                         END};
static const struct cvt_member fc[] = {IN(nn_fc, in),
                                       IN(nn_fc, weights),
                                       MEMBER(nn_fc, bias, CVT_BIAS, 1),
                                       OUT(nn_fc, out),
                                       I32(nn_fc, batches),
                                       I32(nn_fc, in_n),
                                       I32(nn_fc, out_n),
                                       MEMBER(nn_fc, multiplier, CVT_KEPT_I32, 1),
                                       MEMBER(nn_fc, shift, CVT_KEPT_I8, 1),
                                       I32(nn_fc, in_offset),
                                       I32(nn_fc, out_offset),
                                       I16(nn_fc, lo),
                                       I16(nn_fc, hi),
                                       U8(nn_fc, per_channel),
                                       U8(nn_fc, steep),
                                       U8(nn_fc, wide_bias),
                                       MEMBER(nn_fc, scratch, CVT_SCRATCH, 1),
                                       END};
static const struct cvt_member fc_f32[] = {IN(nn_fc_f32, in),       IN(nn_fc_f32, weights),
                                           IN(nn_fc_f32, bias),     OUT(nn_fc_f32, out),
                                           I32(nn_fc_f32, batches), I32(nn_fc_f32, in_n),
                                           I32(nn_fc_f32, out_n),   F32(nn_fc_f32, lo),
                                           F32(nn_fc_f32, hi),      END};
static const struct cvt_member pool[] = {
    WINDOW(nn_pool),  IN(nn_pool, in),    OUT(nn_pool, out),  I32(nn_pool, lo),
    I32(nn_pool, hi), F32(nn_pool, lo_f), F32(nn_pool, hi_f), END};
static const struct cvt_member softmax[] = {IN(nn_softmax, in),          OUT(nn_softmax, out),
                                            I32(nn_softmax, rows),       I32(nn_softmax, depth),
                                            I32(nn_softmax, multiplier), I32(nn_softmax, shift),
                                            I32(nn_softmax, diff_min),   F32(nn_softmax, beta),
                                            U8(nn_softmax, out_16),      END};
#define BINARY                                                                                     \
    IN(nn_binary, a), IN(nn_binary, b), OUT(nn_binary, out), MEMBER(nn_binary, run, CVT_RUN, 1),   \
        RANKED(nn_binary, dims), RANKED(nn_binary, stride_a), RANKED(nn_binary, stride_b),         \
        I32(nn_binary, a_offset), I32(nn_binary, b_offset), I32(nn_binary, out_offset),            \
        SCALE(nn_binary, qa), SCALE(nn_binary, qb), SCALE(nn_binary, qo), U8(nn_binary, elem),     \
        U8(nn_binary, second)
// The union `range` holds floats or integers: their bytes are the same, so they are written as
// integers.
static const struct cvt_member binary[] = {BINARY, MEMBER(nn_binary, range.i, CVT_I32, 2), END};
static const struct cvt_member table_i8[] = {IN(nn_table_i8, in), OUT(nn_table_i8, out),
                                             I32(nn_table_i8, count),
                                             MEMBER(nn_table_i8, table, CVT_KEPT_I8, 1), END};
static const struct cvt_member map_f32[] = {IN(nn_map_f32, in), OUT(nn_map_f32, out),
                                            I32(nn_map_f32, count), F32(nn_map_f32, alpha), END};
static const struct cvt_member copy[] = {IN(nn_copy, in), OUT(nn_copy, out), I32(nn_copy, bytes),
                                         END};
static const struct cvt_member quantize[] = {
    IN(nn_quantize, in),        OUT(nn_quantize, out),     I32(nn_quantize, count),
    U8(nn_quantize, in_type),   U8(nn_quantize, out_type), I32(nn_quantize, in_zero),
    I32(nn_quantize, out_zero), SCALE(nn_quantize, q),     F32(nn_quantize, scale),
    I32(nn_quantize, lo),       I32(nn_quantize, hi),      END};
static const struct cvt_member dequantize[] = {IN(nn_dequantize, in),
                                               OUT(nn_dequantize, out),
                                               I32(nn_dequantize, count),
                                               I32(nn_dequantize, zero),
                                               F32(nn_dequantize, scale),
                                               U8(nn_dequantize, type),
                                               END};
static const struct cvt_member mean[] = {IN(nn_mean, in),
                                         OUT(nn_mean, out),
                                         RANKED(nn_mean, dims),
                                         RANKED(nn_mean, stride),
                                         I32(nn_mean, outputs),
                                         I32(nn_mean, each),
                                         U8(nn_mean, stay),
                                         U8(nn_mean, rank),
                                         U8(nn_mean, wide),
                                         I32(nn_mean, in_zero),
                                         I32(nn_mean, out_zero),
                                         SCALE(nn_mean, q),
                                         END};
static const struct cvt_member pad[] = {
    IN(nn_pad, in),         OUT(nn_pad, out),           IN(nn_pad, value),
    RANKED(nn_pad, dims),   RANKED(nn_pad, out_stride), I32(nn_pad, first),
    I32(nn_pad, out_bytes), I32(nn_pad, in_count),      U8(nn_pad, rank),
    U8(nn_pad, elem),       U8(nn_pad, zero_point),     END};
static const struct cvt_member concat[] = {
    OUT(nn_concat, out),
    {"piece", CVT_PIECES, offsetof(struct nn_concat, piece), 1, "nn_concat_piece"},
    I32(nn_concat, pieces),
    I32(nn_concat, rows),
    END};
static const struct cvt_member split[] = {
    OUT(nn_split, whole),
    {"piece", CVT_PIECES, offsetof(struct nn_split, piece), 1, "nn_split_piece"},
    I32(nn_split, pieces),
    I32(nn_split, rows),
    END};
static const struct cvt_member view[] = {
    IN(nn_view, in),         OUT(nn_view, out),   RANKED(nn_view, dims),
    RANKED(nn_view, stride), I32(nn_view, first), I32(nn_view, count),
    U8(nn_view, rank),       U8(nn_view, elem),   END};
static const struct cvt_member arg_max[] = {IN(nn_arg_max, in),
                                            OUT(nn_arg_max, out),
                                            I32(nn_arg_max, outer),
                                            I32(nn_arg_max, along),
                                            I32(nn_arg_max, inner),
                                            U8(nn_arg_max, type),
                                            END};
static const struct cvt_member resize[] = {IN(nn_resize, in),          OUT(nn_resize, out),
                                           I32(nn_resize, batches),    I32(nn_resize, in_h),
                                           I32(nn_resize, in_w),       I32(nn_resize, out_h),
                                           I32(nn_resize, out_w),      I32(nn_resize, depth),
                                           U8(nn_resize, elem),        U8(nn_resize, align_corners),
                                           U8(nn_resize, half_pixels), END};
static const struct cvt_member space_batch[] = {
    IN(nn_space_batch, in),       OUT(nn_space_batch, out),
    I32(nn_space_batch, batches), I32(nn_space_batch, h),
    I32(nn_space_batch, w),       I32(nn_space_batch, small_h),
    I32(nn_space_batch, small_w), I32(nn_space_batch, block_h),
    I32(nn_space_batch, block_w), I32(nn_space_batch, top),
    I32(nn_space_batch, left),    I32(nn_space_batch, depth),
    U8(nn_space_batch, fill),     END};
#define GATE(i)                                                                                    \
    IN(nn_lstm, w[i].weights), SCALE(nn_lstm, w[i].q), IN(nn_lstm, r[i].weights),                  \
        SCALE(nn_lstm, r[i].q), IN(nn_lstm, bias[i])
static const struct cvt_member lstm[] = {IN(nn_lstm, in),
                                         OUT(nn_lstm, out),
                                         OUT(nn_lstm, hidden),
                                         OUT(nn_lstm, cell),
                                         MEMBER(nn_lstm, next, CVT_SCRATCH, 1),
                                         GATE(0),
                                         GATE(1),
                                         GATE(2),
                                         GATE(3),
                                         I32(nn_lstm, batches),
                                         I32(nn_lstm, steps),
                                         I32(nn_lstm, inputs),
                                         I32(nn_lstm, states),
                                         I32(nn_lstm, in_zero),
                                         I32(nn_lstm, hidden_zero),
                                         SCALE(nn_lstm, forget),
                                         SCALE(nn_lstm, update),
                                         SCALE(nn_lstm, emit),
                                         I32(nn_lstm, cell_multiplier),
                                         I32(nn_lstm, cell_shift),
                                         I16(nn_lstm, clip),
                                         U8(nn_lstm, time_major),
                                         END};
static const struct cvt_member svdf[] = {IN(nn_svdf, in),          IN(nn_svdf, feature),
                                         IN(nn_svdf, time),        IN(nn_svdf, bias),
                                         OUT(nn_svdf, state),      OUT(nn_svdf, out),
                                         I32(nn_svdf, batches),    I32(nn_svdf, inputs),
                                         I32(nn_svdf, filters),    I32(nn_svdf, rank),
                                         I32(nn_svdf, memory),     I32(nn_svdf, in_zero),
                                         I32(nn_svdf, state_zero), I32(nn_svdf, out_zero),
                                         SCALE(nn_svdf, to_state), SCALE(nn_svdf, to_out),
                                         F32(nn_svdf, lo),         F32(nn_svdf, hi),
                                         U8(nn_svdf, wide),        END};

static size_t conv_kept(const void *params)
{
    const struct nn_conv *p = params;
    return (size_t)p->g.out_c;
}

static size_t fc_kept(const void *params)
{
    const struct nn_fc *p = params;
    return p->per_channel ? (size_t)p->out_n : 1;
}

static size_t table_kept(const void *params)
{
    (void)params;
    return 256;
}

static size_t concat_kept(const void *params)
{
    return ((const struct nn_concat *)params)->pieces;
}

static size_t split_kept(const void *params)
{
    return ((const struct nn_split *)params)->pieces;
}

static uint64_t lstm_scratch(const void *params)
{
    return (uint64_t)((const struct nn_lstm *)params)->states;
}

#define OF(function, type, member, kept, scratch, choice)                                          \
    {                                                                                              \
        function, #function, #type, sizeof(struct type), member, kept, scratch,                    \
            CVT_CHOICE_##choice                                                                    \
    }
#define PLAIN(function, type, member) OF(function, type, member, NULL, NULL, NONE)

static const struct cvt_cparams known[] = {
    OF(nn_conv_i8_ref, nn_conv, conv, conv_kept, NULL, CONV),
    OF(nn_depthwise_i8_ref, nn_conv, conv, conv_kept, NULL, DEPTHWISE),
    OF(nn_fc_i8_ref, nn_fc, fc, fc_kept, NULL, FC),
    OF(nn_conv_i16, nn_conv, conv, conv_kept, NULL, NONE),
    OF(nn_depthwise_i16, nn_conv, conv, conv_kept, NULL, NONE),
    OF(nn_transpose_conv_i8, nn_conv, conv, conv_kept, NULL, NONE),
    OF(nn_fc_i16, nn_fc, fc, fc_kept, NULL, NONE),
    PLAIN(nn_conv_f32_ref, nn_conv, conv),
    PLAIN(nn_depthwise_f32_ref, nn_conv, conv),
    PLAIN(nn_transpose_conv_f32, nn_conv, conv),
    PLAIN(nn_fc_f32_ref, nn_fc_f32, fc_f32),
    PLAIN(nn_average_pool_i8_ref, nn_pool, pool),
    PLAIN(nn_average_pool_f32_ref, nn_pool, pool),
    PLAIN(nn_max_pool_i8_ref, nn_pool, pool),
    PLAIN(nn_max_pool_f32_ref, nn_pool, pool),
    PLAIN(nn_softmax_i8_ref, nn_softmax, softmax),
    PLAIN(nn_softmax_f32_ref, nn_softmax, softmax),
    PLAIN(nn_binary_eval, nn_binary, binary),
    OF(nn_table_i8_eval, nn_table_i8, table_i8, table_kept, NULL, NONE),
    PLAIN(nn_relu_f32, nn_map_f32, map_f32),
    PLAIN(nn_relu6_f32, nn_map_f32, map_f32),
    PLAIN(nn_logistic_f32, nn_map_f32, map_f32),
    PLAIN(nn_tanh_f32, nn_map_f32, map_f32),
    PLAIN(nn_hard_swish_f32, nn_map_f32, map_f32),
    PLAIN(nn_leaky_relu_f32, nn_map_f32, map_f32),
    PLAIN(nn_copy_eval, nn_copy, copy),
    PLAIN(nn_quantize_f32, nn_quantize, quantize),
    PLAIN(nn_quantize_integer, nn_quantize, quantize),
    PLAIN(nn_dequantize_eval, nn_dequantize, dequantize),
    PLAIN(nn_mean_quantized, nn_mean, mean),
    PLAIN(nn_mean_f32, nn_mean, mean),
    PLAIN(nn_pad_eval, nn_pad, pad),
    OF(nn_concat_eval, nn_concat, concat, concat_kept, NULL, NONE),
    OF(nn_cut, nn_split, split, split_kept, NULL, NONE),
    OF(nn_stack, nn_split, split, split_kept, NULL, NONE),
    PLAIN(nn_view_eval, nn_view, view),
    PLAIN(nn_arg_max_eval, nn_arg_max, arg_max),
    PLAIN(nn_resize_nearest, nn_resize, resize),
    PLAIN(nn_resize_bilinear, nn_resize, resize),
    PLAIN(nn_space_to_batch, nn_space_batch, space_batch),
    PLAIN(nn_batch_to_space, nn_space_batch, space_batch),
    OF(nn_lstm_i8, nn_lstm, lstm, NULL, lstm_scratch, NONE),
    PLAIN(nn_svdf_i8, nn_svdf, svdf),
    PLAIN(nn_svdf_f32, nn_svdf, svdf),
};

const struct cvt_cparams *cvt_cparams_of(nn_eval_fn eval)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].eval == eval) {
            return &known[i];
        }
    }
    return NULL;
}

const char *cvt_cparams_run(nn_binary_run run)
{
    static const struct {
        nn_binary_run run;
        const char *name;
    } runs[] = {
        {nn_add_i8_ref, "MOTE_NN_ADD_I8"},  {nn_mul_i8, "nn_mul_i8"},
        {nn_add_f32, "nn_add_f32"},         {nn_sub_f32, "nn_sub_f32"},
        {nn_mul_f32, "nn_mul_f32"},         {nn_min_max_i8, "nn_min_max_i8"},
        {nn_min_max_f32, "nn_min_max_f32"}, {nn_prelu_i8, "nn_prelu_i8"},
        {nn_prelu_f32, "nn_prelu_f32"},
    };
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        if (runs[i].run == run) {
            return runs[i].name;
        }
    }
    return NULL;
}

size_t cvt_member_size(const struct cvt_member *m)
{
    switch (m->kind) {
    case CVT_U8:
        return 1;
    case CVT_I16:
        return 2;
    case CVT_I32:
    case CVT_F32:
        return 4;
    default:
        return sizeof(void *);
    }
}

bool cvt_cparams_complete(const struct cvt_cparams *kind, const void *params)
{
    const uint8_t *bytes = params;
    for (size_t at = 0; at < kind->size; at++) {
        bool listed = bytes[at] == 0;
        for (const struct cvt_member *m = kind->member; m->name && !listed; m++) {
            listed = at >= m->offset && at < m->offset + m->count * cvt_member_size(m);
        }
        if (!listed) {
            return false;
        }
    }
    return true;
}
