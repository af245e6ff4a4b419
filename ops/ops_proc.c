// Child processes. See ops_proc.h.
#include "ops/ops_proc.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const struct {
    const char *program, *package;
} packages[] = {{"mosquitto", "mosquitto"}, {"lighttpd", "lighttpd"}};

int proc_find(char *out, size_t cap, const char *program, struct err *e)
{
    char dir[IO_PATH_MAX];
    int rc = io_program_dir(dir, sizeof(dir), e);
    if (rc) {
        return rc;
    }
    if (io_join(out, cap, dir, program) == OK && access(out, X_OK) == 0) {
        return OK;
    }
    // Daemons of Debian live in /usr/sbin, which is not on every PATH.
    char paths[4096];
    const char *path = getenv("PATH");
    snprintf(paths, sizeof(paths), "%s:/usr/sbin:/usr/local/sbin:/sbin", path ? path : "/usr/bin");
    char *rest = paths;
    for (char *p; (p = strsep(&rest, ":"));) {
        if (*p && io_join(out, cap, p, program) == OK && access(out, X_OK) == 0) {
            return OK;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
        if (strcmp(packages[i].program, program) == 0) {
            return err_set(e, E_NOT_FOUND, "cannot find '%s': install the Debian package '%s'",
                           program, packages[i].package);
        }
    }
    return err_set(e, E_NOT_FOUND, "cannot find '%s' beside this program: build it with 'make'",
                   program);
}

static char **with_env(const char *env)
{
    size_t n = 0;
    while (environ[n]) {
        n++;
    }
    char **copy = calloc(n + 2, sizeof(*copy));
    if (copy) {
        memcpy(copy, environ, n * sizeof(*copy));
        copy[n] = (char *)(uintptr_t)env; // execve wants char *, and does not write
    }
    return copy;
}

static _Noreturn void become(const char *path, const char *const *argv, const char *env)
{
    char **full = env ? with_env(env) : environ;
    if (full) {
        execve(path, (char *const *)(uintptr_t)argv, full);
    }
    fprintf(stderr, "cannot run '%s': %s\n", path, strerror(errno));
    _exit(127);
}

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

int proc_start(pid_t *pid, const char *const *argv, const char *log_path, const char *env,
               struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = proc_find(path, sizeof(path), argv[0], e);
    if (rc) {
        return rc;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        return err_errno(e, E_IO, "cannot start '%s'", argv[0]);
    }
    if (child == 0) {
        setpgid(0, 0);
        reset_signals();
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(127); // the parent died between fork and prctl
        }
        int in = open("/dev/null", O_RDONLY);
        if (in >= 0) {
            dup2(in, STDIN_FILENO);
        }
        if (log_path) {
            int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
            if (log >= 0) {
                dup2(log, STDOUT_FILENO);
                dup2(log, STDERR_FILENO);
            }
        }
        become(path, argv, env);
    }
    *pid = child;
    return OK;
}

// Reads both pipes until they close or the time is over.
static int collect(int out_fd, int err_fd, struct buf *out, struct buf *errors, int64_t deadline_us)
{
    struct pollfd p[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
    int open_count = 2;
    while (open_count) {
        int64_t left = (deadline_us - clock_mono_us()) / 1000;
        if (left <= 0) {
            return E_STATE;
        }
        int n = poll(p, 2, left > INT_MAX ? INT_MAX : (int)left);
        if (n < 0 && errno != EINTR) {
            return E_IO;
        }
        for (int i = 0; n > 0 && i < 2; i++) {
            char chunk[8192];
            if (!p[i].revents) {
                continue;
            }
            ssize_t got = read(p[i].fd, chunk, sizeof(chunk));
            if (got <= 0) {
                p[i].fd = -1;
                open_count--;
            } else if (i == 0 ? out && buf_put(out, chunk, (size_t)got)
                              : buf_put(errors, chunk, (size_t)got)) {
                return E_LIMIT;
            }
        }
    }
    return OK;
}

static void last_line(const struct buf *b, char *out, size_t cap)
{
    size_t end = b->len;
    while (end && (b->data[end - 1] == '\n' || b->data[end - 1] == '\r')) {
        end--;
    }
    size_t start = end;
    while (start && b->data[start - 1] != '\n') {
        start--;
    }
    snprintf(out, cap, "%.*s", (int)(end - start > 400 ? 400 : end - start),
             b->data ? b->data + start : "");
}

int proc_run(const char *const *argv, struct buf *out, int *exit_code, int64_t limit_ms,
             struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = proc_find(path, sizeof(path), argv[0], e);
    if (rc) {
        return rc;
    }
    int o[2], r[2];
    if (pipe2(o, O_CLOEXEC)) {
        return err_errno(e, E_IO, "cannot start '%s'", argv[0]);
    }
    if (pipe2(r, O_CLOEXEC)) {
        close(o[0]);
        close(o[1]);
        return err_errno(e, E_IO, "cannot start '%s'", argv[0]);
    }
    pid_t child = fork();
    if (child == 0) {
        reset_signals();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int in = open("/dev/null", O_RDONLY);
        if (in >= 0) {
            dup2(in, STDIN_FILENO);
        }
        dup2(o[1], STDOUT_FILENO);
        dup2(r[1], STDERR_FILENO);
        become(path, argv, NULL);
    }
    close(o[1]);
    close(r[1]);
    struct buf errors;
    buf_init(&errors, 1 << 20);
    rc = child < 0 ? E_IO : collect(o[0], r[0], out, &errors, clock_mono_us() + limit_ms * 1000);
    close(o[0]);
    close(r[0]);
    int status = 0;
    if (child > 0) {
        if (rc) {
            kill(child, SIGKILL);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    if (rc) {
        err_set(e, rc, "'%s' %s", argv[0], rc == E_STATE ? "took too long" : "could not be run");
    } else {
        *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (*exit_code) {
            last_line(&errors, e->msg, sizeof(e->msg));
            e->code = E_STATE;
        }
    }
    buf_release(&errors);
    return rc;
}

int proc_run_ok(const char *const *argv, struct buf *out, int64_t limit_ms, struct err *e)
{
    int code = 0;
    int rc = proc_run(argv, out, &code, limit_ms, e);
    if (rc == OK && code) {
        char text[sizeof(e->msg)];
        memcpy(text, e->msg, sizeof(text));
        text[sizeof(text) - 1] = 0;
        rc = err_set(e, E_STATE, "%s", *text ? text : "it failed without a word");
        err_wrap(e, "%s %s (exit code %d)", argv[0], argv[1] ? argv[1] : "", code);
    }
    return rc;
}

bool proc_ended(pid_t pid, int *status)
{
    return pid > 0 && waitpid(pid, status, WNOHANG) == pid;
}

void proc_stop(pid_t pid, int64_t grace_ms)
{
    if (pid <= 0) {
        return;
    }
    int status;
    int64_t until = clock_mono_us() + grace_ms * 1000;
    kill(pid, SIGTERM);
    while (!proc_ended(pid, &status)) {
        if (clock_mono_us() > until) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            }
            return;
        }
        struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL); // waitpid has no time limit of its own
    }
}
