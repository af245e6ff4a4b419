// moteloop-device: the firmware as a POSIX process. Files are its flash, a TCP socket its radio, a
// simulated fan or recorded files its sensor. Wires core and port together and runs the loop.
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/log.h"
#include "common/opt.h"
#include "firmware/core/agent/mote_agent.h"
#include "firmware/core/nn/mote_nn_ops.h"
#include "firmware/port/posix/device_conf.h"
#include "firmware/port/posix/posix_flash.h"
#include "firmware/port/posix/posix_stack.h"
#include "firmware/port/posix/posix_sys.h"
#include "firmware/port/posix/posix_tcp.h"
#include "firmware/port/posix/posix_tls.h"
#include "firmware/port/posix/replay.h"
#include "firmware/port/posix/sim_machine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define BURST_US 250000u // device time that a hurrying simulation skips at once
#define IDLE_MS 10
#define FILE_MS 1 // while the next file is being read

struct device_opts {
    const char *config, *state, *sim, *replay, *map;
    double speed;
    bool actuate, real_time, once, json;
};

// What a small device links: int8 operators of plain classifiers.
static const struct mote_nn_op *const small_table[] = {&mote_nn_op_conv_2d_i8,
                                                       &mote_nn_op_depthwise_conv_2d_i8,
                                                       &mote_nn_op_fully_connected_i8,
                                                       &mote_nn_op_average_pool_2d_i8,
                                                       &mote_nn_op_max_pool_2d_i8,
                                                       &mote_nn_op_mean_i8,
                                                       &mote_nn_op_reshape,
                                                       &mote_nn_op_softmax_i8,
                                                       &mote_nn_op_relu_i8};
static const struct mote_nn_ops small_ops = {small_table, ARRAY_LEN(small_table), NULL};

struct device {
    struct device_conf conf;
    char control[IO_PATH_MAX], truth[IO_PATH_MAX], list[IO_PATH_MAX];
    struct posix_flash spool, slots;
    struct posix_clock clock;
    struct posix_tcp tcp;
    struct posix_tls *tls; // NULL: without
    struct sim_machine machine; // the sensor, unless files are replayed
    struct replay replay;
    struct mote_agent agent;
    struct mote_agent_config config;
    bool hurry;
    bool replaying, playing, once;
};

static volatile sig_atomic_t stop_signal;
static bool reboot_wanted;

static void on_signal(int number)
{
    stop_signal = number;
}

static void on_reboot(void *ctx)
{
    (void)ctx;
    reboot_wanted = true;
}

static const char *extensions(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") ? "avx2" : "";
#else
    return "";
#endif
}

static const char *isa(void)
{
#if defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "other";
#endif
}

// --- memory ----------------------------------------------------------------------------------
static void *zeroed(size_t len, struct err *e)
{
    void *p = aligned_alloc(64, (len + 63) / 64 * 64);
    if (!p) {
        (void)err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    memset(p, 0, len);
    return p;
}

static int give_memory(struct device *d, struct err *e)
{
    struct mote_agent_config *c = &d->config;
    c->arena_len = (size_t)d->conf.arena;
    c->window_len = d->conf.capability_class == 0 ? 8192 : 65536;
    c->frames_len = MOTE_MAX_STREAMS * (size_t)MOTE_BLOCK_MAX;
    c->manifest_len = MOTE_MANIFEST_MAX;
    c->bitmap_len = (size_t)d->conf.slot_bytes / 512 + 64;
    c->sector_count = (size_t)d->conf.spool_bytes / POSIX_FLASH_SECTOR;
    c->rx_len = MOTE_MANIFEST_MAX + 512;
    c->tx_len = 65536;
    c->live_len = 8192;
    c->arena = zeroed(c->arena_len, e);
    c->window = zeroed(c->window_len, e);
    c->frames = zeroed(c->frames_len, e);
    c->manifest = zeroed(c->manifest_len, e);
    c->bitmap = zeroed(c->bitmap_len, e);
    c->sectors = zeroed(c->sector_count * sizeof(*c->sectors), e);
    c->rx = zeroed(c->rx_len, e);
    c->tx = zeroed(c->tx_len, e);
    c->live = zeroed(c->live_len, e);
    bool all = c->arena && c->window && c->frames && c->manifest && c->bitmap && c->sectors &&
               c->rx && c->tx && c->live;
    return all ? OK : E_MEM;
}

static void free_memory(struct device *d)
{
    const struct mote_agent_config *c = &d->config;
    void *parts[] = {c->arena,  c->window,  c->frames, c->manifest,
                     c->bitmap, c->sectors, c->rx,     c->tx,     c->live};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        free(parts[i]);
    }
}

// --- start -----------------------------------------------------------------------------------
static uint32_t sectors_up(int64_t bytes)
{
    return (uint32_t)((bytes + POSIX_FLASH_SECTOR - 1) / POSIX_FLASH_SECTOR * POSIX_FLASH_SECTOR);
}

static int open_state(struct device *d, const char *dir, struct err *e)
{
    char path[IO_PATH_MAX];
    int status = io_mkdirs(dir, 0700, e);
    if (status) {
        return status;
    }
    if (io_join(d->control, sizeof(d->control), dir, "control") ||
        io_join(d->truth, sizeof(d->truth), dir, "truth.csv") ||
        io_join(d->list, sizeof(d->list), dir, "replay.csv") ||
        io_join(path, sizeof(path), dir, "spool.bin")) {
        return err_set(e, E_LIMIT, "path '%s' is too long", dir);
    }
    status = posix_flash_open(&d->spool, path, sectors_up(d->conf.spool_bytes), e);
    if (status) {
        return status;
    }
    if (io_join(path, sizeof(path), dir, "slots.bin")) {
        return err_set(e, E_LIMIT, "path '%s' is too long", dir);
    }
    uint32_t size = 2 * POSIX_FLASH_SECTOR + 2 * sectors_up(d->conf.slot_bytes);
    return posix_flash_open(&d->slots, path, size, e);
}

static int start_machine(struct device *d, const struct device_opts *o, struct err *e)
{
    int state = fan_state_parse(d->conf.start);
    if (strcmp(o->sim, "fan") != 0) {
        return err_set(e, E_USAGE, "--sim %s: only 'fan' can be simulated", o->sim);
    }
    if (state < 0) {
        return err_set(e, E_FORMAT, "[sim] state: '%s' is no state of the fan", d->conf.start);
    }
    sim_machine_init(&d->machine,
                     &(struct sim_machine_config){.device = d->conf.id,
                                                  .seed = (uint64_t)d->conf.seed,
                                                  .mic = d->conf.mic,
                                                  .start = (enum fan_state)state,
                                                  .actuate = o->actuate,
                                                  .stop_on = d->conf.stop_on,
                                                  .stop_after = (unsigned)d->conf.stop_after,
                                                  .control_path = d->control,
                                                  .truth_path = d->truth},
                     &d->clock);
    d->config.sensor = d->machine.sensor;
    d->config.actuator = d->machine.actuator;
    return OK;
}

// --- replay ----------------------------------------------------------------------------------
static int start_replay(struct device *d, const struct device_opts *o, struct err *e)
{
    int status = replay_open(&d->replay, o->replay, o->map, &d->clock, e);
    if (status) {
        return err_wrap(e, "replay");
    }
    d->replaying = true;
    d->once = o->once;
    d->config.sensor = d->replay.sensor;
    return OK;
}

static void put_quoted(FILE *f, const char *text)
{
    fputc('"', f);
    for (const char *p = text; *p; p++) {
        fputs(*p == '"' ? "\"\"" : (char[]){*p, 0}, f);
    }
    fputc('"', f);
}

// One line for each piece: which recording it became, for whoever labels or splits by group
// afterwards.
static void list_piece(struct device *d)
{
    char session[2 * MOTE_SESSION_LEN + 1];
    const struct replay_piece *p = &d->replay.piece;
    bool fresh = !io_exists(d->list);
    FILE *f = fopen(d->list, "ae");
    if (!f) {
        log_error("cannot append to '%s': %s", d->list, strerror(errno));
        return;
    }
    if (fresh) {
        fputs("session,recording,frames,label,group,file\n", f);
    }
    hex_encode(session, d->agent.spool.session, MOTE_SESSION_LEN);
    fprintf(f, "%s,%u,%zu,", session, d->agent.recording, p->frames);
    put_quoted(f, p->label);
    fputc(',', f);
    put_quoted(f, p->group);
    fputc(',', f);
    put_quoted(f, p->name);
    fputc('\n', f);
    if (fclose(f) != 0) {
        log_error("cannot write '%s': %s", d->list, strerror(errno));
    }
}

// Starts a recording for the piece that is ready, ends the one whose piece was read. Returns false
// once all was played and acknowledged, and that was all that was asked for.
static bool step_replay(struct device *d)
{
    enum replay_state state = replay_state(&d->replay);
    if (d->playing && state != REPLAY_PLAYING) {
        mote_agent_end_recording(&d->agent);
        d->playing = false;
    }
    if (state == REPLAY_READY && !mote_agent_is_recording(&d->agent) &&
        mote_agent_has_room(&d->agent)) {
        const struct replay_piece *p = &d->replay.piece;
        // Longer than needed: the recording is ended when the last frame was read.
        int status = mote_agent_record(&d->agent, 0, p->label, p->duration_us + 60000000);
        if (status) {
            log_error("cannot record '%s': %s", p->name, mote_status_text(status));
            return false;
        }
        list_piece(d);
        replay_play(&d->replay);
        d->playing = true;
    }
    bool over = state == REPLAY_ENDED && !d->playing && mote_spool_blocks(&d->agent.spool) == 0;
    if (over && d->once) {
        log_info("replayed %zu pieces, left out %zu", d->replay.pieces, d->replay.left_out);
    }
    return !(over && d->once);
}

static int connect_with(struct device *d, struct err *e)
{
    const struct device_conf *f = &d->conf;
    posix_tcp_init(&d->tcp, f->host, (int)f->port);
    d->config.transport = posix_tcp_transport(&d->tcp);
    if (!f->tls_ca[0]) {
        return OK;
    }
    int status = posix_tls_new(
        &d->tls, &d->tcp,
        &(struct posix_tls_conf){
            .name = f->tls_name, .ca = f->tls_ca, .cert = f->tls_cert, .key = f->tls_key},
        e);
    if (status == OK) {
        d->config.transport = posix_tls_transport(d->tls);
    }
    return status;
}

static void fill_config(struct device *d)
{
    struct mote_agent_config *c = &d->config;
    const struct device_conf *f = &d->conf;
    c->device = f->id;
    c->password = f->password[0] ? f->password : NULL;
    c->prefix = f->prefix;
    c->board = f->board;
    c->isa = isa();
    c->extensions = extensions();
    c->runtime = MOTELOOP_VERSION;
    c->ram = (uint32_t)(f->arena + (int64_t)sizeof(struct mote_agent));
    c->capability_class = (uint32_t)f->capability_class;
    c->simulated = true; // a simulation or a replay, never the field
    c->clock = posix_device_clock(&d->clock);
    c->network_clock = posix_network_clock();
    c->entropy = posix_entropy();
    c->logger = posix_logger();
    c->spool_flash = &d->spool.flash;
    c->model_flash = &d->slots.flash;
    c->ops = f->capability_class == 0 ? &small_ops : &mote_nn_ops_all;
    c->root = f->root;
    c->measure_stack = posix_stack_measure;
    c->reboot = on_reboot;
    c->keepalive_s = (uint16_t)f->keepalive_s;
    c->in_flight = (uint32_t)f->in_flight;
    c->resend_ms = (uint32_t)f->resend_ms;
    c->keep_per_minute = (uint32_t)f->keep_per_minute;
    c->health_interval_ms = (uint32_t)(1000 * f->health_s);
    c->patient = true;
    c->classify = f->classify;
}

static int start(struct device *d, const struct device_opts *o, struct err *e)
{
    char dir[IO_PATH_MAX];
    int status = device_conf_load(&d->conf, o->config, e);
    if (status) {
        return status;
    }
    const char *dot = strrchr(o->config, '.');
    int stem = dot ? (int)(dot - o->config) : (int)strlen(o->config);
    (void)snprintf(dir, sizeof(dir), "%.*s.state", stem, o->config);
    status = open_state(d, o->state ? o->state : dir, e);
    if (status) {
        return status;
    }
    posix_clock_init(&d->clock, o->speed);
    d->hurry = !o->real_time;
    status = o->replay ? start_replay(d, o, e) : start_machine(d, o, e);
    if (status == OK) {
        status = give_memory(d, e);
    }
    if (status == OK) {
        status = connect_with(d, e);
    }
    if (status) {
        return status;
    }
    fill_config(d);
    int mote = mote_agent_init(&d->agent, &d->config);
    if (mote) {
        return err_set(e, E_STATE, "the agent does not start: %s", mote_status_text(mote));
    }
    return d->replaying
               ? OK
               : sim_machine_begin(&d->machine, d->agent.spool.session, MOTE_SESSION_LEN, e);
}

// --- loop ------------------------------------------------------------------------------------
static void wait_a_little(struct device *d)
{
    bool writing;
    int fd = posix_tcp_fd(&d->tcp, &writing);
    bool output =
        writing || (d->tls && posix_tls_writing(d->tls)) || mote_link_pending(&d->agent.link) > 0;
    struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (output ? POLLOUT : 0))};
    bool reading = d->replaying && d->hurry && replay_state(&d->replay) == REPLAY_READING;
    (void)poll(&p, 1,
               reading ? FILE_MS : IDLE_MS); // woken early or not, the loop looks at everything
}

// Whether samples are waited for that a hurrying clock would bring at once.
static bool could_hurry(const struct device *d)
{
    bool wanted = mote_agent_is_busy(&d->agent) || d->playing;
    return d->hurry && wanted && mote_agent_has_room(&d->agent);
}

static void run(struct device *d)
{
    struct err e;
    while (!stop_signal && !reboot_wanted) {
        bool more = mote_agent_step(&d->agent);
        if (d->replaying && !step_replay(d)) {
            break;
        }
        if (!d->replaying && sim_machine_poll(&d->machine, &e)) {
            log_warn("%s", e.msg);
        }
        if (!more && could_hurry(d)) {
            posix_clock_skip(&d->clock, BURST_US);
        } else if (!more) {
            wait_a_little(d);
        }
    }
}

static int run_device(void *options, int npos, char **pos)
{
    const struct device_opts *o = options;
    struct err e = {0};
    (void)pos;
    if (!o->config || npos) {
        fprintf(stderr,
                "moteloop-device: --config FILE is needed, and nothing else without dashes\n");
        return 2;
    }
    if (!(o->speed >= 0.01 && o->speed <= 1000)) {
        fprintf(stderr, "moteloop-device: --speed must be from 0.01 to 1000\n");
        return 2;
    }
    struct device *d = calloc(1, sizeof(*d));
    if (!d) {
        fprintf(stderr, "moteloop-device: out of memory\n");
        return 1;
    }
    log_init("device", LOG_INFO, o->json);
    int status = start(d, o, &e);
    if (status) {
        log_error("%s", e.msg);
    } else {
        log_init(d->conf.id, LOG_INFO, o->json);
        run(d);
        mote_agent_stop(&d->agent, reboot_wanted ? "rebooting" : "stopped");
    }
    replay_close(&d->replay);
    posix_tls_free(d->tls);
    posix_flash_close(&d->spool);
    posix_flash_close(&d->slots);
    free_memory(d);
    log_init("device", LOG_INFO, o->json); // d->conf.id goes with d
    free(d);
    return status ? err_exit_code(status) : 0;
}

static const struct opt options[] = {
    {"config", "FILE", "the device's configuration, such as devices/DEV.conf", OPT_STR,
     offsetof(struct device_opts, config)},
    {"state", "DIR", "folder of its flash images (default: FILE with .state for its ending)",
     OPT_STR, offsetof(struct device_opts, state)},
    {"sim", "MACHINE", "what its sensors watch (default: fan)", OPT_STR,
     offsetof(struct device_opts, sim)},
    {"replay", "PATH", "files in place of the machine: a folder, or one file", OPT_STR,
     offsetof(struct device_opts, replay)},
    {"map", "FILE", "mapping file that says how they are to be read", OPT_STR,
     offsetof(struct device_opts, map)},
    {"once", NULL, "end when everything was replayed and acknowledged", OPT_FLAG,
     offsetof(struct device_opts, once)},
    {"speed", "N", "device seconds per second (default: 1)", OPT_F64,
     offsetof(struct device_opts, speed)},
    {"real-time", NULL, "do not hurry through recordings and bounded classifying", OPT_FLAG,
     offsetof(struct device_opts, real_time)},
    {"actuate", NULL, "decisions stop the machine", OPT_FLAG,
     offsetof(struct device_opts, actuate)},
    OPT_JSON(struct device_opts, json),
    OPT_END};

static const struct device_opts defaults = {.sim = "fan", .speed = 1};

static const struct opt_command command = {
    "moteloop-device",
    NULL,
    "the device firmware as a process, watching a simulated machine",
    "The machine is controlled by a file: write 'state imbalance', 'stop' or 'start' to "
    "STATE/control;\n"
    "what it truly did is appended to STATE/truth.csv. With --replay each file (or labelled "
    "stretch of one)\n"
    "becomes a recording; STATE/replay.csv says which.\n",
    options,
    sizeof(struct device_opts),
    &defaults,
    run_device};

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    int code = opt_main_single("moteloop-device", &command, argc, argv);
    if (reboot_wanted && code == 0) {
        execv("/proc/self/exe", argv);
        fprintf(stderr, "moteloop-device: cannot start again: %s\n", strerror(errno));
        return 1;
    }
    return code;
}
