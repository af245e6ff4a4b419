// Option tables of operators, written and read from one table of fields: which slot of which option
// table holds which member of struct tflite_options.
#include "common/tflite/fbb.h"
#include "common/tflite/fbr.h"
#include "common/tflite/ops.h"

enum kind {
    ENUM, // an int in the struct, a byte in the file
    BOOL,
    INT,
    FLOAT,
    SHAPE, // new_rank and new_shape
    POT    // bool that counts on int16 activations only
};

static const struct field {
    enum tflite_options_type table;
    uint8_t slot;
    enum kind kind;
    size_t offset;
    int8_t unset;  // what a member of 0 stands for
    int8_t absent; // the schema's default: not written
} fields[] = {
#define F(table, slot, kind, member, unset, absent)                                                \
    {                                                                                              \
        OPTIONS_##table, slot, kind, offsetof(struct tflite_options, member), unset, absent        \
    }
    F(CONV_2D, 0, ENUM, padding, 0, 0),
    F(CONV_2D, 1, INT, stride_w, 1, 0),
    F(CONV_2D, 2, INT, stride_h, 1, 0),
    F(CONV_2D, 3, ENUM, activation, 0, 0),
    F(CONV_2D, 4, INT, dilation_w, 1, 1),
    F(CONV_2D, 5, INT, dilation_h, 1, 1),
    F(DEPTHWISE, 0, ENUM, padding, 0, 0),
    F(DEPTHWISE, 1, INT, stride_w, 1, 0),
    F(DEPTHWISE, 2, INT, stride_h, 1, 0),
    F(DEPTHWISE, 3, INT, depth_multiplier, 1, 0),
    F(DEPTHWISE, 4, ENUM, activation, 0, 0),
    F(DEPTHWISE, 5, INT, dilation_w, 1, 1),
    F(DEPTHWISE, 6, INT, dilation_h, 1, 1),
    F(POOL_2D, 0, ENUM, padding, 0, 0),
    F(POOL_2D, 1, INT, stride_w, 1, 0),
    F(POOL_2D, 2, INT, stride_h, 1, 0),
    F(POOL_2D, 3, INT, filter_w, 0, 0),
    F(POOL_2D, 4, INT, filter_h, 0, 0),
    F(POOL_2D, 5, ENUM, activation, 0, 0),
    F(TRANSPOSE_CONV, 0, ENUM, padding, 0, 0),
    F(TRANSPOSE_CONV, 1, INT, stride_w, 1, 0),
    F(TRANSPOSE_CONV, 2, INT, stride_h, 1, 0),
    F(TRANSPOSE_CONV, 3, ENUM, activation, 0, 0),
    F(SVDF, 0, INT, rank, 0, 0),
    F(SVDF, 1, ENUM, activation, 0, 0),
    F(FULLY_CONNECTED, 0, ENUM, activation, 0, 0),
    F(FULLY_CONNECTED, 2, BOOL, keep_num_dims, 0, 0),
    F(SOFTMAX, 0, FLOAT, beta, 1, 0),
    F(CONCATENATION, 0, INT, axis, 0, 0),
    F(CONCATENATION, 1, ENUM, activation, 0, 0),
    F(ADD, 0, ENUM, activation, 0, 0),
    F(ADD, 1, POT, pot_scale_int16, 0, 1),
    F(SUB, 0, ENUM, activation, 0, 0),
    F(SUB, 1, POT, pot_scale_int16, 0, 1),
    F(MUL, 0, ENUM, activation, 0, 0),
    F(RESIZE_BILINEAR, 2, BOOL, align_corners, 0, 0),
    F(RESIZE_BILINEAR, 3, BOOL, half_pixel_centers, 0, 0),
    F(RESIZE_NEAREST, 0, BOOL, align_corners, 0, 0),
    F(RESIZE_NEAREST, 1, BOOL, half_pixel_centers, 0, 0),
    F(RESHAPE, 0, SHAPE, new_shape, 0, 0),
    F(SQUEEZE, 0, SHAPE, new_shape, 0, 0),
    F(REDUCER, 0, BOOL, keep_dims, 0, 0),
    F(STRIDED_SLICE, 0, INT, begin_mask, 0, 0),
    F(STRIDED_SLICE, 1, INT, end_mask, 0, 0),
    F(STRIDED_SLICE, 2, INT, ellipsis_mask, 0, 0),
    F(STRIDED_SLICE, 3, INT, new_axis_mask, 0, 0),
    F(STRIDED_SLICE, 4, INT, shrink_axis_mask, 0, 0),
    F(SPLIT, 0, INT, num, 0, 0),
    F(SPLIT_V, 0, INT, num, 0, 0),
    F(PACK, 0, INT, num, 0, 0),
    F(PACK, 1, INT, axis, 0, 0),
    F(UNPACK, 0, INT, num, 0, 0),
    F(UNPACK, 1, INT, axis, 0, 0),
    F(ARG_MAX, 0, ENUM, output_type, 0, 0),
    F(LEAKY_RELU, 0, FLOAT, alpha, 0, 0),
    F(SEQUENCE_LSTM, 0, ENUM, activation, 0, 0),
    F(SEQUENCE_LSTM, 1, FLOAT, cell_clip, 0, 0),
    F(SEQUENCE_LSTM, 2, FLOAT, proj_clip, 0, 0),
    F(SEQUENCE_LSTM, 3, BOOL, time_major, 0, 0),
#undef F
};
// Enumerations are stored through int32_t below.
_Static_assert(sizeof(enum tflite_padding) == 4 && sizeof(enum tflite_activation) == 4,
               "enums are ints");

static void put_field(struct fbb *b, const struct field *f, const struct tflite_options *o,
                      bool int16, fbb_ref shape)
{
    const char *at = (const char *)o + f->offset;
    int32_t i = 0;
    float x = 0;
    switch (f->kind) {
    case ENUM:
        memcpy(&i, at, 4);
        fbb_u8(b, f->slot, (uint8_t)i, (uint8_t)f->absent);
        break;
    case BOOL:
        fbb_u8(b, f->slot, *(const bool *)at, (uint8_t)f->absent);
        break;
    case POT:
        fbb_u8(b, f->slot, !int16 || *(const bool *)at, (uint8_t)f->absent);
        break;
    case INT:
        memcpy(&i, at, 4);
        fbb_i32(b, f->slot, i ? i : f->unset, f->absent);
        break;
    case FLOAT:
        memcpy(&x, at, 4);
        fbb_f32(b, f->slot, x > 0 || x < 0 ? x : f->unset, f->absent);
        break;
    case SHAPE:
        fbb_put_ref(b, f->slot, shape);
        break;
    }
}

void tflite_options_put(struct fbb *b, const struct tflite_graph *g, const struct tflite_op *op,
                        uint32_t *ref)
{
    enum tflite_options_type type = tflite_op_options_type((int32_t)op->code);
    const struct tflite_options *o = &op->options;
    *ref = 0;
    if (type == OPTIONS_NONE) {
        return;
    }
    fbb_ref shape = 0;
    if ((type == OPTIONS_RESHAPE || type == OPTIONS_SQUEEZE) && o->new_rank) {
        shape = fbb_vector(b, o->new_shape, o->new_rank, 4, 4);
    }
    bool int16 = op->ins && op->in[0] >= 0 && g->tensor[op->in[0]].type == TFLITE_INT16;
    fbb_table_begin(b);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].table == type) {
            put_field(b, &fields[i], o, int16, shape);
        }
    }
    *ref = fbb_table_end(b);
}

static void get_shape(struct fbr *r, size_t table, size_t slot, struct tflite_options *o)
{
    size_t count, at = fbr_vector(r, table, slot, 4, &count);
    if (count > TFLITE_MAX_RANK) {
        fbr_fail(r, "a shape option has too many dimensions");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        o->new_shape[i] = (int32_t)fbr_u32_at(r, at + 4 * i);
    }
    o->new_rank = (uint8_t)count;
}

void tflite_options_get(struct fbr *r, size_t table, enum tflite_options_type type,
                        struct tflite_options *o)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct field *f = &fields[i];
        if (f->table != type) {
            continue;
        }
        char *at = (char *)o + f->offset;
        int32_t v;
        switch (f->kind) {
        case ENUM:
            v = fbr_u8(r, table, f->slot, (uint8_t)f->absent);
            memcpy(at, &v, 4);
            break;
        case BOOL:
        case POT:
            *(bool *)at = fbr_u8(r, table, f->slot, (uint8_t)f->absent) != 0;
            break;
        case INT:
        case FLOAT: // both four bytes; a float that is absent is 0
            v = (int32_t)fbr_u32(r, table, f->slot, f->kind == INT ? (uint32_t)f->absent : 0);
            memcpy(at, &v, 4);
            break;
        case SHAPE:
            get_shape(r, table, f->slot, o);
            break;
        }
    }
}
