// moteloop-collector: takes what devices publish into the store, and publishes what the store asks for.
#include <signal.h>

#include "collector/coll_run.h"
#include "common/err.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/project.h"

struct options {
    const char *project, *id;
    int64_t number;
    bool log_json;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static int run(void *options, int npos, char **pos)
{
    const struct options *o = options;
    struct project p;
    struct err e = {0};
    (void)npos;
    (void)pos;
    log_init("collector", LOG_INFO, o->log_json);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    int rc = project_open(&p, o->project, &e);
    if (!rc) {
        rc = coll_run(&p, &(struct coll_options){.id = o->id, .number = o->number, .stop = &stop},
                      &e);
    }
    if (rc) {
        log_error("%s", e.msg);
    }
    return err_exit_code(rc);
}

static const struct options defaults = {.id = "collector", .number = 1};
static const struct opt options[] = {
    OPT_PROJECT(struct options, project),
    {"id", "NAME", "name of this collector's row in the store (default: collector)", OPT_STR,
     offsetof(struct options, id)},
    {"number", "N", "which of several that share one store ([mqtt] collectors) it is (default: 1)",
     OPT_I64, offsetof(struct options, number)},
    {"log-json", NULL, "log lines are JSON objects", OPT_FLAG, offsetof(struct options, log_json)},
    OPT_END};
static const struct opt_command command = {
    "collector",
    NULL,
    "store what devices publish, publish what the store asks for",
    "Runs in the foreground until SIGTERM or SIGINT; then it stores and acknowledges what it has, "
    "and ends.\n"
    "'moteloop up' runs it. The broker, its prefix and the limits are those of moteloop.conf.\n",
    options,
    sizeof(struct options),
    &defaults,
    run};

int main(int argc, char **argv)
{
    return opt_main_single("moteloop-collector", &command, argc, argv);
}
