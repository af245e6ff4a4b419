// The project folder and its configuration. See project.h.
#include "common/project.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/err.h"

struct field {
    const char *section, *key;
    bool number;
    size_t offset, size;
    int64_t lo, hi;
    const char *comment;
};
#define TEXT(s, k, m, c) {s, k, false, offsetof(struct project_conf, m), sizeof(((struct project_conf *)0)->m), 0, 0, c}
#define NUMBER(s, k, m, lo, hi, c) {s, k, true, offsetof(struct project_conf, m), sizeof(int64_t), lo, hi, c}

static const struct field fields[] = {
    TEXT("project", "name", name, "shown on the page"),
    TEXT("mqtt", "prefix", prefix, "every topic starts with it"),
    TEXT("mqtt", "host", broker_host, "where programs and devices find the broker"),
    NUMBER("mqtt", "port", broker_port, 1, 65535, NULL),
    TEXT("mqtt", "user", server_user, "the collector's user at the broker; its password is in broker/server.pw"),
    TEXT("web", "host", web_host, "the address that the web server binds"),
    NUMBER("web", "port", web_port, 1, 65535, NULL),
    NUMBER("limits", "devices", max_devices, 1, 1000000, "the fleet that broker limits are written for"),
    NUMBER("limits", "message_bytes", max_message, 1024, 1 << 24, "larger MQTT messages are refused"),
    NUMBER("retention", "days", keep_days, 0, 36500, "recordings without a label go after as many days; 0: never"),
    NUMBER("retention", "gigabytes", keep_gigabytes, 0, 1000000, "beyond it the oldest without a label go; 0: no ceiling"),
};

void project_conf_defaults(struct project_conf *c)
{
    *c = (struct project_conf){.name = "moteloop", .prefix = "ml/1", .broker_host = "127.0.0.1", .broker_port = 1883,
                               .server_user = "moteloop-server", .web_host = "127.0.0.1", .web_port = 8080,
                               .max_devices = 100, .max_message = 262144};
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
        if (entry && (strlen(entry->value) >= f->size || !*entry->value)) {
            rc = conf_bad(&file, entry, e, "must be 1 to %zu characters", f->size - 1);
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
    int rc = buf_puts(&b, "# Configuration of a Moteloop project. Programs read it at their start.\n");
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
            rc = buf_printf(&b, "%s = %s\n", f->key, at);
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
        return err_set(e, E_NOT_FOUND,
                       "no project in '%s': make one with 'moteloop init DIR', or name one with --project", p->dir);
    }
    return project_conf_load(&p->conf, path, e);
}

const char *project_path(const struct project *p, char out[IO_PATH_MAX], const char *name)
{
    snprintf(out, IO_PATH_MAX, "%s/%s", p->dir, name); // dir is at most half of the room
    return out;
}
