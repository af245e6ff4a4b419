// bench-ingest: how fast the collector stores what a real mosquitto delivers, beside a subscriber that
// only counts and sends as many acknowledgement messages. Same broker, same load, in turn, in one run.
//
//     bench-ingest COLLECTOR [--devices N] [--connections N] [--blocks N] [--bytes N] [--rounds N]
//     bench-ingest COLLECTOR --rate R --minutes M     the collector alone, at R blocks a second: latency and memory
#include <mosquitto.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/project.h"
#include "tests/support/broker.h"
#include "tests/support/load.h"
#include "tests/support/store_fixture.h"

struct options {
    const char *peer;
    int64_t devices, connections, blocks, bytes, rounds, window, rate, minutes;
};

struct outcome {
    double rate, seconds, cpu_consumer;
    uint64_t acks, blocks;
    int64_t p50_us, p99_us;
    long rss_start_kb, rss_end_kb;
    double bytes_per_block, samples_per_block;
};

static const char *prefix = "ml/1";

// --- (a) the subscriber that only counts -------------------------------------------------------------

struct counter {
    uint64_t *count;
    size_t devices;
    uint64_t per_ack;
    struct load_conf conf;
    int qos;
};

static void send_count(struct mosquitto *m, struct counter *c, size_t device)
{
    uint8_t bytes[128];
    char topic[96];
    struct mote_ack a = {.stream = {"acc", 3}, .next = c->count[device]};
    load_session(&c->conf, device, 0, a.session);
    int len = mote_acks_encode(bytes, sizeof bytes, &a, 1);
    snprintf(topic, sizeof topic, "%s/d/load-%zu/ack", prefix, device);
    if (len > 0) {
        mosquitto_publish(m, NULL, topic, len, bytes, 0, false);
    }
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    struct counter *c = ctx;
    size_t device = (size_t)strtoul(msg->topic + strlen(prefix) + strlen("/d/load-"), NULL, 10);
    if (device < c->devices &&
        (++c->count[device] % c->per_ack == 0 || c->count[device] == c->conf.blocks)) {
        send_count(m, c, device);
    }
}

static void run_counter(const struct load_conf *conf, uint64_t per_ack, int qos)
{
    struct counter c = {.devices = conf->devices, .per_ack = per_ack, .conf = *conf, .qos = qos};
    char topic[64];
    c.count = calloc(conf->devices, sizeof *c.count);
    mosquitto_lib_init();
    struct mosquitto *m = mosquitto_new("counter", true, &c);
    mosquitto_message_callback_set(m, on_message);
    mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
    if (!c.count || mosquitto_connect(m, "127.0.0.1", conf->port, 60) != 0) {
        _exit(1);
    }
    snprintf(topic, sizeof topic, "%s/d/+/data/+", prefix);
    mosquitto_subscribe(m, NULL, topic, c.qos);
    mosquitto_loop_forever(m, 100, 1);
    _exit(0);
}

// --- what the consumer costs ------------------------------------------------------------------------

static long rss_kb(pid_t pid)
{
    char path[64];
    struct buf b = {0};
    struct err e;
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (io_read_file(path, 1 << 16, &b, &e) == OK) {
        const char *at = strstr(b.data, "VmRSS:");
        kb = at ? strtol(at + 6, NULL, 10) : 0;
    }
    buf_release(&b);
    return kb;
}

static double file_bytes(const char *dir)
{
    static const char *const names[] = {"blocks.db", "blocks.db-wal"};
    double sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[300];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        sum += i == 0 && stat(path, &st) == 0 ? (double)st.st_size : 0;
    }
    return sum;
}

static bool drive(const struct load_conf *conf, int64_t minutes, pid_t consumer, struct outcome *o)
{
    struct load *l = load_new(conf);
    struct load_stats s;
    if (!l) {
        return false;
    }
    int64_t start = clock_mono_us(),
            limit = start + (minutes ? minutes * 60000000 + 60000000 : 300000000), looked = 0,
            early = 0;
    bool done = false;
    while (!done && clock_mono_us() < limit) {
        load_step(l, 50);
        int64_t now = clock_mono_us();
        if (now - looked < 20000) { // what follows looks at every device
            continue;
        }
        looked = now;
        done = load_done(l);
        if (minutes && now - start > minutes * 60000000) {
            load_stop_growing(l);
        }
        load_get(l, &s);
        if (!early && (minutes ? now - start > minutes * 6000000
                               : s.acknowledged > conf->blocks * conf->devices / 10)) {
            early = o->rss_start_kb =
                rss_kb(consumer); // caches and the queue have their size by then
        }
    }
    o->seconds = (double)(clock_mono_us() - start) / 1e6;
    load_get(l, &s);
    o->rate = (double)s.acknowledged / o->seconds;
    o->acks = s.ack_messages;
    o->blocks = s.acknowledged;
    o->p50_us = s.p50_us;
    o->p99_us = s.p99_us;
    o->rss_end_kb = rss_kb(consumer);
    if (s.resent) {
        printf("  %llu blocks were sent again\n", (unsigned long long)s.resent);
    }
    load_free(l);
    return done;
}

static double stop_child(pid_t pid)
{
    struct rusage r;
    kill(pid, SIGTERM);
    if (wait4(pid, NULL, 0, &r) != pid) {
        return 0;
    }
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static bool measure_counter(const struct load_conf *conf, uint64_t per_ack, int qos,
                            struct outcome *o)
{
    pid_t pid = fork();
    if (pid == 0) {
        run_counter(conf, per_ack, qos);
    }
    usleep(300000);
    bool good = drive(conf, 0, pid, o);
    o->cpu_consumer = stop_child(pid);
    return good;
}

// Values in a block of the load.
static double samples_of(const struct load_conf *conf)
{
    uint8_t bytes[MOTE_BLOCK_MAX];
    struct mote_block b;
    int len = load_block(conf, 0, 0, 0, bytes);
    return len > 0 && mote_block_decode(&b, bytes, (size_t)len) == MOTE_OK
               ? (double)b.data_len / (double)mote_sample_size(b.type)
               : 0;
}

static bool measure_collector(const char *program, const struct load_conf *conf, int64_t minutes,
                              struct outcome *o)
{
    struct store_fixture fix;
    struct project_conf c;
    struct err e = {0};
    char path[300];
    store_fixture_make(&fix);
    store_close(fix.store);
    fix.store = NULL;
    project_conf_defaults(&c);
    c.broker_port = conf->port;
    c.max_devices = 100000;
    char *text = project_conf_text(&c);
    snprintf(path, sizeof path, "%s/moteloop.conf", fix.dir);
    bool good = text && io_write_atomic(path, text, strlen(text), 0600, &e) == OK;
    free(text);
    pid_t pid = good ? fork() : -1;
    if (pid == 0) {
        execl(program, program, "--project", fix.dir, (char *)NULL);
        perror(program);
        _exit(127);
    }
    usleep(500000);
    good = pid > 0 && drive(conf, minutes, pid, o);
    o->cpu_consumer = pid > 0 ? stop_child(pid) : 0;
    o->bytes_per_block = o->blocks ? file_bytes(fix.dir) / (double)o->blocks : 0;
    o->samples_per_block = samples_of(conf);
    store_fixture_remove(&fix);
    return good;
}

// A script that is told port, folder and blocks to an acknowledgement, and says "ready". 77: it is not to be had here.
static bool measure_peer(const char *script, const struct load_conf *conf, uint64_t per_ack,
                         struct outcome *o)
{
    char dir[] = "/tmp/mote-peer-XXXXXX", port[16], each[24], line[64] = "", db[64];
    int p[2], status = 0;
    if (!mkdtemp(dir) || pipe(p)) {
        return false;
    }
    snprintf(port, sizeof port, "%d", conf->port);
    snprintf(each, sizeof each, "%llu", (unsigned long long)per_ack);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(p[1], STDOUT_FILENO);
        close(p[0]);
        close(p[1]);
        execl("/bin/bash", "bash", script, port, dir, each, (char *)NULL);
        _exit(127);
    }
    close(p[1]);
    bool ready = read(p[0], line, sizeof line - 1) > 0 && strncmp(line, "ready", 5) == 0,
         good = true;
    if (ready) {
        struct stat st;
        good = drive(conf, 0, pid, o);
        o->cpu_consumer = stop_child(pid);
        snprintf(db, sizeof db, "%s/peer.db", dir);
        o->bytes_per_block =
            o->blocks && stat(db, &st) == 0 ? (double)st.st_size / (double)o->blocks : 0;
        o->samples_per_block = samples_of(conf);
    } else {
        waitpid(pid, &status, 0);
        printf("SKIP: the peer '%s' %s\n", script,
               WIFEXITED(status) && WEXITSTATUS(status) == 77 ? "cannot be installed here"
                                                              : "does not start");
    }
    close(p[0]);
    support_remove_tree(dir);
    return good;
}

static void show(const char *name, const struct outcome *o)
{
    printf("  %-9s %8.0f blocks/s  %6.2f s  p50 %6.1f ms  p99 %6.1f ms  %7llu acks  cpu %.2f s  "
           "rss %ld -> %ld KB",
           name, o->rate, o->seconds, (double)o->p50_us / 1000, (double)o->p99_us / 1000,
           (unsigned long long)o->acks, o->cpu_consumer, o->rss_start_kb, o->rss_end_kb);
    if (o->bytes_per_block > 0) {
        printf("  %.1f us of CPU a block  disk %.0f B a block, %.2f B a sample of 2",
               o->cpu_consumer * 1e6 / (double)o->blocks, o->bytes_per_block,
               o->samples_per_block > 0 ? o->bytes_per_block / o->samples_per_block : 0);
    }
    printf("\n");
}

static int run(void *options, int npos, char **pos)
{
    const struct options *o = options;
    struct broker b = {0};
    if (npos != 1) {
        fprintf(stderr, "bench-ingest: needs the path of moteloop-collector\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (broker_start(&b, "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages "
                         "100\nset_tcp_nodelay true\n")) {
        return 1;
    }
    struct load_conf conf = {.prefix = prefix,
                             .port = b.port,
                             .devices = (size_t)o->devices,
                             .connections = (size_t)o->connections,
                             .block_bytes = (size_t)o->bytes,
                             .blocks = (uint64_t)(o->blocks / o->devices),
                             .window = (size_t)o->window,
                             .resend_us = 3000000,
                             .seed = 1};
    printf("%lld devices on %lld connections, %lld blocks of %lld bytes, window %lld\n",
           (long long)o->devices, (long long)o->connections, (long long)o->blocks,
           (long long)o->bytes, (long long)o->window);
    if (o->rate) {
        struct outcome alone = {0};
        conf.rate = (uint64_t)o->rate;
        conf.blocks = o->minutes ? UINT32_MAX : conf.blocks;
        int bad = !measure_collector(pos[0], &conf, o->minutes, &alone);
        show("collector", &alone);
        printf("  at %lld blocks a second: resident memory grew by %ld KB\n", (long long)o->rate,
               alone.rss_end_kb - alone.rss_start_kb);
        broker_stop(&b);
        return bad;
    }
    double best[3] = {0, 0, 0};
    int failed = 0;
    for (int64_t i = 0; i < o->rounds && !failed; i++) {
        struct outcome stored = {0}, counted = {0}, quick = {0};
        conf.seed = (uint32_t)(4 * i + 1);
        failed = !measure_collector(pos[0], &conf, 0, &stored);
        show("collector", &stored);
        uint64_t per_ack = stored.acks ? conf.blocks * conf.devices / stored.acks : 16;
        conf.seed++;
        failed = !measure_counter(&conf, per_ack ? per_ack : 1, 1, &counted) || failed;
        show("counter", &counted);
        conf.seed++;
        failed = !measure_counter(&conf, per_ack ? per_ack : 1, 0, &quick) || failed;
        show("counter 0", &quick);
        if (o->peer) {
            struct outcome peer = {0};
            conf.seed++;
            (void)measure_peer(o->peer, &conf, per_ack ? per_ack : 1, &peer);
            if (peer.blocks) {
                show("peer", &peer);
            }
        }
        best[0] = stored.rate > best[0] ? stored.rate : best[0];
        best[1] = counted.rate > best[1] ? counted.rate : best[1];
        best[2] = quick.rate > best[2] ? quick.rate : best[2];
    }
    printf("  collector / counter = %.2f, / counter subscribed at QoS 0 as the collector is = %.2f "
           "(best of each)\n",
           best[1] > 0 ? best[0] / best[1] : 0, best[2] > 0 ? best[0] / best[2] : 0);
    broker_stop(&b);
    return failed;
}

static const struct options defaults = {
    .devices = 100, .connections = 4, .blocks = 200000, .bytes = 256, .rounds = 2, .window = 64};
static const struct opt table[] = {
    {"devices", "N", "devices", OPT_I64, offsetof(struct options, devices)},
    {"connections", "N", "connections that they share", OPT_I64,
     offsetof(struct options, connections)},
    {"blocks", "N", "blocks in all", OPT_I64, offsetof(struct options, blocks)},
    {"bytes", "N", "bytes of a block", OPT_I64, offsetof(struct options, bytes)},
    {"rounds", "N", "times each", OPT_I64, offsetof(struct options, rounds)},
    {"peer", "SCRIPT", "and another program under the same load", OPT_STR,
     offsetof(struct options, peer)},
    {"rate", "N", "blocks a second: the collector alone", OPT_I64, offsetof(struct options, rate)},
    {"minutes", "N", "for as long, instead of a number of blocks (with --rate)", OPT_I64,
     offsetof(struct options, minutes)},
    {"window", "N", "blocks ahead of acknowledgements, at most 64", OPT_I64,
     offsetof(struct options, window)},
    OPT_END};
static const struct opt_command command = {
    "bench-ingest", "COLLECTOR", "the collector beside a subscriber that only counts",
    NULL,           table,       sizeof(struct options),
    &defaults,      run};

int main(int argc, char **argv)
{
    return opt_main_single("bench-ingest", &command, argc, argv);
}
