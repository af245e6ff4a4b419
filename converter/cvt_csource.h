// A model's compiled form: C source with the graph flattened to calls of the runtime's kernels with
// constant parameters. What a compiled model offers: firmware/core/nn/mote_nn_compiled.h.
#ifndef CONVERTER_CVT_CSOURCE_H
#define CONVERTER_CVT_CSOURCE_H

struct buf;
struct cvt_cgraph;
struct cvt_model;
struct err;

// Appends the C file to source and its header to header. name must be a C identifier (E_USAGE);
// header_file is what the source includes, NULL where the header goes before it in one file.
// E_REFUSED names an operator that has no compiled form.
int cvt_csource_write(const struct cvt_model *m, const char *name, const char *header_file,
                      struct buf *source, struct buf *header, struct err *e) MUST_CHECK;

// Appends the initializer of `count` elements of a tensor type, lines indented, without braces.
int cvt_csource_values(struct buf *out, uint8_t type, const void *data, size_t count) MUST_CHECK;
// A float as C writes it exactly.
int cvt_csource_float(struct buf *out, float x) MUST_CHECK;

#endif
