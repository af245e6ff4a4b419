// moteloop-labeler.fcgi: the labeler under a web server's FastCGI, several threads in one process.
//
// libfcgi's own SIGTERM handler only makes accept() return, in one thread: here a thread of its own waits for
// the signal, lets running requests end, and ends the process. Where the web server that started it
// dies without a word, the kernel sends that signal.
#include "common/err.h"
#include "common/log.h"
#include "common/opt.h"
#include "labeler/derive.h"
#include "labeler/lab.h"
#include "labeler/lab_live.h"
#include "labeler/lab_req.h"
#include "labeler/lab_route.h"
#include "labeler/lab_stream.h"

#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <unistd.h>

struct fcgi_opts {
    const char *project, *listen;
    int64_t threads;
};
#define THREADS_MAX 64

static const char *io_get(void *ctx, const char *name)
{
    FCGX_Request *request = ctx;
    return FCGX_GetParam(name, request->envp);
}

static size_t io_read(void *ctx, void *out, size_t n)
{
    FCGX_Request *request = ctx;
    int got = FCGX_GetStr(out, (int)n, request->in);
    return got < 0 ? 0 : (size_t)got;
}

static int io_write(void *ctx, const void *data, size_t n)
{
    FCGX_Request *request = ctx;
    const char *p = data;
    while (n) {
        int piece = n > (1 << 20) ? 1 << 20 : (int)n;
        if (FCGX_PutStr(p, piece, request->out) != piece) {
            return -1;
        }
        p += piece;
        n -= (size_t)piece;
    }
    return 0;
}

static int io_flush(void *ctx)
{
    FCGX_Request *request = ctx;
    return FCGX_FFlush(request->out) < 0 ? -1 : 0;
}

static int held_write(void *ctx, const void *data, size_t n)
{
    return io_write(ctx, data, n) || io_flush(ctx) ? -1 : 0;
}

static void held_done(void *ctx)
{
    FCGX_Finish_r(ctx);
    free(ctx);
}

static int hold(void *ctx, const struct lab_io *io)
{
    struct lab_held h = {io->ctx, held_write, held_done};
    return lab_stream_add(ctx, &h);
}

static int hold_live(void *ctx, const struct lab_io *io, const char *device, const char *stream)
{
    struct lab_held h = {io->ctx, held_write, held_done};
    return lab_live_add(ctx, &h, device, stream);
}

static atomic_int busy;
static atomic_bool ending;
#define END_WAIT_MS 3000

static void *wait_for_end(void *arg)
{
    int got = 0;
    (void)sigwait(arg, &got);
    atomic_store(&ending, true);
    for (int ms = 0; atomic_load(&busy) && ms < END_WAIT_MS; ms += 10) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    _exit(0);
}

static int handle_end(bool under_server)
{
    static sigset_t set; // read by the thread for as long as the process lives
    pthread_t thread;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) ||
        pthread_create(&thread, NULL, wait_for_end, &set)) {
        return -1;
    }
    pthread_detach(thread);
    return under_server ? prctl(PR_SET_PDEATHSIG, SIGTERM) : 0;
}

static struct derive *writer; // of derived files, shared by the workers

struct worker {
    struct lab lab;
    pthread_t thread;
    int socket;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    FCGX_Request *request = NULL;
    w->lab.derive = writer;
    for (;;) {
        if (!request) {
            request = calloc(1, sizeof(*request));
            if (!request || FCGX_InitRequest(request, w->socket, 0)) {
                break;
            }
        }
        if (FCGX_Accept_r(request) < 0) {
            break;
        }
        if (atomic_load(&ending)) {
            break; // unanswered: the web server says so to the browser, which tries again
        }
        atomic_fetch_add(&busy, 1);
        struct lab_io io = {request, io_get, io_read, io_write, io_flush};
        if (lab_serve(&w->lab, &io)) {
            request = NULL; // the event stream's thread has it now
        } else {
            FCGX_Finish_r(request);
        }
        atomic_fetch_sub(&busy, 1);
    }
    free(request);
    return NULL;
}

static int fail(const struct err *e)
{
    log_error("%s", e->msg);
    return err_exit_code(e->code);
}

static int run_workers(const struct fcgi_opts *o, int socket, struct lab_stream *stream,
                       struct lab_live *live)
{
    struct worker *w = calloc((size_t)o->threads, sizeof(*w));
    struct err e = {0};
    int64_t started = 0;
    for (int64_t i = 0; w && i < o->threads; i++, started++) {
        w[i].socket = socket;
        if (lab_open(&w[i].lab, o->project, &e)) {
            break;
        }
        w[i].lab.hold = hold;
        w[i].lab.hold_ctx = stream;
        w[i].lab.hold_live = live ? hold_live : NULL;
        w[i].lab.hold_live_ctx = live;
        if (pthread_create(&w[i].thread, NULL, work, &w[i])) {
            lab_close(&w[i].lab);
            err_set(&e, E_IO, "cannot start a thread");
            break;
        }
    }
    if (started == o->threads) {
        log_info("ready with %lld threads", (long long)started);
    } else {
        log_error("%s", e.msg[0] ? e.msg : "out of memory");
        return 1; // lighttpd tries again; threads that wait end with the process
    }
    for (int64_t i = 0; i < started; i++) {
        pthread_join(w[i].thread, NULL);
        lab_close(&w[i].lab);
    }
    free(w);
    return 0;
}

static int run(void *options, int npos, char **pos)
{
    struct fcgi_opts *o = options;
    struct err e = {0};
    (void)npos;
    (void)pos;
    log_init("labeler", LOG_INFO, false);
    if (o->threads < 1 || o->threads > THREADS_MAX) {
        err_set(&e, E_USAGE, "--threads is 1 to %d", THREADS_MAX);
        return fail(&e);
    }
    FCGX_Init();
    int socket = o->listen ? FCGX_OpenSocket(o->listen, 1024) : 0;
    if (socket < 0 || (!o->listen && FCGX_IsCGI())) {
        err_set(&e, E_USAGE,
                o->listen ? "cannot listen on '%s'"
                          : "start this from a web server's FastCGI, or give --listen",
                o->listen);
        return fail(&e);
    }
    if (handle_end(!o->listen)) {
        err_set(&e, E_IO, "cannot handle signals");
        return fail(&e);
    }
    if (derive_start(&writer, o->project, &e)) {
        return fail(&e);
    }
    struct lab_stream *stream = NULL;
    struct lab_live *live = NULL;
    if (lab_stream_start(&stream, o->project, &e)) {
        return fail(&e);
    }
    if (lab_live_start(&live, o->project, &e)) {
        log_warn("no live view: %s", e.msg);
    }
    int code = run_workers(o, socket, stream, live);
    lab_live_stop(live);
    lab_stream_stop(stream);
    derive_stop(writer);
    return code;
}

int main(int argc, char **argv)
{
    static const struct opt options[] = {
        OPT_PROJECT(struct fcgi_opts, project),
        {"listen", "SOCKET",
         "listen on this Unix socket instead of the one given by the web server", OPT_STR,
         offsetof(struct fcgi_opts, listen)},
        {"threads", "N", "requests answered at the same time (default 8)", OPT_I64,
         offsetof(struct fcgi_opts, threads)},
        OPT_END};
    static const struct fcgi_opts defaults = {.threads = 8};
    static const struct opt_command command = {
        "moteloop-labeler.fcgi",
        NULL,
        "the labeler's API and page for a web server",
        "Run by lighttpd (see web/lighttpd.conf of a project folder).\n",
        options,
        sizeof(struct fcgi_opts),
        &defaults,
        run};
    return opt_main_single("moteloop-labeler.fcgi", &command, argc, argv);
}
