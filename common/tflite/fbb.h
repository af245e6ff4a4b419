// Builds a FlatBuffer back to front: children first, the root last. Only what .tflite needs: tables
// of at most FBB_MAX_FIELDS scalar or reference fields, vectors, strings. Equal vtables are written
// once. Errors (memory, ceiling) stick and are reported by fbb_finish.
#ifndef COMMON_TFLITE_FBB_H
#define COMMON_TFLITE_FBB_H

struct buf;

#define FBB_MAX_FIELDS 16
#define FBB_MAX_VTABLES 64
#define FBB_MAX_BYTES ((size_t)256 << 20)

// Where an object lies, as its distance from the end of the file. 0 is no object.
typedef uint32_t fbb_ref;

struct fbb { // private
    uint8_t *mem;
    size_t cap, used; // bytes in use stand at the end of mem
    size_t align;     // largest alignment asked for
    fbb_ref field[FBB_MAX_FIELDS];
    size_t fields, table_start;
    fbb_ref vtable[FBB_MAX_VTABLES];
    size_t vtables;
    int status;
};

// A zeroed struct fbb is an empty builder.
void fbb_release(struct fbb *b);

// Vectors of `count` elements of `size` bytes each, whose first element is aligned to `align`.
fbb_ref fbb_vector(struct fbb *b, const void *data, size_t count, size_t size, size_t align);
fbb_ref fbb_string(struct fbb *b, const char *text);
// The references must be of objects built before.
fbb_ref fbb_refs(struct fbb *b, const fbb_ref *ref, size_t count);

// One table at a time: begin, its fields in any order, end. Fields that equal `absent` (the
// schema's default), and references of 0, are left out.
void fbb_table_begin(struct fbb *b);
void fbb_u8(struct fbb *b, size_t slot, uint8_t value, uint8_t absent);
void fbb_i32(struct fbb *b, size_t slot, int32_t value, int32_t absent);
void fbb_u32(struct fbb *b, size_t slot, uint32_t value, uint32_t absent);
void fbb_f32(struct fbb *b, size_t slot, float value, float absent);
void fbb_put_ref(struct fbb *b, size_t slot, fbb_ref ref);
fbb_ref fbb_table_end(struct fbb *b);

// Writes the root reference and the 4-byte identifier, and appends the file to out.
int fbb_finish(struct fbb *b, fbb_ref root, const char *identifier, struct buf *out) MUST_CHECK;

#endif
