// Command lines: one table per program makes parsing, --help and docs/cli.md agree.
//
// A program has one or more commands; a command has a struct of options (plain C values, filled from
// its defaults) and says by offsetof where each option goes:
//
//     struct train_opts { const char *project; int64_t seed; bool json; };
//     static const struct opt train_options[] = {
//         OPT_PROJECT(struct train_opts, project),
//         {"seed", "N", "seed of every random choice", OPT_I64, offsetof(struct train_opts, seed)},
//         OPT_JSON(struct train_opts, json), OPT_END};
//     static const struct opt_command commands[] = {
//         {"train", "RECIPE", "a recipe to a model", "longer text with examples\n",
//          train_options, sizeof(struct train_opts), &train_defaults, cmd_train},
//         {0}};
//     int main(int argc, char **argv) { return opt_main("moteloop-trainer", commands, argc, argv); }
//
// Options are --name VALUE or --name=VALUE; flags are --name; "--" ends options. Secrets never are
// options. --help prints a command's page; the hidden --cli-md prints all of them as Markdown.
#ifndef COMMON_OPT_H
#define COMMON_OPT_H

#include <limits.h>

enum opt_type {
    OPT_STR,      // const char *
    OPT_I64,      // int64_t
    OPT_F64,      // double
    OPT_FLAG,     // bool, set to true
    OPT_DURATION, // int64_t milliseconds, "90", "30s", "5m"
    OPT_LIST      // struct opt_list: may be given several times
};

#define OPT_LIST_MAX 32
struct opt_list {
    const char *item[OPT_LIST_MAX];
    size_t count;
};

struct opt {
    const char *name; // without dashes; NULL ends the table
    const char *arg;  // what stands for the value in the help, NULL for flags
    const char *help;
    enum opt_type type;
    size_t offset;
};

struct opt_command {
    const char *name;        // NULL ends the table
    const char *positional;  // for the usage line: "RECIPE", "[DIR]", "FILE..."; may be NULL
    const char *summary;     // one line, lower case, no full stop
    const char *description; // the page's text with examples, lines ended; may be NULL
    const struct opt *options; // may be NULL
    size_t size;               // of the options struct
    const void *defaults;      // of the same size; NULL means all zero
    int (*run)(void *options, int npos, char **pos); // returns the exit code
};

#define OPT_END {NULL, NULL, NULL, OPT_STR, 0}
#define OPT_PROJECT(type, member)                                                                  \
    {                                                                                              \
        "project", "DIR", "project folder (default: $MOTELOOP_PROJECT, or this folder)", OPT_STR,  \
            offsetof(type, member)                                                                 \
    }
#define OPT_JSON(type, member)                                                                     \
    {"json", NULL, "print the result as JSON on standard output", OPT_FLAG, offsetof(type, member)}

// Finds argv[1] among the commands, parses the rest, runs it. Returns the exit code (2 for words
// that are off, said on stderr with the nearest known one).
int opt_main(const char *program, const struct opt_command *commands, int argc, char **argv);
// A program with a single command: argv[1] onward are its options.
int opt_main_single(const char *program, const struct opt_command *command, int argc, char **argv);

#endif
