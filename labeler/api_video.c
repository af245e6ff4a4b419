// Videos beside recordings: taken in, sent in byte ranges, laid against the signals by an offset. A file is known by its
// first bytes (MP4 or WebM), named by its digest in the project's media folder, and never looked into here.
#include "labeler/api.h"

#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/store/store_sample.h"
#include "common/store/store_video.h"

#define PIECE ((int64_t)4 << 20) // most bytes of one answer
#define OFFSET_MAX ((int64_t)86400 * 1000000)

struct video {
    char path[IO_PATH_MAX / 2], type[32];
    int64_t bytes, offset_us;
};

static int on_video(void *ctx, const struct store_video *v)
{
    struct video *out = ctx;
    (void)snprintf(out->path, sizeof(out->path), "%s", v->path);
    (void)snprintf(out->type, sizeof(out->type), "%s", v->type);
    out->bytes = v->bytes;
    out->offset_us = v->offset_us;
    return OK;
}

static const char *type_of(const uint8_t *p, size_t len)
{
    static const uint8_t webm[] = {0x1a, 0x45, 0xdf, 0xa3};
    if (len > 12 && memcmp(p + 4, "ftyp", 4) == 0) {
        return "video/mp4";
    }
    return len > 12 && memcmp(p, webm, sizeof(webm)) == 0 ? "video/webm" : NULL;
}

static int exists(struct lab *lab, int64_t rec, struct err *e)
{
    int64_t count = 0;
    struct store_recording_filter f = {.rec_id = rec};
    int rc = store_recording_count(lab->store, &f, &count, e);
    return rc || count ? rc : err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)rec);
}

int api_video_put(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec;
    uint8_t digest[HEX_DIGEST_LEN];
    char hex[HEX_DIGEST_TEXT], name[HEX_DIGEST_TEXT + 16], path[IO_PATH_MAX], folder[IO_PATH_MAX];
    const char *type = type_of((const uint8_t *)q->raw, q->raw_len);
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : exists(lab, rec, e);
    if (rc == OK && !type) {
        rc = err_set(e, E_FORMAT, "this is no MP4 or WebM file");
    }
    if (rc) {
        return rc;
    }
    hex_sha256(digest, q->raw, q->raw_len);
    hex_encode(hex, digest, sizeof(digest));
    (void)snprintf(name, sizeof(name), "media/%s.%s", hex, type + strlen("video/"));
    struct store_video v = {
        .rec_id = rec, .path = name, .type = type, .bytes = (int64_t)q->raw_len, .author = q->user};
    rc = io_mkdirs(project_path(&lab->project, folder, "media"), 0700, e);
    rc = rc ? rc
            : io_write_atomic(project_path(&lab->project, path, name), q->raw, q->raw_len, 0600, e);
    rc = rc ? rc : store_video_put(lab->store, &v, e);
    r->status = 201;
    return rc ? rc
              : api_answer(r,
                           json_pack("{s:I,s:s,s:I,s:I}", "rec", (json_int_t)rec, "type", type,
                                     "bytes", (json_int_t)v.bytes, "offset_us", (json_int_t)0),
                           e);
}

int api_video_info(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec;
    struct video v = {0};
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : store_video_find(lab->store, rec, on_video, &v, e);
    if (rc == E_NOT_FOUND) {
        *e = (struct err){0};
        return api_answer(r, json_pack("{s:n}", "video"), e);
    }
    return rc ? rc
              : api_answer(r,
                           json_pack("{s:{s:s,s:I,s:I}}", "video", "type", v.type, "bytes",
                                     (json_int_t)v.bytes, "offset_us", (json_int_t)v.offset_us),
                           e);
}

int api_video_offset(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec, offset = 0;
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : jx_get_i64(q->json, "offset_us", -OFFSET_MAX, OFFSET_MAX, &offset, e);
    rc = rc ? rc : store_video_set_offset(lab->store, rec, offset, e);
    return rc ? rc
              : api_answer(
                    r,
                    json_pack("{s:I,s:I}", "rec", (json_int_t)rec, "offset_us", (json_int_t)offset),
                    e);
}

int api_video_drop(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec;
    int rc = lab_req_id(q, 0, &rec, e);
    // The file stays: another recording may show the same one, and a removal can be taken back.
    rc = rc ? rc : store_video_drop(lab->store, rec, e);
    return rc ? rc : api_answer(r, json_pack("{s:I}", "rec", (json_int_t)rec), e);
}

// "bytes=A-B" or "bytes=A-"; without one it starts at 0.
static int64_t read_range(const char *text, int64_t total, int64_t *last)
{
    char *end = NULL;
    int64_t first = strncmp(text, "bytes=", 6) == 0 ? strtoll(text + 6, &end, 10) : 0;
    *last = end && *end == '-' && end[1] ? strtoll(end + 1, NULL, 10) : total - 1;
    *last = *last < total ? *last : total - 1;
    *last = *last - first >= PIECE ? first + PIECE - 1 : *last;
    return first;
}

static int read_piece(const char *path, int64_t first, int64_t last, struct buf *out, struct err *e)
{
    char chunk[65536];
    FILE *f = fopen(path, "rb");
    int rc = f && fseek(f, (long)first, SEEK_SET) == 0
                 ? OK
                 : err_errno(e, E_IO, "cannot read '%s'", path);
    for (int64_t at = first; rc == OK && at <= last;) {
        size_t want =
                   last - at + 1 < (int64_t)sizeof(chunk) ? (size_t)(last - at + 1) : sizeof(chunk),
               got = fread(chunk, 1, want, f);
        rc = got == want ? buf_put(out, chunk, got)
                         : err_set(e, E_IO, "'%s' is shorter than it was", path);
        at += (int64_t)got;
    }
    if (f) {
        (void)fclose(f); // it was only read
    }
    return rc;
}

int api_video(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec, last;
    struct video v = {0};
    char path[IO_PATH_MAX], text[96];
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : store_video_find(lab->store, rec, on_video, &v, e);
    if (rc) {
        return rc;
    }
    int64_t first = read_range(q->range, v.bytes, &last);
    if (first < 0 || first > last) {
        err_set(e, E_LIMIT, "the range lies outside the file");
        lab_res_error(r, 416, e);
        return OK;
    }
    rc = read_piece(project_path(&lab->project, path, v.path), first, last, &r->body, e);
    r->type = strcmp(v.type, "video/webm") == 0 ? "video/webm" : "video/mp4";
    rc = rc ? rc : lab_res_header(r, "Accept-Ranges", "bytes");
    if (rc == OK && (*q->range || last < v.bytes - 1)) {
        (void)snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)first,
                       (long long)last, (long long)v.bytes);
        r->status = 206;
        rc = lab_res_header(r, "Content-Range", text);
    }
    return rc;
}
