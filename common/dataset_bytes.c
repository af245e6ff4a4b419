// A file's bytes as recordings. Its readers take a path (libsndfile and libjpeg read from there), so the bytes lie in a
// folder of their own meanwhile. See dataset.h.
#include "common/dataset.h"

#include <unistd.h>

#include "common/err.h"
#include "common/io.h"

int ds_walk_bytes(const char *folder, const char *name, const void *data, size_t len,
                  const struct ds_callbacks *cb, struct err *e)
{
    char dir[IO_PATH_MAX], path[IO_PATH_MAX];
    struct ds_map *map = NULL;
    if (io_join(dir, sizeof(dir), folder, "file-XXXXXX") || !mkdtemp(dir)) {
        return err_errno(e, E_IO, "cannot make a folder below '%s'", folder);
    }
    int rc = io_join(path, sizeof(path), dir, name) ? err_set(e, E_LIMIT, "path is too long")
                                                    : io_write_atomic(path, data, len, 0600, e);
    rc = rc ? rc : ds_map_load(&map, NULL, e);
    rc = rc ? rc : ds_walk(path, map, cb, e);
    ds_map_free(map);
    (void)unlink(path); // a folder that stays behind is swept by hand; it hurts nobody
    (void)rmdir(dir);
    return rc;
}
