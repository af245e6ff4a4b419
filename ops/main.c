// moteloop: one command. Finds the program that owns a subcommand beside itself and becomes it.
//
// To add a subcommand: give it an opt_command in its program's table, and a line here. tests/lint
// checks that docs/cli.md is what the tables say.
#include "common/err.h"
#include "common/io.h"
#include "common/opt.h"
#include "common/parse.h"
#include "ops/ops_cmd.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name, *program, *summary; // program NULL: it is in ops/
    const struct opt_command *command;
} commands[] = {
    {"init", NULL, NULL, &ops_init_command},
    {"up", NULL, NULL, &ops_up_command},
    {"demo", NULL, NULL, &ops_demo_command},
    {"device", NULL, NULL, &ops_device_command},
    {"record", NULL, NULL, &ops_record_command},
    {"user", NULL, NULL, &ops_user_command},
    {"key", "moteloop-converter", "signing keys and key sets", NULL},
    {"import", "moteloop-import", "files into the store, with labels", NULL},
    {"export", "moteloop-import", "recordings and labels out to files", NULL},
    {"gateway", "moteloop-import", "bridge serial devices to the broker", NULL},
    {"train", "moteloop-trainer", "a recipe to a model", NULL},
    {"tune", "moteloop-trainer", "search pre-processing and network under a board's limits", NULL},
    {"eval", "moteloop-trainer", "measure a finished model on data it has not seen", NULL},
    {"explore", "moteloop-explorer", "all windows in a plane, with what a model says of each",
     NULL},
    {"convert", "moteloop-converter", "a model to other forms", NULL},
    {"inspect", "moteloop-converter", "what is in a model, and which boards it fits", NULL},
    {"infer", "moteloop-converter", "run a model on raw tensor bytes", NULL},
    {"split", "moteloop-converter", "cut a model in two", NULL},
    {"release", "moteloop-converter", "pack and sign a model", NULL},
    {"rollout", "moteloop-converter", "ship a release in stages and watch it", NULL},
    {"retrain", NULL, NULL, &ops_retrain_command},
    {"cron", NULL, NULL, &ops_cron_command},
    {"status", NULL, NULL, &ops_status_command},
    {"doctor", NULL, NULL, &ops_doctor_command},
    {"backup", NULL, NULL, &ops_backup_command},
    {"restore", NULL, NULL, &ops_restore_command},
    {"erase", NULL, NULL, &ops_erase_command},
};

int ops_fail(const char *name, const struct err *e)
{
    fprintf(stderr, "moteloop %s: %s\n", name, e->msg);
    return err_exit_code(e->code);
}

static void help(FILE *out)
{
    fprintf(
        out,
        "usage: moteloop COMMAND [OPTIONS]\n\n"
        "From sensor samples to better models on devices: collects, labels, trains, releases.\n"
        "Start with 'moteloop demo', or 'moteloop init DIR' and 'moteloop up DIR'.\n\ncommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(out, "  %-9s %s\n", commands[i].name,
                commands[i].command ? commands[i].command->summary : commands[i].summary);
    }
    fprintf(out,
            "\n'moteloop COMMAND --help' explains one; 'moteloop --version' prints the version.\n");
}

static int become(const char *program, int argc, char **argv)
{
    struct err e = {0};
    char dir[IO_PATH_MAX], path[IO_PATH_MAX];
    (void)argc;
    if (io_program_dir(dir, sizeof(dir), &e) || io_join(path, sizeof(path), dir, program)) {
        fprintf(stderr, "moteloop: %s\n", e.msg);
        return 1;
    }
    execv(path, argv); // argv[0] stays, argv[1] is the subcommand
    fprintf(stderr, "moteloop: cannot run '%s': %s\n", path, strerror(errno));
    return 1;
}

// The hidden --cli-md of every program, in the order of the table: what docs/cli.md is made of.
static int cli_md(void)
{
    struct opt_command own[ARRAY_LEN(commands) + 1] = {0};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].command) {
            own[n++] = *commands[i].command;
        }
    }
    return opt_main("moteloop", own, 2, (char *[]){"moteloop", "--cli-md", NULL});
}

int main(int argc, char **argv)
{
    const char *names[ARRAY_LEN(commands)];
    umask(077); // a project holds secrets, whatever program makes the file
    if (sodium_init() < 0) {
        fprintf(stderr, "moteloop: cannot start the cryptographic library\n");
        return 1;
    }
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("moteloop %s\n", MOTELOOP_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--cli-md") == 0) {
        return cli_md();
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return commands[i].command
                       ? opt_main_single("moteloop", commands[i].command, argc - 1, argv + 1)
                       : become(commands[i].program, argc, argv);
        }
        names[i] = commands[i].name;
    }
    const char *near = parse_nearest(argv[1], names, ARRAY_LEN(names));
    fprintf(stderr, "moteloop: unknown command '%s'%s%s%s (see 'moteloop --help')\n", argv[1],
            near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 2;
}
