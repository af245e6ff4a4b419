// Words for status codes.
#include "firmware/core/mote_base.h"

const char *mote_status_text(int status)
{
    static const char *const text[] = {
        "ok",   "argument", "format", "space", "unsupported", "io",       "again",    "corrupt",
        "auth", "notfound", "limit",  "state", "timeout",     "mismatch", "rollback", "closed"};
    if (status > 0) {
        return text[0];
    }
    return status > -(int)MOTE_COUNT(text) ? text[-status] : "unknown";
}
