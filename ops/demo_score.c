// Truth and scores of the demo. See demo_score.h.
#include "ops/demo_score.h"
#include "common/err.h"
#include "common/parse.h"

static int add_row(struct truth *t, int64_t t_us, const char *state)
{
    struct truth_row *grown = realloc(t->row, (t->count + 1) * sizeof(*grown));
    if (!grown) {
        return E_MEM;
    }
    t->row = grown;
    t->row[t->count].t_us = t_us;
    snprintf(t->row[t->count].state, SCORE_NAME, "%s", state);
    t->count++;
    return OK;
}

int truth_parse(struct truth *t, const char *text, struct err *e)
{
    char *copy = strdup(text);
    char session[80] = "";
    int line_no = 0, rc = copy ? OK : err_set(e, E_MEM, "out of memory");
    char *rest = copy;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        char *field[4] = {0};
        int64_t t_us = 0;
        line_no++;
        if (!*line || strncmp(line, "session", 7) == 0) {
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(field); i++) {
            field[i] = strsep(&line, ",");
        }
        if (!field[0] || !field[2] || parse_i64(field[1], 0, INT64_MAX, &t_us)) {
            rc = rest ? err_set(e, E_FORMAT, "truth line %d is not session,t_us,state", line_no)
                      : OK; // the last may be half-written
            continue;
        }
        if (strcmp(session, field[0]) != 0) { // a reboot: what was before it is over
            snprintf(session, sizeof(session), "%s", field[0]);
            t->count = 0;
        }
        rc = add_row(t, t_us, field[2]) ? err_set(e, E_MEM, "out of memory") : OK;
    }
    free(copy);
    return rc;
}

void truth_release(struct truth *t)
{
    free(t->row);
    *t = (struct truth){0};
}

const char *truth_at(const struct truth *t, int64_t start_us, int64_t end_us, int64_t settle_us)
{
    const struct truth_row *holds = NULL;
    for (size_t i = 0; i < t->count; i++) {
        if (t->row[i].t_us >= end_us) {
            break;
        }
        if (holds && strcmp(holds->state, t->row[i].state) == 0) {
            continue; // the same state again, such as a relay that closes
        }
        holds = &t->row[i];
    }
    return holds && holds->t_us + settle_us <= start_us ? holds->state : NULL;
}

void score_add(struct score *s, const char *state, const char *label, bool flagged)
{
    size_t i = 0;
    while (i < s->count && strcmp(s->c[i].state, state) != 0) {
        i++;
    }
    if (i == SCORE_STATES) {
        return;
    }
    if (i == s->count) {
        snprintf(s->c[s->count++].state, SCORE_NAME, "%s", state);
    }
    s->c[i].windows++;
    s->c[i].right += strcmp(state, label) == 0;
    s->c[i].flagged += flagged;
}

const struct score_class *score_of(const struct score *s, const char *state)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->c[i].state, state) == 0) {
            return &s->c[i];
        }
    }
    return NULL;
}

static double share(const struct score *s, const char *except, bool flagged)
{
    int64_t windows = 0, hits = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!except || strcmp(s->c[i].state, except) != 0) {
            windows += s->c[i].windows;
            hits += flagged ? s->c[i].flagged : s->c[i].right;
        }
    }
    return windows ? (double)hits / (double)windows : 0;
}

double score_accuracy(const struct score *s, const char *except)
{
    return share(s, except, false);
}

double score_flagged(const struct score *s, const char *except)
{
    return share(s, except, true);
}
