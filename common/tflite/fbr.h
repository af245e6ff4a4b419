// Reads FlatBuffers that nobody vouches for: every access is checked against the file's end. The
// first thing that is off sticks in `bad`; later calls return zeros.
#ifndef COMMON_TFLITE_FBR_H
#define COMMON_TFLITE_FBR_H

struct fbr {
    const uint8_t *p;
    size_t len;
    const char *bad; // NULL while all is well
    size_t bad_at;
};

void fbr_fail(struct fbr *r, const char *what);
uint32_t fbr_u32_at(struct fbr *r, size_t at);
// Tables are positions in the file; 0 is no table: all its fields are absent.
size_t fbr_root(struct fbr *r, const char *identifier);
uint8_t fbr_u8(struct fbr *r, size_t table, size_t slot, uint8_t absent);
uint32_t fbr_u32(struct fbr *r, size_t table, size_t slot, uint32_t absent);
size_t fbr_table(struct fbr *r, size_t table, size_t slot);
// Position of the first element and the count; 0 elements where the field is absent.
size_t fbr_vector(struct fbr *r, size_t table, size_t slot, size_t size, size_t *count);
// The i-th table of a vector of tables at `at` (as fbr_vector gave it).
size_t fbr_table_at(struct fbr *r, size_t at, size_t i);
// A NUL-terminated string inside the file; NULL where it is absent.
const char *fbr_string(struct fbr *r, size_t table, size_t slot);

#endif
