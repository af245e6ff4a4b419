// A model's bytes as a C source, for firmware that links its model instead of fetching it.
#ifndef CONVERTER_CVT_ARRAY_H
#define CONVERTER_CVT_ARRAY_H

struct buf;
struct cvt_model;
struct err;

// Appends a C11 file that defines `const unsigned char NAME[]` (16-byte aligned), `const size_t
// NAME_len`, and as constants in comments what an arena must hold and which operators to link. name
// must be a C identifier (E_USAGE).
int cvt_array_write(const struct cvt_model *m, const char *name, struct buf *out,
                    struct err *e) MUST_CHECK;

// A C identifier of at most 63 characters.
bool cvt_is_identifier(const char *name);

#endif
