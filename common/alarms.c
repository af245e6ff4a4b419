// See alarms.h.
#include "common/alarms.h"

#include <dirent.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"

#define FILE_MAX ((size_t)1 << 20)

static void read_file(json_t *out, const char *path)
{
    struct buf text;
    struct err e = {0};
    size_t i;
    json_t *one;
    buf_init(&text, FILE_MAX);
    json_t *o = io_read_file(path, FILE_MAX, &text, &e) == OK
                    ? jx_parse(text.data ? text.data : "", text.len, &e)
                    : NULL;
    json_array_foreach(json_object_get(o, "raised"), i, one)
    {
        const char *kind, *subject, *since, *line;
        if (jx_get_str(one, "kind", 16, &kind, &e) == OK &&
            jx_get_str(one, "subject", 100, &subject, &e) == OK &&
            jx_get_str(one, "since", 32, &since, &e) == OK &&
            jx_get_str(one, "text", 400, &line, &e) == OK) {
            json_array_append(out, one);
        }
    }
    json_decref(o);
    buf_release(&text);
}

json_t *alarms_read(const struct project *p)
{
    char path[IO_PATH_MAX], file[IO_PATH_MAX];
    json_t *out = json_array();
    DIR *d = out ? opendir(project_path(p, path, "run")) : NULL;
    for (struct dirent *x; d && (x = readdir(d));) {
        size_t len = strlen(x->d_name);
        bool ours = strncmp(x->d_name, "alarms-", 7) == 0 && len > 5 &&
                    strcmp(x->d_name + len - 5, ".json") == 0;
        if (ours && io_join(file, sizeof(file), path, x->d_name) == OK) {
            read_file(out, file);
        }
    }
    if (d) {
        closedir(d);
    }
    return out;
}
