// Measures of a classifier. See judge.h.
#include "trainer/judge.h"
#include "common/err.h"
#include "trainer/windows.h"

#include <math.h>

#define WORST 5  // groups reported
#define BINS 15  // of the calibration error

void judge_init(struct judge *j, size_t classes)
{
    *j = (struct judge){.classes = classes};
}

void judge_release(struct judge *j)
{
    free(j->w);
    free(j->scores);
    free(j->cell);
    *j = (struct judge){0};
}

int judge_add(struct judge *j, struct judged w, const float *scores)
{
    if (j->count == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 256;
        struct judged *ws = realloc(j->w, cap * sizeof(*ws));
        j->w = ws ? ws : j->w;
        float *ss = realloc(j->scores, cap * j->classes * sizeof(*ss));
        j->scores = ss ? ss : j->scores;
        if (!ws || !ss) {
            return E_MEM;
        }
        j->cap = cap;
    }
    memcpy(j->scores + j->count * j->classes, scores, j->classes * sizeof(*scores));
    j->w[j->count++] = w;
    return OK;
}

static size_t right(const struct judge *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->count; i++) {
        n += j->w[i].answer == j->w[i].label;
    }
    return n;
}

double judge_accuracy(const struct judge *j)
{
    return j->count ? (double)right(j) / (double)j->count : 0;
}

void judge_interval(const struct judge *j, double *lo, double *hi)
{
    double n = (double)j->count, p = judge_accuracy(j), z = 1.96;
    *lo = 0;
    *hi = 1;
    if (n > 0) {
        double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
        double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
        *lo = middle - half;
        *hi = middle + half;
    }
}

struct counts { // of a class
    size_t windows, answers, both;
};

static struct counts count_class(const struct judge *j, size_t c)
{
    struct counts n = {0};
    for (size_t i = 0; i < j->count; i++) {
        n.windows += j->w[i].label == c;
        n.answers += j->w[i].answer == c;
        n.both += j->w[i].label == c && j->w[i].answer == c;
    }
    return n;
}

static double part(size_t a, size_t b)
{
    return b ? (double)a / (double)b : 0;
}

static double f1_of(struct counts n)
{
    return part(2 * n.both, n.windows + n.answers);
}

// Area under the ROC curve of one class against the rest, by ranks (ties count half).
struct ranked {
    float score;
    bool own;
};
static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->score < y->score ? -1 : x->score > y->score;
}

static double roc_area(const struct judge *j, size_t c)
{
    struct ranked *r = calloc(j->count + 1, sizeof(*r));
    size_t own = 0;
    double sum = 0;
    for (size_t i = 0; r && i < j->count; i++) {
        r[i] = (struct ranked){j->scores[i * j->classes + c], j->w[i].label == c};
        own += r[i].own;
    }
    if (r && own && own < j->count) {
        qsort(r, j->count, sizeof(*r), by_score);
        for (size_t i = 0, to; i < j->count; i = to) {
            size_t here = 0;
            for (to = i; to < j->count && r[to].score <= r[i].score; to++) {
                here += r[to].own;
            }
            sum += (double)here * ((double)i + (double)(to - i - 1) / 2);
        }
        sum =
            (sum - (double)own * (double)(own - 1) / 2) / ((double)own * (double)(j->count - own));
    } else {
        sum = -1;
    }
    free(r);
    return sum;
}

// Expected difference between score and accuracy over equal bins of the score.
static double calibration_error(const struct judge *j)
{
    double score[BINS] = {0}, hit[BINS] = {0}, sum = 0;
    for (size_t i = 0; i < j->count; i++) {
        int b = (int)(j->w[i].score * BINS);
        b = b < 0 ? 0 : b >= BINS ? BINS - 1 : b;
        score[b] += (double)j->w[i].score;
        hit[b] += j->w[i].answer == j->w[i].label;
    }
    for (int b = 0; b < BINS; b++) {
        sum += fabs(score[b] - hit[b]);
    }
    return j->count ? sum / (double)j->count : 0;
}

static json_t *confusion(const struct judge *j)
{
    json_t *rows = json_array();
    size_t *n = calloc(j->classes * j->classes + 1, sizeof(*n));
    for (size_t i = 0; n && i < j->count; i++) {
        n[j->w[i].label * j->classes + j->w[i].answer]++;
    }
    for (size_t a = 0; n && a < j->classes; a++) {
        json_t *row = json_array();
        for (size_t b = 0; b < j->classes; b++) {
            json_array_append_new(row, json_integer((json_int_t)n[a * j->classes + b]));
        }
        json_array_append_new(rows, row);
    }
    free(n);
    return rows;
}

static json_t *class_list(const struct judge *j, const struct name_list *label)
{
    json_t *list = json_array();
    for (size_t c = 0; c < j->classes; c++) {
        struct counts n = count_class(j, c);
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:f, s:f, s:f, s:f}", "label", label->name[c], "windows",
                            (json_int_t)n.windows, "precision", part(n.both, n.answers), "recall",
                            part(n.both, n.windows), "f1", f1_of(n), "roc_area", roc_area(j, c)));
    }
    return list;
}

struct group_score {
    size_t windows, right;
    uint16_t group;
};
static int by_accuracy(const void *a, const void *b)
{
    const struct group_score *x = a, *y = b;
    double p = part(x->right, x->windows), q = part(y->right, y->windows);
    return p < q ? -1 : p > q ? 1 : x->group < y->group ? -1 : 1;
}

static json_t *worst_groups(const struct judge *j, const struct name_list *group)
{
    json_t *list = json_array();
    struct group_score *g = calloc(group->count + 1, sizeof(*g));
    size_t used = 0;
    for (size_t i = 0; g && i < group->count; i++) {
        g[i].group = (uint16_t)i;
    }
    for (size_t i = 0; g && i < j->count; i++) {
        g[j->w[i].group].windows++;
        g[j->w[i].group].right += j->w[i].answer == j->w[i].label;
    }
    for (size_t i = 0; g && i < group->count; i++) {
        if (g[i].windows) {
            g[used++] = g[i];
        }
    }
    if (g) {
        qsort(g, used, sizeof(*g), by_accuracy);
    }
    for (size_t i = 0; i < used && i < WORST; i++) {
        json_array_append_new(list, json_pack("{s:s, s:I, s:f}", "group", group->name[g[i].group],
                                              "windows", (json_int_t)g[i].windows, "accuracy",
                                              part(g[i].right, g[i].windows)));
    }
    free(g);
    return list;
}

// Accuracy by recording: the class with the highest sum of scores over its windows. -1 where none has one label alone.
static double recording_accuracy(const struct judge *j)
{
    size_t most = 0, n = 0, hit = 0;
    for (size_t i = 0; i < j->count; i++) {
        most = j->w[i].recording > most ? j->w[i].recording : most;
    }
    double *sum = calloc((most + 1) * j->classes + 1, sizeof(*sum));
    int32_t *want = malloc((most + 1) * sizeof(*want));
    for (size_t i = 0; want && i <= most; i++) {
        want[i] = -1;
    }
    for (size_t i = 0; sum && want && i < j->count; i++) {
        uint32_t r = j->w[i].recording;
        want[r] = want[r] == -1 || want[r] == j->w[i].label
                      ? j->w[i].label
                      : -2; // -2: several labels, not one answer
        for (size_t c = 0; c < j->classes; c++) {
            sum[r * j->classes + c] += (double)j->scores[i * j->classes + c];
        }
    }
    for (size_t r = 0; sum && want && r <= most; r++) {
        size_t top = 0;
        for (size_t c = 1; c < j->classes; c++) {
            top = sum[r * j->classes + c] > sum[r * j->classes + top] ? c : top;
        }
        n += want[r] >= 0;
        hit += want[r] >= 0 && (size_t)want[r] == top;
    }
    free(sum);
    free(want);
    return n ? part(hit, n) : -1;
}

json_t *judge_json(const struct judge *j, const struct name_list *label,
                   const struct name_list *group)
{
    double lo, hi, macro = 0;
    size_t uncertain = 0;
    judge_interval(j, &lo, &hi);
    for (size_t c = 0; c < j->classes; c++) {
        macro += f1_of(count_class(j, c)) / (double)j->classes;
    }
    for (size_t i = 0; i < j->count; i++) {
        uncertain += j->w[i].uncertain;
    }
    json_t *out = json_pack(
        "{s:I, s:f, s:[f,f], s:f, s:f, s:f, s:o, s:o, s:o}", "windows", (json_int_t)j->count,
        "accuracy", judge_accuracy(j), "interval", lo, hi, "macro_f1", macro, "uncertain",
        part(uncertain, j->count), "calibration_error", calibration_error(j), "confusion",
        confusion(j), "classes", class_list(j, label), "worst_groups", worst_groups(j, group));
    double by_recording = recording_accuracy(j);
    if (out && by_recording >= 0) {
        json_object_set_new(out, "recording_accuracy", json_real(by_recording));
    }
    return out;
}

void judge_print(const struct judge *j, const struct name_list *label)
{
    printf("%-16s %7s %9s %7s %6s   confusion (row: truth)\n", "class", "windows", "precision",
           "recall", "f1");
    for (size_t c = 0; c < j->classes; c++) {
        struct counts n = count_class(j, c);
        printf("%-16.16s %7zu %9.3f %7.3f %6.3f  ", label->name[c], n.windows,
               part(n.both, n.answers), part(n.both, n.windows), f1_of(n));
        for (size_t b = 0; b < j->classes && b < 16; b++) {
            size_t at = 0;
            for (size_t i = 0; i < j->count; i++) {
                at += j->w[i].label == c && j->w[i].answer == b;
            }
            printf(" %5zu", at);
        }
        printf("\n");
    }
}
