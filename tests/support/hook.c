// See hook.h.
#include "tests/support/hook.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODIES 256
#define REQUEST_MAX (1 << 18)

struct hook {
    int fd, status;
    bool stop;
    pthread_t thread;
    pthread_mutex_t lock;
    char *body[BODIES];
    int answered[BODIES];
    size_t count;
};

// Reads a request to its end; returns where the body starts, NULL where there is none.
static char *read_request(int fd, char *text, size_t cap)
{
    size_t len = 0;
    while (len + 1 < cap) {
        ssize_t n = recv(fd, text + len, cap - 1 - len, 0);
        if (n <= 0) {
            return NULL;
        }
        len += (size_t)n;
        text[len] = 0;
        char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
        if (end && length && strlen(end + 4) >= strtoul(length + 15, NULL, 10)) {
            return end + 4;
        }
        if (end && strcasestr(text, "expect: 100-continue")) {
            (void)!write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        }
    }
    return NULL;
}

static void serve(struct hook *h, int fd)
{
    static char text[REQUEST_MAX];
    char answer[128];
    char *body = read_request(fd, text, sizeof text);
    pthread_mutex_lock(&h->lock);
    if (body && strncmp(text, "POST ", 5) == 0 && h->count < BODIES) {
        h->answered[h->count] = h->status;
        h->body[h->count++] = strdup(body);
    }
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", h->status);
    pthread_mutex_unlock(&h->lock);
    (void)!write(fd, answer, (size_t)n);
    close(fd);
}

static void *run(void *ctx)
{
    struct hook *h = ctx;
    for (;;) {
        struct pollfd p = {.fd = h->fd, .events = POLLIN};
        (void)poll(&p, 1, 50);
        pthread_mutex_lock(&h->lock);
        bool stop = h->stop;
        pthread_mutex_unlock(&h->lock);
        if (stop) {
            return NULL;
        }
        int fd = p.revents & POLLIN ? accept(h->fd, NULL, NULL) : -1;
        if (fd >= 0) {
            serve(h, fd);
        }
    }
}

struct hook *hook_start(int *port)
{
    struct hook *h = calloc(1, sizeof *h);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    if (!h) {
        return NULL;
    }
    h->status = 200;
    pthread_mutex_init(&h->lock, NULL);
    h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (h->fd < 0 || bind(h->fd, (struct sockaddr *)&a, sizeof a) || listen(h->fd, 8) ||
        getsockname(h->fd, (struct sockaddr *)&a, &len) ||
        pthread_create(&h->thread, NULL, run, h)) {
        free(h);
        return NULL;
    }
    *port = ntohs(a.sin_port);
    return h;
}

void hook_stop(struct hook *h)
{
    if (h) {
        pthread_mutex_lock(&h->lock);
        h->stop = true;
        pthread_mutex_unlock(&h->lock);
        pthread_join(h->thread, NULL);
        close(h->fd);
        for (size_t i = 0; i < h->count; i++) {
            free(h->body[i]);
        }
        free(h);
    }
}

void hook_answer(struct hook *h, int status)
{
    pthread_mutex_lock(&h->lock);
    h->status = status;
    pthread_mutex_unlock(&h->lock);
}

size_t hook_count(struct hook *h)
{
    pthread_mutex_lock(&h->lock);
    size_t n = h->count;
    pthread_mutex_unlock(&h->lock);
    return n;
}

size_t hook_holding(struct hook *h, const char *text)
{
    size_t n = 0;
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->count; i++) {
        n += h->answered[i] == 200 && strstr(h->body[i], text) != NULL;
    }
    pthread_mutex_unlock(&h->lock);
    return n;
}
