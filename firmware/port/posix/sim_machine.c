// The simulated fan as a board sees it. See sim_machine.h.
#include "firmware/port/posix/sim_machine.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL_YOUNG_NS 100000000

enum { ACC, STOP, MIC }; // stream numbers; without a microphone the table ends before it

static uint64_t device_now(struct sim_machine *m)
{
    struct mote_clock c = posix_device_clock(m->clock);
    return c.now_us(c.ctx);
}

// Frames of a FIFO, in device time: a second, or what passes in 0.2 s where time runs fast.
static uint64_t fifo_us(const struct sim_machine *m)
{
    double us = 200000 * m->clock->speed;
    return us > 1000000 ? (uint64_t)us : 1000000;
}

// How many frames wait from *next on; moves *next past those that fell out of the FIFO.
static size_t waiting(struct sim_machine *m, uint64_t interval_ns, uint64_t *next, size_t max)
{
    uint64_t end = device_now(m) * 1000 / interval_ns + 1;
    uint64_t depth = fifo_us(m) * 1000 / interval_ns;
    if (end > depth && *next < end - depth) {
        *next = end - depth;
    }
    return end <= *next ? 0 : end - *next < max ? (size_t)(end - *next) : max;
}

static int read_stop(struct sim_machine *m, void *frames, size_t max, uint64_t *t_us)
{
    if (!m->stop_count || !max) {
        return 0;
    }
    *t_us = m->stop[0].t_us;
    memcpy(frames, &m->stop[0].value, 1);
    m->stop_count--;
    memmove(m->stop, m->stop + 1, m->stop_count * sizeof(m->stop[0]));
    return 1;
}

static int sensor_read(void *ctx, unsigned stream, void *frames, size_t max, uint64_t *t_us)
{
    struct sim_machine *m = ctx;
    if (stream == STOP) {
        return read_stop(m, frames, max, t_us);
    }
    uint64_t *next = stream == ACC ? &m->next_acc : &m->next_mic;
    uint64_t interval = m->info[stream].interval_ns;
    size_t n = waiting(m, interval, next, max < 65536 ? max : 65536);
    *t_us = *next * interval / 1000;
    if (stream == ACC) {
        fan_sim_acc(&m->fan, *next, frames, n);
    } else {
        fan_sim_mic(&m->fan, *next, frames, n);
    }
    *next += n;
    return (int)n;
}

static void log_truth(struct sim_machine *m, enum fan_state state, uint64_t t_us, const char *cause)
{
    log_info("fan is %s from %llu us on (%s)", fan_state_name(state), (unsigned long long)t_us,
             cause);
    if (!m->config.truth_path) {
        return;
    }
    char row[160];
    int n = snprintf(row, sizeof(row), "%s,%llu,%s,%s\n", m->session, (unsigned long long)t_us,
                     fan_state_name(state), cause);
    int fd = open(m->config.truth_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, row, (size_t)n) != n) {
        log_error("cannot append to '%s': %s", m->config.truth_path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void change(struct sim_machine *m, enum fan_state wanted, bool stopped, const char *cause)
{
    uint64_t t = device_now(m);
    if (stopped != m->stopped && m->stop_count < ARRAY_LEN(m->stop)) {
        m->stop[m->stop_count].t_us = t;
        m->stop[m->stop_count++].value = stopped;
    }
    m->wanted = wanted;
    m->stopped = stopped;
    m->streak = 0;
    fan_sim_set(&m->fan, stopped ? FAN_OFF : wanted, t);
    log_truth(m, m->fan.now, t, cause);
}

static bool listed(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; len && (p = strstr(p, word)); p += len) {
        if ((p == list || p[-1] == ' ') && (p[len] == 0 || p[len] == ' ')) {
            return true;
        }
    }
    return false;
}

static void on_decision(void *ctx, const struct mote_decision *d)
{
    struct sim_machine *m = ctx;
    bool fault = !d->uncertain && listed(m->config.stop_on, d->label);
    m->streak = fault ? m->streak + 1 : 0;
    if (m->config.actuate && !m->stopped && m->streak >= m->config.stop_after) {
        log_info("decision '%s' stops the fan", d->label);
        change(m, m->wanted, true, "decision");
    }
}

void sim_machine_init(struct sim_machine *m, const struct sim_machine_config *config,
                      struct posix_clock *clock)
{
    *m = (struct sim_machine){.config = *config, .clock = clock, .wanted = config->start};
    fan_sim_init(&m->fan, config->device, config->seed);
    m->info[ACC] = (struct mote_stream_info){.name = "acc",
                                             .units = "m/s2",
                                             .type = MOTE_I16,
                                             .channels = 3,
                                             .scale = FAN_ACC_SCALE,
                                             .interval_ns = FAN_ACC_NS};
    m->info[STOP] = (struct mote_stream_info){
        .name = "stop", .units = "/", .type = MOTE_U8, .channels = 1, .scale = 1};
    m->info[MIC] = (struct mote_stream_info){.name = "mic",
                                             .units = "/",
                                             .type = MOTE_I16,
                                             .channels = 1,
                                             .scale = FAN_MIC_SCALE,
                                             .interval_ns = FAN_MIC_NS};
    m->sensor = (struct mote_sensor){
        .ctx = m, .streams = m->info, .stream_count = config->mic ? 3 : 2, .read = sensor_read};
    m->actuator = (struct mote_actuator){.ctx = m, .decision = on_decision};
}

static int start_truth(const struct sim_machine *m, struct err *e)
{
    if (!m->config.truth_path) {
        return OK;
    }
    int fd = open(m->config.truth_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot open '%s'", m->config.truth_path);
    }
    static const char head[] = "session,t_us,state,cause\n";
    struct stat st;
    bool fine = fstat(fd, &st) == 0 &&
                (st.st_size > 0 || write(fd, head, sizeof(head) - 1) == (ssize_t)sizeof(head) - 1);
    int status = fine ? OK : err_errno(e, E_IO, "cannot write '%s'", m->config.truth_path);
    close(fd);
    return status;
}

// Whether the control file must be looked at: it is another one than last time, or so young that a
// second change could bear the same time stamp (kernels stamp in ticks of some milliseconds).
// *again: the latter.
static bool control_changed(struct sim_machine *m, bool *again)
{
    struct stat st;
    struct timespec now;
    if (!m->config.control_path || stat(m->config.control_path, &st) < 0) {
        return false;
    }
    int64_t ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    *again = ns == m->control_seen_ns && st.st_ino == m->control_inode;
    m->control_seen_ns = ns;
    m->control_inode = st.st_ino;
    clock_gettime(CLOCK_REALTIME, &now);
    return !*again || (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - ns < CONTROL_YOUNG_NS;
}

// The file's first line; false while it is still being written.
static bool read_line(struct sim_machine *m, char line[sizeof(((struct sim_machine *)0)->obeyed)])
{
    int fd = open(m->config.control_path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(m->obeyed) - 1);
    if (fd >= 0) {
        close(fd);
    }
    line[n > 0 ? n : 0] = 0;
    char *end = strchr(line, '\n');
    if (end) {
        *end = 0;
    }
    return end != NULL;
}

static bool parse_state(const char *line, enum fan_state *state)
{
    char name[32], more;
    int found = sscanf(line, "state %31s %c", name, &more) == 1 ? fan_state_parse(name) : -1;
    *state = found < 0 ? FAN_OFF : (enum fan_state)found;
    return found >= 0;
}

int sim_machine_begin(struct sim_machine *m, const uint8_t *session, size_t len, struct err *e)
{
    if (len > 16) {
        return err_set(e, E_LIMIT, "session of %zu bytes", len);
    }
    hex_encode(m->session, session, len);
    int status = start_truth(m, e);
    if (status) {
        return status;
    }
    bool again;
    char line[sizeof(m->obeyed)];
    enum fan_state state;
    if (control_changed(m, &again) && read_line(m, line) && parse_state(line, &state)) {
        m->wanted = state; // a device that starts again finds the machine as it was
        memcpy(m->obeyed, line, sizeof(line));
    }
    change(m, m->wanted, false, "start");
    return OK;
}

static int obey(struct sim_machine *m, const char *line, struct err *e)
{
    enum fan_state state;
    if (strcmp(line, "stop") == 0) {
        change(m, m->wanted, true, "control");
    } else if (strcmp(line, "start") == 0) {
        change(m, m->wanted, false, "control");
    } else if (parse_state(line, &state)) {
        change(m, state, false, "control");
    } else {
        return err_set(
            e, E_FORMAT,
            "%s: '%s' is none of: state off|normal|imbalance|bearing|looseness|rub, stop, start",
            m->config.control_path, line);
    }
    return OK;
}

int sim_machine_poll(struct sim_machine *m, struct err *e)
{
    bool again = false;
    char line[sizeof(m->obeyed)];
    if (!control_changed(m, &again)) {
        return OK;
    }
    if (!read_line(m, line)) {
        m->control_seen_ns = 0; // look again
        return OK;
    }
    if (again && strcmp(line, m->obeyed) == 0) {
        return OK;
    }
    memcpy(m->obeyed, line, sizeof(line));
    return obey(m, line, e);
}
