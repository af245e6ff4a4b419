// moteloop-labeler.cgi: the labeler as a plain CGI program, one process a request.
//
// Also prints docs/api.md's table: moteloop-labeler.cgi --routes-md
#include "common/err.h"
#include "common/log.h"
#include "labeler/derive.h"
#include "labeler/lab.h"
#include "labeler/lab_req.h"
#include "labeler/lab_route.h"

#include <fcntl.h>
#include <unistd.h>

static const char *io_get(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static size_t io_read(void *ctx, void *out, size_t n)
{
    return fread(out, 1, n, ctx);
}

static int io_write(void *ctx, const void *data, size_t n)
{
    (void)ctx;
    return fwrite(data, 1, n, stdout) == n ? 0 : -1;
}

static int io_flush(void *ctx)
{
    (void)ctx;
    return fflush(stdout) ? -1 : 0;
}

static int print_routes(void)
{
    struct buf b = {0};
    int rc = lab_route_markdown(&b);
    if (rc == OK) {
        fwrite(b.data, 1, b.len, stdout);
    }
    buf_release(&b);
    return rc ? 1 : 0;
}

// Makes a derived file that the answer lacked, in a process that outlives the request and holds none of its files.
static void make_behind(const struct derive_want *want)
{
    struct lab lab;
    struct err e = {0};
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || fork() != 0) {
        return;
    }
    (void)setsid();
    for (int fd = 0; fd < 3; fd++) {
        (void)dup2(null, fd);
    }
    int rc = lab_open(&lab, NULL, &e);
    rc = rc ? rc : derive_make(&lab, want, &e);
    lab_close(&lab);
    _exit(rc != OK);
}

int main(int argc, char **argv)
{
    log_init("labeler", LOG_WARN, false);
    if (argc == 2 && strcmp(argv[1], "--routes-md") == 0) {
        return print_routes();
    }
    if (!getenv("REQUEST_METHOD")) {
        fputs("usage: run by a web server as CGI (with MOTELOOP_PROJECT set), or --routes-md\n",
              stderr);
        return 2;
    }
    struct lab lab;
    struct err e = {0};
    if (lab_open(&lab, NULL, &e)) {
        log_error("%s", e.msg);
        fputs("Status: 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n"
              "{\"error\":{\"code\":\"failed\",\"message\":\"the labeler cannot open its project; "
              "see the web server's log\"}}",
              stdout);
        return 0;
    }
    struct lab_io io = {stdin, io_get, io_read, io_write, io_flush};
    struct derive_want want = {0};
    lab.want = &want;
    lab_serve(&lab, &io);
    lab_close(&lab);
    int failed = fflush(stdout);
    if (want.rec_id) {
        make_behind(&want);
    }
    return failed ? 1 : 0;
}
