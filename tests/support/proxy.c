// See proxy.h.
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

#define PAIRS 64
#define CHUNK 16384

struct pair { // fd[0]: the client's, fd[1]: the target's; -1: free
    int fd[2];
    int generation; // of the order to truncate that it has obeyed
    bool swallowed; // something of it is lost
};

struct proxy {
    int listener, target_port;
    pthread_t thread;
    atomic_bool stop;
    atomic_int cuts, truncations;
    atomic_llong stalled_until, swallow_until;
    struct pair pair[PAIRS];
    int cuts_done;
};

static void close_pair(struct pair *k)
{
    close(k->fd[0]);
    close(k->fd[1]);
    k->fd[0] = k->fd[1] = -1;
}

static void take_connection(struct proxy *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)p->target_port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC),
        target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pair *k = p->pair;
    while (k < p->pair + PAIRS && k->fd[0] >= 0) {
        k++;
    }
    if (client < 0 || k == p->pair + PAIRS ||
        connect(target, (struct sockaddr *)&a, sizeof a) != 0) {
        close(client);
        close(target);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(target, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *k = (struct pair){{client, target}, atomic_load(&p->truncations), false};
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static void forward(struct proxy *p, struct pair *k, int from)
{
    char chunk[CHUNK];
    ssize_t n = recv(k->fd[from], chunk, sizeof chunk, MSG_DONTWAIT);
    if (n <= 0) {
        close_pair(k);
        return;
    }
    if (clock_mono_us() < atomic_load(&p->swallow_until)) {
        k->swallowed = true;
        return;
    }
    int order = atomic_load(&p->truncations);
    bool half = order != k->generation;
    k->generation = order;
    if (!send_all(k->fd[!from], chunk, half ? (size_t)n / 2 : (size_t)n) || half) {
        close_pair(k);
    }
}

static void obey(struct proxy *p)
{
    int cuts = atomic_load(&p->cuts);
    bool all = cuts != p->cuts_done, over = clock_mono_us() >= atomic_load(&p->swallow_until);
    p->cuts_done = cuts;
    for (struct pair *k = p->pair; k < p->pair + PAIRS; k++) {
        if (k->fd[0] >= 0 && (all || (over && k->swallowed))) {
            close_pair(k);
        }
    }
}

static void *run(void *ctx)
{
    struct proxy *p = ctx;
    while (!atomic_load(&p->stop)) {
        struct pollfd fds[1 + 2 * PAIRS];
        bool stalled = clock_mono_us() < atomic_load(&p->stalled_until);
        fds[0] = (struct pollfd){.fd = p->listener, .events = POLLIN};
        for (int i = 0; i < 2 * PAIRS; i++) {
            fds[1 + i] =
                (struct pollfd){.fd = stalled ? -1 : p->pair[i / 2].fd[i % 2], .events = POLLIN};
        }
        (void)poll(fds, ARRAY_LEN(fds), stalled ? 5 : 20); // a failure shows as no events
        obey(p);
        if (fds[0].revents & POLLIN) {
            take_connection(p);
        }
        for (int i = 0; i < 2 * PAIRS; i++) {
            if (fds[1 + i].revents && fds[1 + i].fd == p->pair[i / 2].fd[i % 2]) {
                forward(p, &p->pair[i / 2], i % 2);
            }
        }
    }
    return NULL;
}

struct proxy *proxy_start(int target_port, int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    struct proxy *p = calloc(1, sizeof *p);
    if (!p) {
        return NULL;
    }
    for (int i = 0; i < PAIRS; i++) {
        p->pair[i].fd[0] = p->pair[i].fd[1] = -1;
    }
    p->target_port = target_port;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(p->listener, 64) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&a, &len) != 0 ||
        pthread_create(&p->thread, NULL, run, p) != 0) {
        close(p->listener);
        free(p);
        return NULL;
    }
    *port = ntohs(a.sin_port);
    return p;
}

void proxy_stop(struct proxy *p)
{
    if (!p) {
        return;
    }
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < PAIRS; i++) {
        if (p->pair[i].fd[0] >= 0) {
            close_pair(&p->pair[i]);
        }
    }
    close(p->listener);
    free(p);
}

void proxy_stall(struct proxy *p, int ms)
{
    atomic_store(&p->stalled_until, clock_mono_us() + (long long)ms * 1000);
}

void proxy_swallow(struct proxy *p, int ms)
{
    atomic_store(&p->swallow_until, clock_mono_us() + (long long)ms * 1000);
}

void proxy_cut(struct proxy *p)
{
    atomic_fetch_add(&p->cuts, 1);
}

void proxy_truncate(struct proxy *p)
{
    atomic_fetch_add(&p->truncations, 1);
}
