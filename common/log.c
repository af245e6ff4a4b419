// Levelled line log. See log.h.
#include "common/log.h"

#include <stdarg.h>
#include <unistd.h>

static const char *log_who = "moteloop";
static enum log_level log_max = LOG_INFO;
static bool log_json;

void log_init(const char *who, enum log_level level, bool json)
{
    log_who = who;
    log_max = level;
    log_json = json;
}

static size_t escape_json(char *out, size_t cap, const char *in)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)in; *p && n + 7 < cap; p++) {
        if (*p == '"' || *p == '\\') {
            out[n++] = '\\';
            out[n++] = (char)*p;
        } else if (*p < 0x20) {
            n += (size_t)snprintf(out + n, cap - n, "\\u%04x", *p);
        } else {
            out[n++] = (char)*p;
        }
    }
    out[n] = 0;
    return n;
}

void log_write(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (level > log_max) {
        return;
    }
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    struct tm tm;
    gmtime_r(&ts.tv_sec, &tm);
    char line[2300];
    int n;
    if (log_json) {
        char escaped[2048];
        escape_json(escaped, sizeof(escaped), text);
        n = snprintf(
            line, sizeof(line),
            "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\",\"level\":\"%s\",\"who\":\"%s\","
            "\"msg\":\"%s\"}\n",
            tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
            ts.tv_nsec / 1000000, names[level], log_who, escaped);
    } else {
        n = snprintf(line, sizeof(line), "%02d:%02d:%02d.%03ld %s: %s%s%s\n", tm.tm_hour, tm.tm_min,
                     tm.tm_sec, ts.tv_nsec / 1000000, log_who,
                     level == LOG_INFO ? "" : names[level], level == LOG_INFO ? "" : ": ", text);
    }
    if (n > 0) {
        size_t len = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
        ssize_t put = write(STDERR_FILENO, line, len); // one write a line keeps lines whole
        (void)put; // a log that cannot be written has nobody to tell
    }
}
