// Table-driven command lines. See opt.h.
#include "common/opt.h"
#include "common/err.h"
#include "common/parse.h"

// A program of its own, such as moteloop-device, is not a word behind "moteloop".
static const char *command_prefix(const struct opt_command *c)
{
    return strncmp(c->name, "moteloop-", 9) == 0 ? "" : "moteloop ";
}

static void print_usage_line(FILE *out, const struct opt_command *c)
{
    fprintf(out, "usage: %s%s%s%s%s\n", command_prefix(c), c->name,
            c->options && c->options[0].name ? " [OPTIONS]" : "", c->positional ? " " : "",
            c->positional ? c->positional : "");
}

static void print_help(const struct opt_command *c)
{
    print_usage_line(stdout, c);
    printf("\n%s\n", c->summary);
    if (c->description) {
        printf("\n%s", c->description);
    }
    printf("\noptions:\n");
    for (const struct opt *o = c->options; o && o->name; o++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-26s %s%s\n", left, o->help, o->type == OPT_LIST ? " (may be repeated)" : "");
    }
    printf("  %-26s %s\n", "--help", "this page");
}

static void print_markdown(const struct opt_command *commands)
{
    for (const struct opt_command *c = commands; c->name; c++) {
        printf("## %s%s\n\n%s.\n\n```\n", command_prefix(c), c->name, c->summary);
        print_usage_line(stdout, c);
        printf("```\n\n");
        if (c->description) {
            printf("```\n%s```\n\n", c->description);
        }
        if (c->options && c->options[0].name) {
            printf("| option | meaning |\n|---|---|\n");
            for (const struct opt *o = c->options; o->name; o++) {
                printf("| `--%s%s%s` | %s%s |\n", o->name, o->arg ? " " : "", o->arg ? o->arg : "",
                       o->help, o->type == OPT_LIST ? " (may be repeated)" : "");
            }
            printf("\n");
        }
    }
}

static void list_commands(FILE *out, const char *program, const struct opt_command *commands)
{
    fprintf(out, "usage: %s COMMAND [OPTIONS]\n\ncommands:\n", program);
    for (const struct opt_command *c = commands; c->name; c++) {
        fprintf(out, "  %-12s %s\n", c->name, c->summary);
    }
}

static int complain(const struct opt_command *c, const char *fmt, const char *a, const char *b)
{
    fprintf(stderr, "%s%s: ", command_prefix(c), c->name);
    fprintf(stderr, fmt, a, b); // fmt is one of the literals below
    fprintf(stderr, " (see '%s%s --help')\n", command_prefix(c), c->name);
    return 2;
}

static const struct opt *find(const struct opt_command *c, const char *name, size_t len)
{
    for (const struct opt *o = c->options; o && o->name; o++) {
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            return o;
        }
    }
    return NULL;
}

static int unknown(const struct opt_command *c, const char *word)
{
    const char *names[64];
    size_t n = 0;
    for (const struct opt *o = c->options; o && o->name && n < ARRAY_LEN(names); o++) {
        names[n++] = o->name;
    }
    const char *near = parse_nearest(word + 2, names, n);
    return near ? complain(c, "unknown option '%s', did you mean '--%s'?", word, near)
                : complain(c, "unknown option '%s'%s", word, "");
}

static int store_value(const struct opt *o, void *options, const char *value)
{
    char *at = (char *)options + o->offset;
    switch (o->type) {
    case OPT_STR:
        memcpy(at, &value, sizeof(value));
        return OK;
    case OPT_I64: {
        int64_t v = 0;
        int rc = parse_i64(value, INT64_MIN, INT64_MAX, &v);
        memcpy(at, &v, sizeof(v));
        return rc;
    }
    case OPT_F64: {
        double v = 0;
        int rc = parse_f64(value, -1e300, 1e300, &v);
        memcpy(at, &v, sizeof(v));
        return rc;
    }
    case OPT_DURATION: {
        int64_t v = 0;
        int rc = parse_duration_ms(value, &v);
        memcpy(at, &v, sizeof(v));
        return rc;
    }
    case OPT_LIST: {
        struct opt_list list;
        memcpy(&list, at, sizeof(list));
        if (list.count == OPT_LIST_MAX) {
            return E_LIMIT;
        }
        list.item[list.count++] = value;
        memcpy(at, &list, sizeof(list));
        return OK;
    }
    case OPT_FLAG:
        break;
    }
    return E_FORMAT;
}

static int parse_and_run(const struct opt_command *c, int argc, char **argv)
{
    union {
        max_align_t align;
        char bytes[4096];
    } options;
    if (c->size > sizeof(options)) {
        return complain(c, "%s%s", "options struct too large", "");
    }
    memset(&options, 0, sizeof(options));
    if (c->defaults) {
        memcpy(&options, c->defaults, c->size);
    }
    int npos = 0;
    bool only_positional = false;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (only_positional || strncmp(word, "--", 2) != 0) {
            argv[npos++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_positional = true;
            continue;
        }
        if (strcmp(word, "--help") == 0) {
            print_help(c);
            return 0;
        }
        const char *equals = strchr(word, '=');
        size_t len = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        const struct opt *o = find(c, word + 2, len);
        if (!o) {
            return unknown(c, word);
        }
        if (o->type == OPT_FLAG) {
            if (equals) {
                return complain(c, "'--%s' takes no value%s", o->name, "");
            }
            *((bool *)((char *)&options + o->offset)) = true;
            continue;
        }
        if (!equals && i + 1 >= argc) {
            return complain(c, "'--%s' needs a value: %s", o->name, o->arg);
        }
        const char *value = equals ? equals + 1 : argv[++i];
        if (store_value(o, &options, value)) {
            return complain(c, "bad value '%s' for '--%s'", value, o->name);
        }
    }
    argv[npos] = NULL;
    if (npos && !c->positional) {
        return complain(c, "unexpected argument '%s'%s", argv[0], "");
    }
    return c->run(&options, npos, argv);
}

int opt_main_single(const char *program, const struct opt_command *command, int argc, char **argv)
{
    (void)program;
    if (argc > 1 && strcmp(argv[1], "--cli-md") == 0) {
        print_markdown((const struct opt_command[]){*command, {0}});
        return 0;
    }
    return parse_and_run(command, argc - 1, argv + 1);
}

int opt_main(const char *program, const struct opt_command *commands, int argc, char **argv)
{
    if (argc < 2) {
        list_commands(stderr, program, commands);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0) {
        list_commands(stdout, program, commands);
        return 0;
    }
    if (strcmp(argv[1], "--cli-md") == 0) {
        print_markdown(commands);
        return 0;
    }
    const char *names[64];
    size_t n = 0;
    for (const struct opt_command *c = commands; c->name; c++) {
        if (strcmp(c->name, argv[1]) == 0) {
            return parse_and_run(c, argc - 2, argv + 2);
        }
        if (n < ARRAY_LEN(names)) {
            names[n++] = c->name;
        }
    }
    const char *near = parse_nearest(argv[1], names, n);
    fprintf(stderr, "%s: unknown command '%s'%s%s%s\n", program, argv[1],
            near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 2;
}
