// A growable byte buffer that knows its ceiling. Always has a NUL behind its last byte.
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

struct buf {
    char *data; // NULL while empty
    size_t len;
    size_t cap; // private
    size_t max; // private: 0 means BUF_MAX_DEFAULT
};

#define BUF_MAX_DEFAULT ((size_t)256 << 20)

// A zeroed struct buf is an empty buffer with the default ceiling.
void buf_init(struct buf *b, size_t max);
// Frees the contents; the buffer is empty and usable again, with the same ceiling.
void buf_release(struct buf *b);
// Keeps the memory, drops the contents.
void buf_clear(struct buf *b);
// All return OK, E_LIMIT past the ceiling, E_MEM; on failure the buffer is unchanged.
int buf_reserve(struct buf *b, size_t extra) MUST_CHECK;
int buf_put(struct buf *b, const void *data, size_t len) MUST_CHECK;
int buf_puts(struct buf *b, const char *text) MUST_CHECK;
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

#endif
