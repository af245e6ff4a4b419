// bench-labeler-load PROJECT COLLECTOR SECONDS: a mosquitto, the collector on that project, and a hundred devices that send
// as fast as acknowledgements let them. Prints "ready" when blocks are stored, the rate at the end.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "tests/support/broker.h"
#include "tests/support/load.h"

static bool write_conf(const char *dir, int port)
{
    struct project_conf c;
    struct err e = {0};
    char path[IO_PATH_MAX];
    project_conf_defaults(&c);
    c.broker_port = port;
    c.max_devices = 100000;
    char *text = project_conf_text(&c);
    snprintf(path, sizeof path, "%s/moteloop.conf", dir);
    bool good = text && io_write_atomic(path, text, strlen(text), 0600, &e) == OK;
    free(text);
    return good;
}

static void drive(struct load *l, double seconds)
{
    struct load_stats s, start = {0};
    int64_t begin = 0, now = clock_mono_us(), give_up = now + 30000000;
    while (begin ? now < begin + (int64_t)(seconds * 1e6) : now < give_up) {
        load_step(l, 20);
        load_get(l, &s);
        now = clock_mono_us();
        if (!begin && s.acknowledged > 1000) {
            begin = now;
            start = s;
            puts("ready");
        }
    }
    load_get(l, &s);
    printf("%.0f blocks/s\n",
           begin ? (double)(s.acknowledged - start.acknowledged) * 1e6 / (double)(now - begin)
                 : 0.0);
}

int main(int argc, char **argv)
{
    struct broker b = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: bench-labeler-load PROJECT COLLECTOR SECONDS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (broker_start(&b, "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages "
                         "100\nset_tcp_nodelay true\n")) {
        return 1;
    }
    pid_t pid = write_conf(argv[1], b.port) ? fork() : -1;
    if (pid == 0) {
        execl(argv[2], argv[2], "--project", argv[1], (char *)NULL);
        perror(argv[2]);
        _exit(127);
    }
    struct load_conf conf = {.prefix = "ml/1",
                             .port = b.port,
                             .devices = 100,
                             .connections = 4,
                             .block_bytes = 256,
                             .blocks = 1u << 30,
                             .window = 64,
                             .per_recording = 20,
                             .resend_us = 3000000,
                             .seed = (uint32_t)clock_wall_ms()};
    struct load *l = pid > 0 ? load_new(&conf) : NULL;
    if (l) {
        drive(l, strtod(argv[3], NULL));
        load_free(l);
    }
    if (pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    broker_stop(&b);
    return l ? 0 : 1;
}
