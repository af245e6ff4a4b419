// A real mosquitto for tests. See broker.h.
#include "tests/support/broker.h"
#include "common/err.h"
#include "common/io.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 5000

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static bool takes_connections(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return yes;
}

static void run_mosquitto(const struct broker *b)
{
    char conf[300], log[300];
    (void)snprintf(conf, sizeof(conf), "%s/mosquitto.conf", b->dir);
    (void)snprintf(log, sizeof(log), "%s/log", b->dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    execlp("mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    _exit(127);
}

int broker_resume(struct broker *b)
{
    b->pid = fork();
    if (b->pid == 0) {
        run_mosquitto(b);
    }
    for (int ms = 0; b->pid > 0 && ms < READY_MS; ms += 5) {
        int status;
        if (waitpid(b->pid, &status, WNOHANG) == b->pid) {
            fprintf(stderr, "mosquitto ended at once (status %d)\n", status);
            b->pid = 0;
            return -1;
        }
        if (takes_connections(b->port)) {
            return 0;
        }
        usleep(5000);
    }
    broker_pause(b);
    fprintf(stderr, "mosquitto does not take connections\n");
    return -1;
}

static int write_conf(const struct broker *b, const char *extra)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/mosquitto.conf", b->dir);
    FILE *f = fopen(path, "w");
    if (!f) {
        return -1;
    }
    fprintf(f, "listener %d 127.0.0.1\n", b->port);
    if (!extra) {
        fputs("allow_anonymous true\n", f);
    }
    for (const char *p = extra; p && *p; p++) {
        if (p[0] == '%' && p[1] == 's') {
            fputs(b->dir, f);
            p++;
        } else {
            fputc(*p, f);
        }
    }
    return fclose(f);
}

int broker_start(struct broker *b, const char *extra)
{
    struct err e;
    *b = (struct broker){0};
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(b->dir, sizeof(b->dir), "%s/mote-broker-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(b->dir)) {
        perror("mkdtemp");
        b->dir[0] = 0;
        return -1;
    }
    for (int attempt = 0; attempt < 3; attempt++) { // somebody may take the port meanwhile
        b->port = io_free_port(&e);
        if (b->port > 0 && write_conf(b, extra) == 0 && broker_resume(b) == 0) {
            return 0;
        }
    }
    broker_stop(b);
    return -1;
}

void broker_pause(struct broker *b)
{
    if (b->pid > 0) {
        kill(b->pid, SIGTERM);
        waitpid(b->pid, NULL, 0);
    }
    b->pid = 0;
}

void broker_stop(struct broker *b)
{
    broker_pause(b);
    if (b->dir[0]) {
        nftw(b->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    }
    *b = (struct broker){0};
}
