// lighttpd's configuration. See ops_web.h.
#include "ops/ops_web.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/project.h"
#include "ops/ops_proc.h"

int web_write_conf(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX], labeler[IO_PATH_MAX];
    struct buf b = {0};
    int rc = proc_find(labeler, sizeof(labeler), "moteloop-labeler.fcgi", e);
    if (rc) {
        return rc;
    }
    rc = buf_printf(&b,
                    "# Written by 'moteloop init' and renewed by 'moteloop up'.\n"
                    "server.bind = \"%s\"\n"
                    "server.port = %lld\n"
                    "server.document-root = \"%s/web\"\n"
                    "server.pid-file = \"%s/run/lighttpd.pid\"\n"
                    "server.errorlog = \"%s/run/lighttpd.log\"\n"
                    "server.upload-dirs = ( \"%s/run\" )\n"
                    "server.modules = ( \"mod_fastcgi\" )\n"
                    "server.max-request-size = 262144\n"
                    "server.max-read-idle = 30\n" // a client that sends or reads nothing loses its
                                                  // connection, not us a worker
                    "server.max-write-idle = 60\n"
                    "server.max-keep-alive-idle = 15\n"
                    "server.stream-request-body = 0\n"
                    "server.stream-response-body = 1\n"
                    "server.tag = \"\"\n"
                    "fastcgi.server = ( \"/\" => (( \n"
                    "    \"socket\" => \"%s/run/labeler.sock\",\n"
                    "    \"bin-path\" => \"%s\",\n"
                    "    \"bin-environment\" => ( \"MOTELOOP_PROJECT\" => \"%s\" ),\n"
                    "    \"max-procs\" => 1,\n"
                    "    \"check-local\" => \"disable\",\n"
                    "    \"fix-root-scriptname\" => \"enable\" )))\n",
                    p->conf.web_host, (long long)p->conf.web_port, p->dir, p->dir, p->dir, p->dir,
                    p->dir, labeler, p->dir);
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(project_path(p, path, "web/lighttpd.conf"), b.data, b.len, 0600, e);
    buf_release(&b);
    return rc;
}
