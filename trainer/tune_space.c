// Recipes with alternatives in their values. See tune_space.h.
#include "trainer/tune_space.h"
#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/dsp/mote_dsp.h"
#include "trainer/rng.h"

#include <ctype.h>

struct line {
    struct tune_slice all; // without its end
    struct tune_slice key, value; // value without blanks around it and without a comment
    bool heading;          // key: the section's name
};

static struct tune_slice trim(const char *text, size_t from, size_t to)
{
    while (from < to && isspace((unsigned char)text[from])) {
        from++;
    }
    while (to > from && isspace((unsigned char)text[to - 1])) {
        to--;
    }
    return (struct tune_slice){from, to - from};
}

// Reads the line at *at and moves past it; false at the end. The grammar is common/conf.h's; what is wrong in it
// recipe_parse will say.
static bool next_line(const struct tune_space *s, size_t *at, struct line *l)
{
    if (*at >= s->len) {
        return false;
    }
    const char *end = memchr(s->text + *at, '\n', s->len - *at);
    size_t to = end ? (size_t)(end - s->text) : s->len;
    *l = (struct line){.all = {*at, to - *at}};
    *at = to + 1;
    size_t stop = l->all.at;
    while (stop < to && !(s->text[stop] == '#' &&
                          (stop == l->all.at || isspace((unsigned char)s->text[stop - 1])))) {
        stop++;
    }
    struct tune_slice body = trim(s->text, l->all.at, stop);
    if (body.len >= 2 && s->text[body.at] == '[' && s->text[body.at + body.len - 1] == ']') {
        l->heading = true;
        l->key = trim(s->text, body.at + 1, body.at + body.len - 1);
        return true;
    }
    const char *equals = body.len ? memchr(s->text + body.at, '=', body.len) : NULL;
    if (equals) {
        size_t middle = (size_t)(equals - s->text);
        l->key = trim(s->text, body.at, middle);
        l->value = trim(s->text, middle + 1, body.at + body.len);
    }
    return true;
}

static bool is(const struct tune_space *s, struct tune_slice t, const char *word)
{
    return t.len == strlen(word) && memcmp(s->text + t.at, word, t.len) == 0;
}

static void copy(const struct tune_space *s, struct tune_slice t, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)t.len, s->text + t.at);
}

static int read_options(const struct tune_space *s, const char *name, struct tune_choice *c,
                        struct err *e)
{
    size_t at = c->value.at, end = c->value.at + c->value.len;
    while (at <= end) {
        size_t bar = at;
        while (bar < end &&
               !(s->text[bar] == '|' && bar > at && isblank((unsigned char)s->text[bar - 1]) &&
                 (bar + 1 == end || isblank((unsigned char)s->text[bar + 1])))) {
            bar++;
        }
        struct tune_slice option = trim(s->text, at, bar);
        if (option.len == 0 || c->options == TUNE_OPTIONS_MAX) {
            return err_set(e, E_FORMAT, "%s: [%s] %s: %s", name, c->section, c->key,
                           option.len ? "too many possibilities (at most 16)"
                                      : "an empty possibility beside '|'");
        }
        c->option[c->options++] = option;
        at = bar + 1;
    }
    return OK;
}

static bool has_bar(const struct tune_space *s, struct tune_slice v)
{
    for (size_t i = 1; i + 1 < v.len; i++) {
        const char *p = s->text + v.at + i;
        if (*p == '|' && isblank((unsigned char)p[-1]) && isblank((unsigned char)p[1])) {
            return true;
        }
    }
    return false;
}

int tune_space_read(struct tune_space *s, const char *name, const char *text, size_t len,
                    struct err *e)
{
    *s = (struct tune_space){.text = text, .len = len, .size = 1};
    char section[16] = "";
    struct line l;
    for (size_t at = 0; next_line(s, &at, &l);) {
        if (l.heading) {
            copy(s, l.key, section, sizeof(section));
        }
        if (l.heading || !has_bar(s, l.value)) {
            continue;
        }
        if (s->choices == TUNE_CHOICES_MAX) {
            return err_set(e, E_LIMIT, "%s: more than %d choices", name, TUNE_CHOICES_MAX);
        }
        struct tune_choice *c = &s->choice[s->choices++];
        snprintf(c->section, sizeof(c->section), "%s", section);
        copy(s, l.key, c->key, sizeof(c->key));
        c->name = l.key;
        c->value = l.value;
        int rc = read_options(s, name, c, e);
        if (rc) {
            return rc;
        }
        s->size *= (double)c->options;
    }
    return s->choices ? OK
                      : err_set(e, E_FORMAT,
                                "%s: nothing to search: give a key several values, such as "
                                "'type = mlp | cnn1d'",
                                name);
}

void tune_space_draw(const struct tune_space *s, struct rng *g, uint8_t pick[TUNE_CHOICES_MAX])
{
    for (size_t i = 0; i < s->choices; i++) {
        pick[i] = (uint8_t)rng_below(g, (uint32_t)s->choice[i].options);
    }
}

void tune_space_at(const struct tune_space *s, uint64_t index, uint8_t pick[TUNE_CHOICES_MAX])
{
    for (size_t i = 0; i < s->choices; i++) {
        pick[i] = (uint8_t)(index % s->choice[i].options);
        index /= s->choice[i].options;
    }
}

static struct tune_slice chosen(const struct tune_space *s, const uint8_t *pick,
                                struct tune_slice value)
{
    for (size_t i = 0; i < s->choices; i++) {
        if (s->choice[i].value.at == value.at) {
            return s->choice[i].option[pick[i]];
        }
    }
    return value;
}

// The features' block of a candidate, by mote_dsp's number; -1 where it names none that is known.
static int block_of(const struct tune_space *s, const uint8_t *pick)
{
    bool features = false;
    struct line l;
    for (size_t at = 0; next_line(s, &at, &l);) {
        if (l.heading) {
            features = is(s, l.key, "features");
        } else if (features && is(s, l.key, "block")) {
            struct tune_slice v = chosen(s, pick, l.value);
            return mote_dsp_kind_find(s->text + v.at, v.len);
        }
    }
    return MOTE_DSP_RAW;
}

// Whether a key of [features] is a parameter that this block has no use for.
static bool is_idle(const struct tune_space *s, struct tune_slice key, int block)
{
    struct mote_dsp_param p;
    for (unsigned i = 0; block >= 0 && mote_dsp_param(i, &p) == MOTE_OK; i++) {
        if (is(s, key, p.name)) {
            return !(p.kinds & 1u << block);
        }
    }
    return false;
}

static int put_line(const struct tune_space *s, const struct line *l, struct tune_slice value,
                    struct buf *out)
{
    int rc = buf_put(out, s->text + l->all.at, l->value.at - l->all.at);
    rc = rc ? rc : buf_put(out, s->text + value.at, value.len);
    size_t behind = l->value.at + l->value.len;
    rc = rc ? rc : buf_put(out, s->text + behind, l->all.at + l->all.len - behind);
    return rc ? rc : buf_puts(out, "\n");
}

int tune_space_write(const struct tune_space *s, const uint8_t pick[TUNE_CHOICES_MAX],
                     int64_t epochs, const char *board, struct buf *out, struct err *e)
{
    const int block = block_of(s, pick);
    char section[16] = "";
    struct line l;
    int rc = OK;
    for (size_t at = 0; rc == OK && next_line(s, &at, &l);) {
        if (l.heading) {
            copy(s, l.key, section, sizeof(section));
        }
        bool replaced = (epochs > 0 && strcmp(section, "train") == 0 && is(s, l.key, "epochs")) ||
                        (board && strcmp(section, "squeeze") == 0 && is(s, l.key, "board"));
        if (replaced || (strcmp(section, "features") == 0 && is_idle(s, l.key, block))) {
            continue;
        }
        if (l.value.len) {
            rc = put_line(s, &l, chosen(s, pick, l.value), out);
        } else {
            rc = buf_put(out, s->text + l.all.at, l.all.len);
            rc = rc ? rc : buf_puts(out, "\n");
        }
    }
    rc = rc || epochs == 0 ? rc : buf_printf(out, "[train]\nepochs = %lld\n", (long long)epochs);
    rc = rc || !board ? rc : buf_printf(out, "[squeeze]\nboard = %s\n", board);
    return rc ? err_set(e, E_MEM, "out of memory") : OK;
}

void tune_space_describe(const struct tune_space *s, const uint8_t pick[TUNE_CHOICES_MAX],
                         char *out, size_t cap)
{
    const int block = block_of(s, pick);
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < s->choices && used < cap; i++) {
        const struct tune_choice *c = &s->choice[i];
        struct tune_slice o = c->option[pick[i]];
        bool idle = strcmp(c->section, "features") == 0 &&
                    is_idle(s, c->name, block);
        if (!idle) {
            int n = snprintf(out + used, cap - used, "%s%s %.*s", used ? ", " : "", c->key,
                             (int)o.len, s->text + o.at);
            used += n > 0 ? (size_t)n : 0;
        }
    }
}
