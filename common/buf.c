// Growable byte buffer with a ceiling. See buf.h.
#include "common/buf.h"
#include "common/err.h"

#include <stdarg.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data) {
        b->data[0] = 0;
    }
}

int buf_reserve(struct buf *b, size_t extra)
{
    size_t max = b->max ? b->max : BUF_MAX_DEFAULT;
    if (b->len > max || extra > max - b->len) {
        return E_LIMIT;
    }
    size_t need = b->len + extra + 1;
    if (need <= b->cap) {
        return OK;
    }
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) {
        cap *= 2;
    }
    char *p = realloc(b->data, cap);
    if (!p) {
        return E_MEM;
    }
    b->data = p;
    b->cap = cap;
    b->data[b->len] = 0;
    return OK;
}

int buf_put(struct buf *b, const void *data, size_t len)
{
    int rc = buf_reserve(b, len);
    if (rc) {
        return rc;
    }
    if (len) {
        memcpy(b->data + b->len, data, len);
    }
    b->len += len;
    b->data[b->len] = 0;
    return OK;
}

int buf_puts(struct buf *b, const char *text)
{
    return buf_put(b, text, strlen(text));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    int rc = n < 0 ? E_FORMAT : buf_reserve(b, (size_t)n);
    if (rc == OK) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return rc;
}
