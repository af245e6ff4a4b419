// Golden bytes: see golden.h.
#include "tests/support/golden.h"

static FILE *open_golden(const char *file)
{
    char path[512];
    const char *src = getenv("MOTELOOP_SRC");
    snprintf(path, sizeof(path), "%s/tests/golden/%s", src ? src : ".", file);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "cannot open '%s'\n", path);
        abort();
    }
    return f;
}

const uint8_t *golden_bytes(const char *file, const char *name, size_t *len)
{
    static uint8_t bytes[16384];
    static char line[2 * sizeof(bytes) + 64];
    FILE *f = open_golden(file);
    size_t n = strlen(name);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, name, n) != 0 || line[n] != ' ') {
            continue;
        }
        unsigned v;
        *len = 0;
        for (const char *p = line + n + 1; sscanf(p, "%2x", &v) == 1; p += 2) {
            bytes[(*len)++] = (uint8_t)v;
        }
        fclose(f);
        return bytes;
    }
    fprintf(stderr, "no line '%s' in '%s'\n", name, file);
    abort();
}
