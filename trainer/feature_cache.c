// Features kept between trainings. See feature_cache.h; the file, little-endian:
//   0  8 bytes  "MLFEAT1" and a line feed
//   8  u64      windows
//  16  u64      features of a window
//  24  float32  windows x features, before they are standardised
//  then 32 bytes: SHA-256 of all before
#include "trainer/feature_cache.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "MLFEAT1\n"
#define HEAD 24
#define READ_ROOM ((size_t)1 << 18) // that io_read_file wants behind the end
#define PREFIX "features-"

static int put_u64(struct buf *b, uint64_t v)
{
    return buf_put(b, &v, sizeof(v));
}

// The samples of every piece by their digest, so that what windows share is read once.
static int put_pieces(struct buf *b, const struct windows *w)
{
    int rc = OK;
    for (size_t i = 0; i < w->pieces && rc == OK; i++) {
        const struct piece *p = &w->piece[i];
        uint8_t digest[HEX_DIGEST_LEN];
        hex_sha256(digest, p->raw, p->frames * w->channels * mote_sample_size(p->type));
        rc = put_u64(b, p->frames);
        rc = rc ? rc : put_u64(b, p->type);
        rc = rc ? rc : buf_put(b, &p->scale, sizeof(p->scale));
        rc = rc ? rc : buf_put(b, digest, sizeof(digest));
    }
    return rc;
}

static int put_block(struct buf *b, const struct mote_dsp_config *d)
{
    uint8_t block[1024];
    int len = mote_dsp_encode(block, sizeof(block), d);
    const char *variant = mote_dsp_variant_name(d->variant);
    return len < 0                                                                 ? E_LIMIT
           : buf_put(b, block, (size_t)len) || buf_puts(b, variant ? variant : "") ? E_MEM
                                                                                   : OK;
}

int feature_cache_key(const struct windows *w, char key[HEX_DIGEST_TEXT], struct err *e)
{
    struct buf b;
    uint8_t digest[HEX_DIGEST_LEN];
    buf_init(&b, (size_t)1 << 30);
    int rc = buf_puts(&b, MAGIC MOTELOOP_VERSION);
    rc = rc ? rc : put_block(&b, &w->r->dsp);
    rc = rc ? rc : put_u64(&b, w->channels);
    rc = rc ? rc : put_u64(&b, w->window);
    rc = rc ? rc : put_u64(&b, w->interval_ns);
    rc = rc ? rc : put_u64(&b, (uint64_t)w->width << 32 | w->height);
    rc = rc ? rc : put_u64(&b, w->pieces);
    rc = rc ? rc : put_pieces(&b, w);
    for (size_t i = 0; i < w->count && rc == OK; i++) {
        rc = put_u64(&b, (uint64_t)w->w[i].piece << 32 | w->w[i].frame);
    }
    hex_sha256(digest, b.data, rc ? 0 : b.len);
    hex_encode(key, digest, sizeof(digest));
    buf_release(&b);
    return rc ? err_set(e, rc, "out of memory") : OK;
}

static int path_of(char path[IO_PATH_MAX], const char *folder, const char *key)
{
    int n = snprintf(path, IO_PATH_MAX, "%s/" PREFIX "%s", folder, key);
    return n > 0 && n < IO_PATH_MAX ? OK : E_LIMIT;
}

// Bytes of a file, or 0 where it would be too large to keep.
static size_t file_size(size_t windows, size_t count)
{
    size_t most = (FEATURE_CACHE_FILE - HEAD - HEX_DIGEST_LEN) / sizeof(float);
    return count == 0 || windows > most / count
               ? 0
               : HEAD + windows * count * sizeof(float) + HEX_DIGEST_LEN;
}

static void put_head(uint8_t head[HEAD], size_t windows, size_t count)
{
    uint64_t n = windows, m = count;
    memcpy(head, MAGIC, 8);
    memcpy(head + 8, &n, 8);
    memcpy(head + 16, &m, 8);
}

static bool is_whole(const struct buf *b, size_t size, const uint8_t head[HEAD])
{
    uint8_t digest[HEX_DIGEST_LEN];
    if (b->len != size || memcmp(b->data, head, HEAD) != 0) {
        return false;
    }
    hex_sha256(digest, b->data, size - HEX_DIGEST_LEN);
    return memcmp(digest, b->data + size - HEX_DIGEST_LEN, HEX_DIGEST_LEN) == 0;
}

bool feature_cache_load(const char *folder, const char *key, size_t windows, size_t count, float *x)
{
    char path[IO_PATH_MAX];
    uint8_t head[HEAD];
    struct err e = {0};
    struct buf b;
    size_t size = file_size(windows, count);
    if (size == 0 || path_of(path, folder, key) || !io_exists(path)) {
        return false;
    }
    buf_init(&b, size + READ_ROOM);
    put_head(head, windows, count);
    bool good = io_read_file(path, size, &b, &e) == OK && is_whole(&b, size, head);
    if (good) {
        memcpy(x, b.data + HEAD, size - HEAD - HEX_DIGEST_LEN);
        (void)utimensat(AT_FDCWD, path, NULL, 0); // used now: others go first
    }
    buf_release(&b);
    return good;
}

int feature_cache_keep(const char *folder, const char *key, size_t windows, size_t count,
                       const float *x, struct err *e)
{
    char path[IO_PATH_MAX];
    uint8_t head[HEAD], digest[HEX_DIGEST_LEN];
    struct buf b;
    size_t size = file_size(windows, count);
    if (size == 0) {
        return OK;
    }
    buf_init(&b, size + 1);
    put_head(head, windows, count);
    int rc = buf_put(&b, head, HEAD) || buf_put(&b, x, windows * count * sizeof(float))
                 ? err_set(e, E_MEM, "out of memory")
                 : OK;
    if (rc == OK) {
        hex_sha256(digest, b.data, b.len);
        rc = buf_put(&b, digest, sizeof(digest)) ? err_set(e, E_MEM, "out of memory") : OK;
    }
    if (rc == OK && path_of(path, folder, key)) {
        rc = err_set(e, E_LIMIT, "path is too long");
    }
    rc = rc ? rc : io_mkdirs(folder, 0700, e);
    rc = rc ? rc : io_write_atomic(path, b.data, b.len, 0600, e);
    buf_release(&b);
    if (rc == OK) {
        feature_cache_trim(folder, key, FEATURE_CACHE_BYTES, FEATURE_CACHE_FILES);
    }
    return rc;
}

struct kept {
    char name[128];
    int64_t bytes;
    struct timespec used;
};
struct kept_list {
    struct kept *k;
    size_t count;
    int64_t bytes;
};

static int oldest_first(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec) {
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    }
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static int on_file(struct kept_list *l, const char *name, const struct stat *st)
{
    if ((l->count & (l->count - 1)) == 0) {
        struct kept *grown = realloc(l->k, (l->count ? 2 * l->count : 1) * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        l->k = grown;
    }
    struct kept *k = &l->k[l->count++];
    *k = (struct kept){.bytes = st->st_size, .used = st->st_mtim};
    snprintf(k->name, sizeof(k->name), "%s", name);
    l->bytes += k->bytes;
    return OK;
}

void feature_cache_trim(const char *folder, const char *key, int64_t bytes, size_t files)
{
    struct kept_list l = {0};
    DIR *d = opendir(folder);
    int rc = OK;
    for (struct dirent *x; d && rc == OK && (x = readdir(d));) {
        struct stat st;
        if (strncmp(x->d_name, PREFIX, strlen(PREFIX)) == 0 &&
            strlen(x->d_name) < sizeof(l.k->name) &&
            fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            rc = on_file(&l, x->d_name, &st);
        }
    }
    if (l.count) {
        qsort(l.k, l.count, sizeof(*l.k), oldest_first);
    }
    size_t left = l.count;
    for (size_t i = 0; i < l.count && (l.bytes > bytes || left > files); i++) {
        if (strcmp(l.k[i].name + strlen(PREFIX), key) != 0 &&
            unlinkat(dirfd(d), l.k[i].name, 0) == 0) {
            l.bytes -= l.k[i].bytes;
            left--;
        }
    }
    free(l.k);
    if (d) {
        closedir(d);
    }
}
