// Agreement between people. See agree.h.
#include "labeler/agree.h"

// The coincidence matrix needs its margins alone: for nominal data D_observed is 1 - sum(o_cc) / n, and
// D_expected is 1 - sum(n_c (n_c - 1)) / (n (n - 1)).
struct margins {
    double same;                      // sum of o_cc
    double n_c[AGREE_CLASSES_MAX], n; // pairable values per label, and in all
};

static void add_unit(struct margins *m, const struct agree_value *v, size_t count, int classes,
                     int only)
{
    int64_t here[AGREE_CLASSES_MAX] = {0};
    if (count < 2) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        here[only < 0 ? v[i].label : v[i].label == only]++;
    }
    for (int c = 0; c < classes; c++) {
        m->n_c[c] += (double)here[c];
        m->same += (double)here[c] * (double)(here[c] - 1) / (double)(count - 1);
    }
    m->n += (double)count;
}

bool agree_alpha(const struct agree_value *values, size_t count, int classes, int only,
                 double *alpha, int64_t *pairable)
{
    struct margins m = {0};
    int used = only < 0 ? classes : 2;
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && values[end].unit == values[i].unit) {
            end++;
        }
        add_unit(&m, values + i, end - i, used, only);
        i = end;
    }
    *pairable = (int64_t)m.n;
    *alpha = 1;
    if (m.n < 2) {
        return false;
    }
    double expected = m.n * (m.n - 1);
    for (int c = 0; c < used; c++) {
        expected -= m.n_c[c] * (m.n_c[c] - 1);
    }
    if (expected <= 0) {
        return false;
    }
    *alpha = 1 - (m.n - 1) * (m.n - m.same) / expected;
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct agree_span *x = a, *y = b;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

// Joins stretches that overlap; returns how many are left.
static size_t join(struct agree_span *s, size_t count)
{
    size_t n = 0;
    qsort(s, count, sizeof(*s), by_start);
    for (size_t i = 0; i < count; i++) {
        if (n > 0 && s[i].start_us <= s[n - 1].end_us) {
            s[n - 1].end_us = s[i].end_us > s[n - 1].end_us ? s[i].end_us : s[n - 1].end_us;
        } else {
            s[n++] = s[i];
        }
    }
    return n;
}

static int64_t length(const struct agree_span *s, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += s[i].end_us - s[i].start_us;
    }
    return sum;
}

void agree_overlap(struct agree_span *a, size_t a_count, struct agree_span *b, size_t b_count,
                   int64_t *both, int64_t *either)
{
    size_t na = join(a, a_count), nb = join(b, b_count), i = 0, j = 0;
    *both = 0;
    while (i < na && j < nb) {
        int64_t start = a[i].start_us > b[j].start_us ? a[i].start_us : b[j].start_us;
        int64_t end = a[i].end_us < b[j].end_us ? a[i].end_us : b[j].end_us;
        *both += end > start ? end - start : 0;
        if (a[i].end_us < b[j].end_us) {
            i++;
        } else {
            j++;
        }
    }
    *either = length(a, na) + length(b, nb) - *both;
}
