// Files compiled into a program: what common/embed/main.c writes at build time.
#ifndef COMMON_EMBED_EMBED_H
#define COMMON_EMBED_EMBED_H

struct embed_file {
    const char *name; // as given to the tool, without its folder; NULL ends the table
    const unsigned char *data; // a NUL stands behind the last byte
    size_t len;
};

#endif
