// moteloop up: runs broker, collector, web server and rollout runner of a project in the foreground,
// starts again what ends, and stops all of it together.
#include "common/clock.h"
#include "common/err.h"
#include "common/project.h"
#include "ops/ops_broker.h"
#include "ops/ops_cert.h"
#include "ops/ops_cmd.h"
#include "ops/ops_proc.h"
#include "ops/ops_web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct up_opts {
    const char *project;
    bool quiet;
};
static const struct opt up_options[] = {
    OPT_PROJECT(struct up_opts, project),
    {"quiet", NULL, "print errors only", OPT_FLAG, offsetof(struct up_opts, quiet)},
    OPT_END};

enum { BROKER, COLLECTOR, WEB, ROLLOUT, MORE, SERVICES = MORE + 15 }; // MORE: further collectors
struct service {
    char name[32];
    char number[16];
    const char *argv[8]; // [0] NULL: not used
    char log[IO_PATH_MAX];
    pid_t pid;
    int64_t started_us, restart_us; // restart_us: when to start it again, while it is not running
    int failures;                   // in a row
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

static int port_is_free(const char *host, int64_t port, const char *what, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int rc = OK;
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
        return OK; // a name or IPv6: the service itself will say
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot make a socket");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
                     sizeof(one)); // a port in TIME_WAIT is free
    if (bind(fd, (struct sockaddr *)&a, sizeof(a))) {
        rc = err_errno(e, E_EXISTS,
                       "port %lld of %s, which moteloop.conf gives to the %s, is not free",
                       (long long)port, host, what);
    }
    close(fd);
    return rc;
}

// Held while `up` runs, so that a second one on the same project says so.
static int take_lock(const struct project *p, int *fd, struct err *e)
{
    char path[IO_PATH_MAX];
    *fd = open(project_path(p, path, "run/up.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    if (flock(*fd, LOCK_EX | LOCK_NB)) {
        return err_set(e, E_BUSY, "'moteloop up' runs for '%s' already", p->dir);
    }
    return OK;
}

static void define(struct service *s, const struct project *p)
{
    static char conf_broker[IO_PATH_MAX], conf_web[IO_PATH_MAX];
    char name[64];
    project_path(p, conf_broker, "broker/mosquitto.conf");
    project_path(p, conf_web, "web/lighttpd.conf");
    s[BROKER] = (struct service){.name = "mosquitto", .argv = {"mosquitto", "-c", conf_broker}};
    s[COLLECTOR] =
        (struct service){.name = "collector", .argv = {"moteloop-collector", "--project", p->dir}};
    s[WEB] = (struct service){.name = "lighttpd", .argv = {"lighttpd", "-D", "-f", conf_web}};
    s[ROLLOUT] = (struct service){
        .name = "rollout", .argv = {"moteloop-converter", "rollout", "run", "--project", p->dir}};
    for (int n = 2; n <= p->conf.collectors; n++) {
        struct service *more = &s[MORE + n - 2];
        *more = (struct service){
            .argv = {"moteloop-collector", "--project", p->dir, "--number", more->number}};
        snprintf(more->name, sizeof(more->name), "collector-%d", n);
        snprintf(more->number, sizeof(more->number), "%d", n);
    }
    for (int i = 0; i < SERVICES; i++) {
        snprintf(name, sizeof(name), "run/%.31s.log", s[i].name);
        project_path(p, s[i].log, name);
    }
}

static int start(struct service *s, struct err *e)
{
    int rc = proc_start(&s->pid, s->argv, s->log, NULL, e);
    s->started_us = clock_mono_us();
    s->restart_us = 0;
    return rc ? err_wrap(e, "cannot start the %s", s->name) : OK;
}

// Waits until something listens there.
static int wait_listening(const char *host, int64_t port, const struct service *s, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const char *to = strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, to, &a.sin_addr) != 1) {
        return OK;
    }
    int64_t until = clock_mono_us() + 15000000;
    while (!stop_asked) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool up = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
        if (fd >= 0) {
            close(fd);
        }
        if (up) {
            return OK;
        }
        if (kill(s->pid, 0) || clock_mono_us() > until) {
            return err_set(e, E_STATE, "the %s does not answer at %s:%lld: see '%s'", s->name, host,
                           (long long)port, s->log);
        }
        struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL); // a port gives no notice of being opened
    }
    return OK;
}

static void watch(struct service *s)
{
    enum { FIRST_BACKOFF_MS = 200, MAX_BACKOFF_MS = 30000, STEADY_US = 30000000 };
    int status;
    struct err e = {0};
    if (s->pid && proc_ended(s->pid, &status)) {
        bool was_steady = clock_mono_us() - s->started_us > STEADY_US;
        s->failures = was_steady ? 1 : s->failures + 1;
        int shift = s->failures > 8 ? 8 : s->failures;
        int64_t wait_ms = (int64_t)FIRST_BACKOFF_MS << shift;
        wait_ms = wait_ms > MAX_BACKOFF_MS ? MAX_BACKOFF_MS : wait_ms;
        fprintf(stderr,
                "moteloop up: the %s ended (%s %d); starting it again in %.1f s; see '%s'\n",
                s->name, WIFEXITED(status) ? "exit code" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), (double)wait_ms / 1000,
                s->log);
        s->pid = 0;
        s->restart_us = clock_mono_us() + wait_ms * 1000;
    }
    if (!s->pid && s->restart_us && clock_mono_us() >= s->restart_us && start(s, &e)) {
        fprintf(stderr, "moteloop up: %s\n", e.msg);
        s->restart_us = clock_mono_us() + (int64_t)MAX_BACKOFF_MS * 1000;
    }
}

static int broker_ports_are_free(const struct project *p, struct err *e)
{
    const struct project_conf *c = &p->conf;
    int rc = c->server_tls ? OK : port_is_free(project_broker_host(p), c->broker_port, "broker", e);
    if (rc == OK && c->tls_port) {
        rc = port_is_free(c->broker_host, c->tls_port, "broker (TLS)", e);
    }
    return rc || !c->tls_cert_port
               ? rc
               : port_is_free(c->broker_host, c->tls_cert_port, "broker (certificates)", e);
}

// The broker's certificate is made anew in its last month: nothing but the authority's is known to devices.
static int check_certificates(const struct project *p, struct err *e)
{
    enum { RENEW_DAYS = 30 };
    int64_t days = 0;
    if (!p->conf.tls_port) {
        return OK;
    }
    int rc = certs_days_left(p, "broker/broker.pem", &days, e);
    return rc || days > RENEW_DAYS ? rc : certs_make_broker(p, e);
}

static int run(const struct project *p, const struct up_opts *o, struct err *e)
{
    static struct service s[SERVICES];
    sigset_t blocked, old;
    int lock = -1;
    define(s, p);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    int rc = take_lock(p, &lock, e);
    if (rc == OK) {
        rc = web_write_conf(p, e); // programs may have moved since `init`
    }
    if (rc == OK) {
        rc = check_certificates(p, e);
    }
    if (rc == OK) {
        rc = broker_ports_are_free(p, e);
    }
    if (rc == OK) {
        rc = port_is_free(p->conf.web_host, p->conf.web_port, "page", e);
    }
    rc = rc ? rc : broker_ensure_collectors(p, e);
    if (rc == OK) {
        rc = start(&s[BROKER], e);
    }
    if (rc == OK) {
        rc = wait_listening(project_broker_host(p), project_broker_port(p), &s[BROKER], e);
    }
    for (int i = COLLECTOR; i < SERVICES && rc == OK && !stop_asked; i++) {
        rc = s[i].argv[0] ? start(&s[i], e) : OK;
    }
    if (rc == OK && !stop_asked) {
        rc = wait_listening(p->conf.web_host, p->conf.web_port, &s[WEB], e);
    }
    if (rc == OK && !stop_asked && !o->quiet) {
        if (p->conf.tls_port) {
            printf("TLS    %s:%lld, with certificates %lld\n", p->conf.broker_host,
                   (long long)p->conf.tls_port, (long long)p->conf.tls_cert_port);
        }
        printf("broker %s:%d\npage   http://%s:%lld/\nlogs   %s/run/\nCtrl-C ends it\n",
               project_broker_host(p), project_broker_port(p), p->conf.web_host,
               (long long)p->conf.web_port, p->dir);
        fflush(stdout);
    }
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    while (rc == OK && !stop_asked) {
        struct timespec wait = {.tv_nsec = 500000000}; // wakes at once when a child ends
        (void)sigtimedwait(&blocked, NULL, &wait);
        for (int i = 0; i < SERVICES; i++) {
            watch(&s[i]);
        }
    }
    // The collector stops before the broker, so that what it holds is stored and acknowledged.
    static const int order[] = {ROLLOUT, WEB, COLLECTOR};
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        proc_stop(s[order[i]].pid, 5000);
    }
    for (int i = MORE; i < SERVICES; i++) {
        proc_stop(s[i].pid, 5000);
    }
    proc_stop(s[BROKER].pid, 5000);
    if (lock >= 0) {
        close(lock);
    }
    return rc;
}

static int cmd_up(void *options, int npos, char **pos)
{
    const struct up_opts *o = options;
    struct err e = {0};
    static struct project p;
    int rc = npos > 1 ? err_set(&e, E_USAGE, "name one project folder")
                      : project_open(&p, npos ? pos[0] : o->project, &e);
    if (rc == OK) {
        rc = run(&p, o, &e);
    }
    return rc ? ops_fail("up", &e) : 0;
}

const struct opt_command ops_up_command = {
    "up",
    "[DIR]",
    "run broker, collector, web server and rollout runner of a project",
    "Stays in the foreground until Ctrl-C or SIGTERM and starts again what ends. Logs are in "
    "DIR/run/.\n"
    "One folder can run once; its ports are in moteloop.conf.\n",
    up_options,
    sizeof(struct up_opts),
    NULL,
    cmd_up};
