// What the writer and the reader know about each operator: its name, its options table, the version
// that its tensors' types ask for.
#ifndef COMMON_TFLITE_OPS_H
#define COMMON_TFLITE_OPS_H

#include "common/tflite/writer.h"

struct fbb;

// "CONV_2D"; NULL for operators that Moteloop does not know.
const char *tflite_op_name(int32_t code);
const char *tflite_type_name(int32_t type);
// Bytes of one element; 0 for types without a fixed size.
size_t tflite_type_size(int32_t type);

// The version of an operator that TensorFlow Lite's converter would write for these tensors.
int32_t tflite_op_version(const struct tflite_graph *g, const struct tflite_op *op);

// Builds the operator's option table, if it has one. *type is its number in the BuiltinOptions union
// (0: none). E_FORMAT where the operator is not known.
int tflite_op_options(struct fbb *b, const struct tflite_graph *g, const struct tflite_op *op,
                      uint8_t *type, uint32_t *ref) MUST_CHECK;

#endif
