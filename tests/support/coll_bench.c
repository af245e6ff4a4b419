// See coll_bench.h.
#include "tests/support/coll_bench.h"

#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "firmware/core/wire/mote_wire.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int acked, connected;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void die(const char *what)
{
    fprintf(stderr, "collector bench: %s\n", what);
    exit(1);
}

static void note(int *field, int value)
{
    pthread_mutex_lock(&state.lock);
    *field = value;
    pthread_cond_broadcast(&state.changed);
    pthread_mutex_unlock(&state.lock);
}

static void await(const int *field, int value, const char *what)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&state.lock);
    while (*field != value) {
        if (pthread_cond_timedwait(&state.changed, &state.lock, &until)) {
            die(what);
        }
    }
    pthread_mutex_unlock(&state.lock);
}

static void on_connect(struct mosquitto *m, void *ctx, int code)
{
    (void)m;
    (void)ctx;
    note(&state.connected, code == 0);
}

static void on_publish(struct mosquitto *m, void *ctx, int mid)
{
    (void)m;
    (void)ctx;
    note(&state.acked, mid);
}

void coll_bench_join(struct coll_bench *b)
{
    state.connected = 0;
    mosquitto_lib_init();
    b->mosq = mosquitto_new(NULL, true, NULL);
    mosquitto_connect_callback_set(b->mosq, on_connect);
    mosquitto_publish_callback_set(b->mosq, on_publish);
    mosquitto_int_option(b->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_connect(b->mosq, "127.0.0.1", b->broker.port, 60) ||
        mosquitto_loop_start(b->mosq)) {
        die("cannot connect to the broker");
    }
    await(&state.connected, 1, "the broker does not answer");
}

void coll_bench_leave(struct coll_bench *b)
{
    mosquitto_disconnect(b->mosq);
    mosquitto_loop_stop(b->mosq, false);
    mosquitto_destroy(b->mosq);
    mosquitto_lib_cleanup();
    b->mosq = NULL;
}

void coll_bench_open(struct coll_bench *b, const char *broker_extra)
{
    *b = (struct coll_bench){0};
    if (broker_start(&b->broker, broker_extra)) {
        exit(1); // it has said why
    }
    store_fixture_make(&b->fix);
    project_conf_defaults(&b->conf);
    b->conf.broker_port = b->broker.port;
    coll_bench_join(b);
}

void coll_bench_close(struct coll_bench *b)
{
    for (int n = 1; n <= COLL_BENCH_MAX; n++) {
        if (b->pid[n - 1]) {
            coll_bench_end(b, n, SIGKILL);
        }
    }
    if (b->mosq) {
        coll_bench_leave(b);
    }
    broker_stop(&b->broker);
    store_fixture_remove(&b->fix);
}

void coll_bench_start(struct coll_bench *b, int n)
{
    struct err e = {0};
    char path[320], program[512], number[16];
    char *text = project_conf_text(&b->conf);
    snprintf(path, sizeof path, "%s/moteloop.conf", b->fix.dir);
    if (!text || io_write_atomic(path, text, strlen(text), 0600, &e)) {
        die(e.msg);
    }
    free(text);
    const char *bin = getenv("MOTELOOP_BIN");
    snprintf(program, sizeof program, "%s/moteloop-collector", bin ? bin : "build/bin");
    snprintf(number, sizeof number, "%d", n);
    b->pid[n - 1] = fork();
    if (b->pid[n - 1] == 0) {
        if (!getenv("V")) {
            (void)!freopen("/dev/null", "w", stderr); // it says in many lines what tests do to it
        }
        execl(program, program, "--project", b->fix.dir, "--number", number, (char *)NULL);
        _exit(127);
    }
}

int coll_bench_end(struct coll_bench *b, int n, int signal_number)
{
    int status = 0;
    kill(b->pid[n - 1], signal_number);
    waitpid(b->pid[n - 1], &status, 0);
    b->pid[n - 1] = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void coll_bench_publish(struct coll_bench *b, const char *topic, const void *p, size_t len,
                        bool retain)
{
    char full[160];
    int mid = 0;
    snprintf(full, sizeof full, "ml/1/%s", topic);
    pthread_mutex_lock(&state.lock); // so that the answer cannot come before it is awaited
    int code = mosquitto_publish(b->mosq, &mid, full, (int)len, p, 1, retain);
    pthread_mutex_unlock(&state.lock);
    if (code) {
        die(mosquitto_strerror(code));
    }
    await(&state.acked, mid, "the broker does not take a message");
}

void coll_bench_block(struct coll_bench *b, const char *device, const char *stream, uint64_t seq)
{
    uint8_t bytes[MOTE_BLOCK_MAX], data[20];
    char topic[128];
    memset(data, (int)(seq & 0xff), sizeof data);
    struct mote_block block = {.seq = seq,
                               .t_us = seq * 100000,
                               .interval_ns = 10000000,
                               .type = MOTE_I16,
                               .channels = 1,
                               .scale = 1,
                               .data = data,
                               .data_len = sizeof data};
    memcpy(block.session, device, strnlen(device, sizeof block.session));
    int len = mote_block_encode(bytes, sizeof bytes, &block);
    if (len < 0) {
        die("cannot encode a block");
    }
    snprintf(topic, sizeof topic, "d/%s/data/%s", device, stream);
    coll_bench_publish(b, topic, bytes, (size_t)len, false);
}

bool coll_bench_until(struct coll_bench *b, int wait_ms,
                      bool (*yes)(struct coll_bench *b, void *ctx), void *ctx)
{
    int64_t until = clock_mono_us() + (int64_t)wait_ms * 1000;
    do {
        if (yes(b, ctx)) {
            return true;
        }
        usleep(5000); // the store gives no notice to other programs
    } while (clock_mono_us() < until);
    return yes(b, ctx);
}
