// Files: read whole ones with a ceiling, replace them atomically, make folders.
#ifndef COMMON_IO_H
#define COMMON_IO_H

struct buf;
struct err;

#define IO_PATH_MAX 1024

// Reads a whole file of at most max bytes (E_LIMIT beyond); appends to out.
int io_read_file(const char *path, size_t max, struct buf *out, struct err *e) MUST_CHECK;
// Writes beside path, fsyncs, renames over it, fsyncs the folder: old or new, never half.
int io_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *e)
    MUST_CHECK;
// Makes a folder and those above it; fine where it is there already.
int io_mkdirs(const char *path, unsigned mode, struct err *e) MUST_CHECK;
bool io_exists(const char *path);
bool io_is_dir(const char *path);
// Joins with one '/'. E_LIMIT where out is too small.
int io_join(char *out, size_t cap, const char *dir, const char *name) MUST_CHECK;
// The folder of the running program, without a trailing '/'.
int io_program_dir(char *out, size_t cap, struct err *e) MUST_CHECK;
// A TCP port of 127.0.0.1 that was free when asked.
int io_free_port(struct err *e) MUST_CHECK;

#endif
