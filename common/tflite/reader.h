// Reads a .tflite file into the same plain description that the writer takes: for inspection and
// for rewriting. Running a model is firmware/core/nn's job, which verifies for itself.
#ifndef COMMON_TFLITE_READER_H
#define COMMON_TFLITE_READER_H

#include "common/tflite/writer.h"

struct err;

#define TFLITE_FILE_MAX ((size_t)64 << 20)

struct tflite_model {
    struct tflite_graph graph; // of the first subgraph; names and data are borrowed from the file
    int32_t *op_version;       // as the file says, one an operator
    const char **op_custom;    // name of a custom operator, or NULL
    size_t subgraphs;
    void *owned[12]; // private
    size_t owned_count;
};

// The file must outlive the model. Every offset is checked; limits: TFLITE_FILE_MAX bytes, 65536
// tensors and operators. Operators that Moteloop does not know are kept with their number and no
// options.
int tflite_read(struct tflite_model *m, const void *file, size_t len, struct err *e) MUST_CHECK;
// Accepts the zeroed struct.
void tflite_model_release(struct tflite_model *m);

// Name of an operator as the schema spells it: "CONV_2D", the custom name, or "BUILTIN_200" put
// into text, which holds cap bytes.
const char *tflite_model_op_name(const struct tflite_model *m, size_t op, char *text, size_t cap);

#endif
