// The project folder and its configuration. See project.h.
#include "common/project.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/err.h"

struct field {
    const char *section, *key;
    bool number;
    size_t offset, size;
    int64_t lo, hi; // of a number; lo of a text: least length
    const char *comment;
};
#define AT(m) offsetof(struct project_conf, m), sizeof(((struct project_conf *)0)->m)
#define TEXT(s, k, m, c) {s, k, false, AT(m), 1, 0, c}
#define MAYBE(s, k, m, c) {s, k, false, AT(m), 0, 0, c} // a text that may be empty
#define NUMBER(s, k, m, lo, hi, c)                                                                 \
    {                                                                                              \
        s, k, true, offsetof(struct project_conf, m), sizeof(int64_t), lo, hi, c                   \
    }

static const struct field fields[] = {
    TEXT("project", "name", name, "shown on the page"),
    TEXT("mqtt", "prefix", prefix, "every topic starts with it"),
    TEXT("mqtt", "host", broker_host, "where programs and devices find the broker"),
    NUMBER("mqtt", "port", broker_port, 1, 65535, NULL),
    NUMBER("mqtt", "tls", server_tls, 0, 1,
           "1: there is no port without TLS, and programs use [tls] port as well"),
    TEXT("mqtt", "user", server_user,
         "the collector's user at the broker; its password is in broker/server.pw"),
    NUMBER("mqtt", "collectors", collectors, 1, 16,
           "processes that share the work of the collector"),
    NUMBER("tls", "port", tls_port, 0, 65535, "for devices with a password; 0: none"),
    NUMBER("tls", "cert_port", tls_cert_port, 0, 65535, "for devices with a certificate; 0: none"),
    TEXT("tls", "address", tls_address, "name or address of the broker that new devices are told"),
    TEXT("web", "host", web_host, "the address that the web server binds"),
    NUMBER("web", "port", web_port, 1, 65535, NULL),
    NUMBER("limits", "devices", max_devices, 1, 1000000,
           "the fleet that broker limits are written for"),
    NUMBER("limits", "message_bytes", max_message, 1024, 1 << 24,
           "larger MQTT messages are refused"),
    NUMBER("limits", "streams", max_streams, 1, 1024,
           "streams of a device; blocks of further ones are refused"),
    NUMBER("limits", "rate", max_rate, 0, 1000000,
           "blocks a second of a device, over a minute; what is over waits in its spool; 0: no "
           "ceiling"),
    NUMBER("alerts", "silence", silence_s, 0, 31536000,
           "a device that is quiet for as many seconds is an alarm; 0: never"),
    MAYBE("alerts", "webhook", alert_url, "alarms go there as JSON by HTTP POST"),
    MAYBE("alerts", "command", alert_command,
          "and to this program: $MOTELOOP_ALERT, the JSON on its standard input"),
    NUMBER("alerts", "every", alert_every_s, 1, 86400,
           "seconds between two messages; what comes between is gathered"),
    NUMBER("retention", "days", keep_days, 0, 36500,
           "recordings without a label go after as many days; 0: never"),
    NUMBER("retention", "gigabytes", keep_gigabytes, 0, 1000000,
           "beyond it the oldest without a label go; 0: no ceiling"),
};

void project_conf_defaults(struct project_conf *c)
{
    *c = (struct project_conf){.name = "moteloop",
                               .prefix = "ml/1",
                               .broker_host = "127.0.0.1",
                               .broker_port = 1883,
                               .server_user = "moteloop-server",
                               .web_host = "127.0.0.1",
                               .web_port = 8080,
                               .collectors = 1,
                               .tls_address = "127.0.0.1",
                               .max_devices = 100,
                               .max_message = 262144,
                               .max_streams = 64,
                               .alert_every_s = 60};
}

int project_conf_load(struct project_conf *c, const char *path, struct err *e)
{
    struct conf file;
    project_conf_defaults(c);
    int rc = conf_load(&file, path, e);
    if (rc) {
        return rc;
    }
    const char *known[ARRAY_LEN(fields)];
    for (size_t i = 0; i < ARRAY_LEN(fields) && rc == OK; i++) {
        const struct field *f = &fields[i];
        char *at = (char *)c + f->offset;
        known[i] = f->key;
        if (f->number) {
            rc = conf_i64(&file, f->section, f->key, f->lo, f->hi, (int64_t *)(void *)at, e);
            continue;
        }
        const struct conf_entry *entry = conf_find(&file, f->section, f->key);
        if (entry && (strlen(entry->value) >= f->size || strlen(entry->value) < (size_t)f->lo)) {
            rc = conf_bad(&file, entry, e, "must be %d to %zu characters", (int)f->lo, f->size - 1);
        } else if (entry) {
            snprintf(at, f->size, "%s", entry->value);
        }
    }
    if (rc == OK) {
        rc = conf_check_used(&file, known, ARRAY_LEN(known), e);
    }
    conf_release(&file);
    return rc;
}

char *project_conf_text(const struct project_conf *c)
{
    struct buf b = {0};
    const char *section = "";
    int rc =
        buf_puts(&b, "# Configuration of a Moteloop project. Programs read it at their start.\n");
    for (size_t i = 0; i < ARRAY_LEN(fields) && rc == OK; i++) {
        const struct field *f = &fields[i];
        const char *at = (const char *)c + f->offset;
        if (strcmp(section, f->section) != 0) {
            section = f->section;
            rc = buf_printf(&b, "\n[%s]\n", section);
        }
        if (rc == OK && f->comment) {
            rc = buf_printf(&b, "# %s\n", f->comment);
        }
        if (rc == OK && f->number) {
            int64_t v;
            memcpy(&v, at, sizeof(v));
            rc = buf_printf(&b, "%s = %lld\n", f->key, (long long)v);
        } else if (rc == OK) {
            rc = buf_printf(&b, "%s =%s%s\n", f->key, *at ? " " : "", at);
        }
    }
    if (rc) {
        buf_release(&b);
    }
    return b.data;
}

int project_open(struct project *p, const char *dir, struct err *e)
{
    *p = (struct project){0};
    if (!dir) {
        dir = getenv("MOTELOOP_PROJECT");
    }
    if (!dir || !*dir) {
        dir = ".";
    }
    char *full = realpath(dir, NULL);
    if (!full) {
        return err_errno(e, E_NOT_FOUND, "cannot open project '%s'", dir);
    }
    int n = snprintf(p->dir, sizeof(p->dir), "%s", full);
    free(full);
    if (n < 0 || (size_t)n >= sizeof(p->dir)) {
        return err_set(e, E_LIMIT, "project path is too long");
    }
    char path[IO_PATH_MAX];
    project_path(p, path, "moteloop.conf");
    if (!io_exists(path)) {
        return err_set(
            e, E_NOT_FOUND,
            "no project in '%s': make one with 'moteloop init DIR', or name one with --project",
            p->dir);
    }
    return project_conf_load(&p->conf, path, e);
}

const char *project_broker_host(const struct project *p)
{
    const struct project_conf *c = &p->conf;
    bool local =
        strncmp(c->broker_host, "127.", 4) == 0 || strcmp(c->broker_host, "localhost") == 0;
    bool any = strcmp(c->broker_host, "0.0.0.0") == 0;
    return !local && (any || (c->tls_port && !c->server_tls)) ? "127.0.0.1" : c->broker_host;
}

int project_broker_port(const struct project *p)
{
    return (int)(p->conf.server_tls ? p->conf.tls_port : p->conf.broker_port);
}

const char *project_path(const struct project *p, char out[IO_PATH_MAX], const char *name)
{
    snprintf(out, IO_PATH_MAX, "%s/%s", p->dir, name); // dir is at most half of the room
    return out;
}
