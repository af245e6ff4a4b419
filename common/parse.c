// Numbers and names from text. See parse.h.
#include "common/parse.h"
#include "common/err.h"

#include <errno.h>
#include <math.h>

int parse_i64(const char *text, int64_t lo, int64_t hi, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno == EINVAL) {
        return E_FORMAT;
    }
    if (errno == ERANGE || v < lo || v > hi) {
        return E_LIMIT;
    }
    *out = v;
    return OK;
}

int parse_f64(const char *text, double lo, double hi, double *out)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || isnan(v)) {
        return E_FORMAT;
    }
    if (v < lo || v > hi) {
        return E_LIMIT;
    }
    *out = v;
    return OK;
}

int parse_duration_ms(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"", 1e3},    {"ms", 1},   {"s", 1e3},  {"m", 6e4},
                 {"min", 6e4}, {"h", 36e5}, {"d", 864e5}};
    char *end;
    double v = strtod(text, &end);
    if (end == text || !(v >= 0)) {
        return E_FORMAT;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            double ms = v * units[i].ms;
            if (ms > 1e15) {
                return E_LIMIT;
            }
            *out = (int64_t)llround(ms);
            return OK;
        }
    }
    return E_FORMAT;
}

static size_t edit_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t n = strnlen(a, MAX - 1), m = strnlen(b, MAX - 1);
    size_t row[MAX];
    for (size_t j = 0; j <= m; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = best + 1 < replace ? best + 1 : replace;
        }
    }
    return row[m];
}

const char *parse_nearest(const char *text, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(text) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = edit_distance(text, names[i]);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

bool parse_is_device_id(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n >= 1 && n <= 32 && text[n] == 0;
}
