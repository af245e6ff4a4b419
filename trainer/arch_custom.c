// Networks from layer lines:
//
//     layer = conv filters=16 kernel=3x3 stride=2 act=relu norm=yes name=a
//     layer = add from=a+b act=relu
//
// Words of every line: from (one name or two with a plus between; otherwise the line before), name, act, norm (batch normalisation
// behind it), pad (same or valid). The last line must be `dense` without units: it gets the outputs.
#include "common/err.h"
#include "common/parse.h"
#include "trainer/arch.h"

#define NAMES_MAX NET_LAYERS_MAX

struct line {
    const struct conf_entry *entry;
    const struct recipe *r;
    struct layer l;
    bool norm, has_units;
    const char *name, *from;
    struct err *e;
};

struct names {
    const char *name[NAMES_MAX];
    int layer[NAMES_MAX];
    size_t count;
};

static int bad(const struct line *x, const char *what, const char *value)
{
    return conf_bad(&x->r->conf, x->entry, x->e, "%s '%s'", what, value);
}

// "3" or "3x5" (height x width).
static int read_pair(const char *text, int *a, int *b)
{
    char first[16];
    const char *cross = strchr(text, 'x');
    int64_t v = 0, w = 0;
    snprintf(first, sizeof(first), "%.*s", cross ? (int)(cross - text) : 15, text);
    if (parse_i64(first, 1, 1024, &v) || parse_i64(cross ? cross + 1 : first, 1, 1024, &w)) {
        return E_FORMAT;
    }
    *a = (int)v;
    *b = (int)w;
    return OK;
}

static int read_word(struct line *x, const char *key, const char *value, bool signal)
{
    struct layer *l = &x->l;
    int64_t n = 0;
    double f = 0;
    if (strcmp(key, "filters") == 0 || strcmp(key, "units") == 0) {
        x->has_units = true;
        return parse_i64(value, 1, 65536, &n) ? bad(x, "not a number of units:", value)
                                              : (l->units = (int)n, OK);
    }
    if (strcmp(key, "kernel") == 0 || strcmp(key, "size") == 0) {
        int rc = read_pair(value, &l->kh, &l->kw);
        l->kh = signal && !strchr(value, 'x') ? 1 : l->kh; // a signal has one line
        return rc ? bad(x, "not a kernel such as 3 or 3x5:", value) : OK;
    }
    if (strcmp(key, "stride") == 0) {
        int rc = read_pair(value, &l->sh, &l->sw);
        l->sh = signal && !strchr(value, 'x') ? 1 : l->sh;
        return rc ? bad(x, "not a stride such as 2 or 1x2:", value) : OK;
    }
    if (strcmp(key, "rate") == 0) {
        return parse_f64(value, 0, 0.95, &f) ? bad(x, "not a rate of 0 to 0.95:", value)
                                             : (l->rate = (float)f, OK);
    }
    if (strcmp(key, "act") == 0) {
        l->act = strcmp(value, "relu") == 0    ? ACT_RELU
                 : strcmp(value, "relu6") == 0 ? ACT_RELU6
                                               : ACT_NONE;
        return l->act == ACT_NONE && strcmp(value, "none") != 0
                   ? bad(x, "act is none, relu or relu6, not", value)
                   : OK;
    }
    if (strcmp(key, "norm") == 0) {
        x->norm = strcmp(value, "yes") == 0;
        return x->norm || strcmp(value, "no") == 0 ? OK : bad(x, "norm is yes or no, not", value);
    }
    if (strcmp(key, "pad") == 0) {
        l->same = strcmp(value, "same") == 0;
        return l->same || strcmp(value, "valid") == 0 ? OK
                                                      : bad(x, "pad is same or valid, not", value);
    }
    if (strcmp(key, "name") == 0) {
        x->name = value;
        return OK;
    }
    if (strcmp(key, "from") == 0) {
        x->from = value;
        return OK;
    }
    static const char *const known[] = {"filters", "units", "kernel", "size", "stride", "rate",
                                        "act",     "norm",  "pad",    "name", "from"};
    const char *near = parse_nearest(key, known, ARRAY_LEN(known));
    return near ? conf_bad(&x->r->conf, x->entry, x->e, "unknown word '%s', did you mean '%s'?",
                           key, near)
                : bad(x, "unknown word", key);
}

static int find_kind(const char *word)
{
    for (int k = LAYER_DENSE; k < LAYER_KINDS; k++) {
        if (strcmp(layer_name((enum layer_kind)k), word) == 0) {
            return k;
        }
    }
    return -1;
}

static int find_from(const struct line *x, const struct names *names, const char *name, size_t len)
{
    for (size_t i = names->count; i-- > 0;) {
        if (strlen(names->name[i]) == len && strncmp(names->name[i], name, len) == 0) {
            return names->layer[i];
        }
    }
    if (len == 5 && strncmp(name, "input", 5) == 0) {
        return 0;
    }
    return bad(x, "no layer above has the name", x->from);
}

static int connect(struct line *x, const struct names *names, const struct net *n)
{
    x->l.in[0] = n->layers - 1;
    x->l.in[1] = -1;
    if (!x->from) {
        return OK;
    }
    const char *comma = strchr(x->from, '+');
    int a = find_from(x, names, x->from, comma ? (size_t)(comma - x->from) : strlen(x->from));
    int b = comma ? find_from(x, names, comma + 1, strlen(comma + 1)) : -1;
    if (a < 0 || (comma && b < 0)) {
        return E_FORMAT;
    }
    x->l.in[0] = a;
    x->l.in[1] = b;
    return OK;
}

static int put_line(struct net *n, struct line *x, struct names *names, bool final, int outputs)
{
    bool learns = x->l.kind == LAYER_CONV || x->l.kind == LAYER_DWCONV || x->l.kind == LAYER_DENSE;
    if (final && x->l.kind == LAYER_DENSE && !x->has_units) {
        x->l.units = outputs;
    } else if (final) {
        return bad(x, "the last layer must be 'dense' without units, not", x->entry->value);
    }
    enum act act = x->l.act;
    x->l.bias = learns && !x->norm;
    x->l.act = x->norm ? ACT_NONE : act;
    int rc = connect(x, names, n);
    int at = rc ? rc : net_add(n, x->l, x->e);
    if (at >= 0 && x->norm) {
        at = net_add(n, (struct layer){.kind = LAYER_NORM, .in = {at, -1}, .act = act}, x->e);
    }
    if (at < 0) {
        return rc ? rc : err_wrap(x->e, "line %d", x->entry->line);
    }
    if (x->name) {
        names->name[names->count] = x->name;
        names->layer[names->count++] = at;
    }
    return OK;
}

static int read_line(struct line *x, char **word, size_t words, bool signal)
{
    int kind = words ? find_kind(word[0]) : -1;
    if (kind < 0) {
        return bad(x,
                   "no kind of layer (dense conv dwconv maxpool avgpool norm add concat dropout):",
                   words ? word[0] : "");
    }
    x->l = (struct layer){.kind = (enum layer_kind)kind,
                          .same = kind == LAYER_CONV || kind == LAYER_DWCONV};
    for (size_t i = 1; i < words; i++) {
        char *equals = strchr(word[i], '=');
        if (!equals) {
            return bad(x, "expected word=value, not", word[i]);
        }
        *equals = 0;
        int rc = read_word(x, word[i], equals + 1, signal);
        if (rc) {
            return rc;
        }
    }
    return OK;
}

int arch_custom(struct net *n, const struct recipe *r, int outputs, struct err *e)
{
    struct names *names = calloc(1, sizeof(*names));
    char(*text)[RECIPE_TEXT] = calloc(r->conf.count + 1, sizeof(*text));
    int rc = names && text ? OK : err_set(e, E_MEM, "out of memory");
    size_t last = r->conf.count;
    for (size_t i = 0; i < r->conf.count; i++) {
        last = strcmp(r->conf.entry[i].key, "layer") == 0 ? i : last;
    }
    if (rc == OK && last == r->conf.count) {
        rc = err_set(e, E_FORMAT, "type = custom needs 'layer = ...' lines");
    }
    bool signal = n->layer[0].y.h == 1;
    for (size_t i = 0; i <= last && rc == OK; i++) {
        struct line x = {.entry = &r->conf.entry[i], .r = r, .e = e};
        char *word[RECIPE_LIST];
        if (strcmp(x.entry->key, "layer") == 0) {
            rc = read_line(&x, word, recipe_words(x.entry->value, text[i], word, RECIPE_LIST),
                           signal);
            rc = rc ? rc : put_line(n, &x, names, i == last, outputs);
        }
    }
    free(names);
    free(text);
    return rc;
}
