// See coll_tell.h. The command is started without a shell, with the JSON on its standard input and the line in
// $MOTELOOP_ALERT.
#include "collector/coll_tell.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"

#define TIMEOUT_MS 10000

enum stage { FREE, GIVEN, RESULT };
struct coll_tell {
    const char *url, *command;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stage stage;
    bool stop, good;
    atomic_bool hurry;
    char *json, *line;
    char reason[CURL_ERROR_SIZE + 64];
};

static size_t ignore(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * n;
}

static int abort_where_stopped(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&((struct coll_tell *)ctx)->hurry);
}

static bool post(struct coll_tell *t)
{
    char why[CURL_ERROR_SIZE] = "";
    CURL *c = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!c || !headers) {
        snprintf(t->reason, sizeof t->reason, "out of memory");
        curl_slist_free_all(headers);
        curl_easy_cleanup(c);
        return false;
    }
    curl_easy_setopt(c, CURLOPT_URL, t->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->json);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "moteloop");
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, abort_where_stopped);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK) {
        snprintf(t->reason, sizeof t->reason, "the webhook: %s",
                 why[0] ? why : curl_easy_strerror(code));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    return code == CURLE_OK;
}

// --- the command ---------------------------------------------------------------------------------

static void become(const struct coll_tell *t, char *const *env, int in)
{
    char *const argv[] = {(char *)t->command, NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    dup2(in, STDIN_FILENO);
    execve(t->command, argv, env);
    _exit(127);
}

// The environment with one variable more; caller frees the list. Made before fork: there is another thread.
static char **with_alert(char *text)
{
    extern char **environ;
    size_t n = 0;
    while (environ[n]) {
        n++;
    }
    char **list = calloc(n + 2, sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        list[i] = environ[i];
    }
    if (list) {
        list[n] = text;
    }
    return list;
}

static bool write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR) {
            return errno == EPIPE; // it did not want to read: its exit code counts
        }
        p += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static int wait_for_child(struct coll_tell *t, pid_t child)
{
    int status = 0;
    int64_t until = clock_mono_us() + TIMEOUT_MS * 1000;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock_mono_us() > until || atomic_load(&t->hurry)) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL); // waitpid has no time limit of its own
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool run_command(struct coll_tell *t)
{
    int p[2];
    char text[600];
    snprintf(text, sizeof text, "MOTELOOP_ALERT=%s", t->line);
    char **env = with_alert(text);
    if (!env || pipe2(p, O_CLOEXEC)) {
        free(env);
        snprintf(t->reason, sizeof t->reason, "the command cannot be started: %s", strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        become(t, env, p[0]);
    }
    free(env);
    close(p[0]);
    fcntl(p[1], F_SETPIPE_SZ,
          1 << 20); // all of it fits, so a command that does not read holds nobody up
    bool good = child > 0 && write_all(p[1], t->json, strlen(t->json));
    close(p[1]);
    int code = child > 0 ? wait_for_child(t, child) : -1;
    if (!good || code != 0) {
        snprintf(t->reason, sizeof t->reason,
                 code == 127 ? "the command '%.100s' cannot be run"
                             : "the command '%.100s' failed or took too long",
                 t->command);
    }
    return good && code == 0;
}

// --- the thread ----------------------------------------------------------------------------------

static void *run(void *ctx)
{
    struct coll_tell *t = ctx;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (t->stage != GIVEN && !t->stop) {
            pthread_cond_wait(&t->changed, &t->lock);
        }
        if (t->stage != GIVEN) {
            break;
        }
        pthread_mutex_unlock(&t->lock);
        bool good = !t->url[0] || post(t);
        good = (!t->command[0] || run_command(t)) && good;
        pthread_mutex_lock(&t->lock);
        t->good = good;
        t->stage = RESULT;
        pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

int coll_tell_new(struct coll_tell **out, const char *url, const char *command, struct err *e)
{
    struct coll_tell *t = calloc(1, sizeof *t);
    if (!t || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(t);
        return err_set(e, E_MEM, "out of memory");
    }
    t->url = url;
    t->command = command;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&t->thread, NULL, run, t)) {
        free(t);
        return err_set(e, E_MEM, "cannot start a thread");
    }
    *out = t;
    return OK;
}

void coll_tell_free(struct coll_tell *t, int64_t wait_ms)
{
    if (!t) {
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    pthread_mutex_lock(&t->lock);
    while (t->stage == GIVEN && pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0) {
    }
    t->stop = true;
    atomic_store(&t->hurry, true);
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    curl_global_cleanup();
    free(t->json);
    free(t->line);
    free(t);
}

bool coll_tell_start(struct coll_tell *t, const char *json, const char *line)
{
    pthread_mutex_lock(&t->lock);
    bool idle = t->stage == FREE;
    if (idle) {
        free(t->json);
        free(t->line);
        t->json = strdup(json);
        t->line = strdup(line);
        idle = t->json && t->line;
        t->stage = idle ? GIVEN : FREE;
        pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return idle;
}

int coll_tell_result(struct coll_tell *t, const char **reason)
{
    pthread_mutex_lock(&t->lock);
    int result = t->stage == RESULT ? (t->good ? 1 : -1) : 0;
    if (result) {
        t->stage = FREE;
        *reason = t->reason;
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}
