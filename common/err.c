// Error messages that grow a clause a layer. See err.h.
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;
    e->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    return code;
}

int err_errno(struct err *e, int code, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    e->code = (saved == ENOSPC || saved == EDQUOT) ? E_FULL : code;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(e->msg)) {
        char text[96];
        const char *s = strerror_r(saved, text, sizeof(text));
        (void)snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", s);
    }
    return e->code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char old[sizeof(e->msg)];
    memcpy(old, e->msg, sizeof(old));
    old[sizeof(old) - 1] = 0;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(e->msg)) {
        (void)snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", old);
    }
    return e->code;
}

int err_exit_code(int status)
{
    if (status >= 0) {
        return 0;
    }
    return status == E_USAGE ? 2 : status == E_REFUSED ? 3 : 1;
}
