// Recordings for eyes and ears: spectrogram, sound, picture.
#include "labeler/api.h"

#include "common/err.h"
#include "common/parse.h"
#include "labeler/derive.h"
#include "labeler/plot_spectro.h"
#include "labeler/pngw.h"
#include "labeler/sig_view.h"
#include "labeler/spectro_file.h"

#define ROUGH_COLUMNS 48 // that a request draws by itself of a stretch that needs the file
#define WAV_HEAD 44
#define WAV_PIECE ((int64_t)4 << 20)   // most bytes that one range answer holds
#define WAV_WHOLE ((int64_t)64 << 20)  // most bytes that an answer without range holds

static int read_spectro(const struct lab_req *q, const struct sig_view *v, struct plot_spectro *p,
                        struct err *e)
{
    int64_t channel = 0, width = 1000, height = 200, fft = 512, low = -85, high = -12;
    int rc = lab_req_param_i64(q, "channel", 0, v->channels - 1, &channel, e);
    rc = rc ? rc : lab_req_param_i64(q, "width", 1, 4096, &width, e);
    rc = rc ? rc : lab_req_param_i64(q, "height", 1, 1024, &height, e);
    rc = rc ? rc : lab_req_param_i64(q, "bins", 16, 4096, &fft, e);
    rc = rc ? rc : lab_req_param_i64(q, "low_db", -200, 0, &low, e);
    rc = rc ? rc : lab_req_param_i64(q, "high_db", -199, 60, &high, e);
    if (rc == OK && ((fft & (fft - 1)) || high <= low)) {
        rc = err_set(e, E_FORMAT, "'bins' is a power of two, 'high_db' over 'low_db'");
    }
    *p = (struct plot_spectro){.fft = (unsigned)fft,
                               .width = (uint32_t)width,
                               .height = (uint32_t)height,
                               .channel = (unsigned)channel,
                               .low_db = (float)low,
                               .high_db = (float)high,
                               .full_scale = sig_full_scale(v),
                               .from_us = v->from_us,
                               .to_us = v->to_us};
    return rc;
}

// Without the file: few columns, each from the frames at its middle, drawn wide.
static int draw_rough(struct lab *lab, const struct sig_view *v, const struct plot_spectro *p,
                      uint8_t *pixels, struct err *e)
{
    int64_t half = v->interval_ns * (int64_t)p->fft / 2000 + v->interval_ns / 500;
    uint32_t columns = p->width < ROUGH_COLUMNS ? p->width : ROUGH_COLUMNS;
    uint8_t *column = malloc(p->height);
    int rc = column ? OK : err_set(e, E_MEM, "out of memory");
    for (uint32_t i = 0; rc == OK && i < columns; i++) {
        struct plot_spectro one = *p;
        struct rec_samples s = {0};
        int64_t t = p->from_us + (int64_t)((double)(p->to_us - p->from_us) * ((double)i + 0.5) /
                                           (double)columns);
        one.width = 1;
        one.from_us = one.to_us = t;
        rc = sig_view_load(lab, v, t - half, t + half, &s, e);
        memset(column, 0, p->height);
        if (rc == OK && s.frames && plot_spectro_draw(&one, &s, column)) {
            rc = err_set(e, E_MEM, "out of memory");
        }
        uint32_t x0 = (uint32_t)((uint64_t)i * p->width / columns),
                 x1 = (uint32_t)((uint64_t)(i + 1) * p->width / columns);
        for (uint32_t y = 0; rc == OK && y < p->height; y++) {
            memset(pixels + (size_t)y * p->width + x0, column[y], x1 - x0);
        }
        rec_release(&s);
    }
    free(column);
    return rc;
}

static int draw_whole(struct lab *lab, const struct sig_view *v, const struct plot_spectro *p,
                      uint8_t *pixels, struct err *e)
{
    struct rec_samples s = {0};
    // Half a transform more on either side, so that tiles meet without a seam.
    int64_t margin = v->interval_ns * (int64_t)p->fft / 2000;
    int rc = sig_view_load(lab, v, v->from_us - margin, v->to_us + margin, &s, e);
    if (rc == OK && s.frames && plot_spectro_draw(p, &s, pixels)) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    rec_release(&s);
    return rc;
}

// A stretch of which a column holds many transforms: from the file, or roughly while there is none.
static int draw_long(struct lab *lab, const struct sig_view *v, const struct plot_spectro *p,
                     uint8_t *pixels, bool *rough, struct err *e)
{
    struct spectro_file f;
    int rc = spectro_open(lab, v, p->channel, &f);
    if (rc && derive_ask(lab, DERIVE_SPECTRO, v, p->channel, DERIVE_WAIT_MS) == OK) {
        rc = spectro_open(lab, v, p->channel, &f);
    }
    *rough = rc != OK;
    if (rc) {
        return draw_rough(lab, v, p, pixels, e);
    }
    spectro_draw(&f, v, p, pixels);
    spectro_close(&f);
    return OK;
}

int api_spectrogram(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    struct plot_spectro p;
    uint8_t palette[PLOT_COLOURS][3];
    bool rough = false;
    int rc = sig_view_read(lab, q, &v, e);
    rc = rc ? rc : read_spectro(q, &v, &p, e);
    if (rc == OK && v.interval_ns == 0) {
        rc = err_set(e, E_STATE, "stream '%s' has no rate", v.stream);
    }
    uint8_t *pixels = rc ? NULL : calloc(p.width, p.height);
    if (rc == OK && !pixels) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    if (rc == OK) {
        bool stored = sig_view_frames(&v) > SPECTRO_LEAST;
        rc =
            stored ? draw_long(lab, &v, &p, pixels, &rough, e) : draw_whole(lab, &v, &p, pixels, e);
    }
    plot_palette(palette);
    rc =
        rc ? rc : pngw_write_palette(pixels, p.width, p.height, palette, PLOT_COLOURS, &r->body, e);
    r->type = "image/png";
    r->cache = rough ? "no-store" : "private, max-age=60";
    if (rc == OK && rough) {
        rc = lab_res_header(r, "X-Moteloop-Rough",
                            "1"); // asked again later it is drawn from the file
    }
    free(pixels);
    return rc;
}

static void put_u32(uint8_t *p, int64_t v)
{
    mote_put32(p, (uint32_t)v);
}

static void wav_head(uint8_t h[WAV_HEAD], const struct sig_view *v, int64_t data)
{
    int64_t rate = (1000000000 + v->interval_ns / 2) / v->interval_ns, frame = 2 * v->channels;
    memcpy(h, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0", 22);
    put_u32(h + 4, data + 36);
    mote_put16(h + 22, (uint16_t)v->channels);
    put_u32(h + 24, rate);
    put_u32(h + 28, rate * frame);
    mote_put16(h + 32, (uint16_t)frame);
    mote_put16(h + 34, 16);
    memcpy(h + 36, "data", 4);
    put_u32(h + 40, data);
}

static int16_t to_i16(const uint8_t *p, unsigned type)
{
    float v = sig_raw(p, type);
    v = type == MOTE_U8    ? (v - 128) * 256
        : type == MOTE_I8  ? v * 256
        : type == MOTE_I32 ? v / 65536
        : type == MOTE_F32 ? v * 32767
                           : v;
    return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
}

// Frames first..first+count of the view's time line as 16-bit samples; gaps are silence.
static int wav_frames(struct lab *lab, const struct sig_view *v, int64_t first, int64_t count,
                      uint8_t *out, struct err *e)
{
    struct rec_samples s = {0};
    int64_t from = v->from_us + first * v->interval_ns / 1000,
            to = v->from_us + (first + count) * v->interval_ns / 1000 + 1;
    int rc = sig_view_load(lab, v, from, to, &s, e);
    if (rc) {
        return rc;
    }
    size_t size = mote_sample_size(s.type);
    for (size_t i = 0; i < s.runs; i++) {
        int64_t at =
            ((s.run[i].start_us - v->from_us) * 1000 + v->interval_ns / 2) / v->interval_ns - first;
        for (size_t f = 0; f < s.run[i].frames; f++) {
            int64_t to_frame = at + (int64_t)f;
            for (unsigned c = 0; to_frame >= 0 && to_frame < count && c < s.channels; c++) {
                const uint8_t *raw = s.raw + ((s.run[i].first_frame + f) * s.channels + c) * size;
                mote_put16(out + (to_frame * s.channels + c) * 2, (uint16_t)to_i16(raw, s.type));
            }
        }
    }
    rec_release(&s);
    return OK;
}

// "bytes=A-B" or "bytes=A-" within total. False where there is no (understandable) range.
static bool read_range(const char *text, int64_t total, int64_t *first, int64_t *last)
{
    if (strncmp(text, "bytes=", 6) != 0 || text[6] < '0' || text[6] > '9') {
        return false;
    }
    char *end;
    *first = strtoll(text + 6, &end, 10);
    if (*end != '-') {
        return false;
    }
    *last = end[1] >= '0' && end[1] <= '9' ? strtoll(end + 1, &end, 10) : total - 1;
    *last = *last >= total ? total - 1 : *last;
    return true;
}

static int answer_wav(struct lab *lab, const struct sig_view *v, int64_t total, int64_t first,
                      int64_t last, struct lab_res *r, struct err *e)
{
    int64_t frame = 2 * v->channels;
    int64_t f0 = first < WAV_HEAD ? 0 : (first - WAV_HEAD) / frame,
            f1 = last < WAV_HEAD ? 0 : (last - WAV_HEAD) / frame + 1;
    uint8_t *data = calloc((size_t)(f1 - f0 + 1), (size_t)frame);
    int rc = data ? OK : err_set(e, E_MEM, "out of memory");
    rc = rc || f1 == f0 ? rc : wav_frames(lab, v, f0, f1 - f0, data, e);
    if (rc == OK && first < WAV_HEAD) {
        uint8_t head[WAV_HEAD];
        wav_head(head, v, total - WAV_HEAD);
        int64_t end = last < WAV_HEAD ? last + 1 : WAV_HEAD;
        rc = buf_put(&r->body, head + first, (size_t)(end - first));
    }
    if (rc == OK && last >= WAV_HEAD) {
        int64_t start = first < WAV_HEAD ? 0 : first - WAV_HEAD - f0 * frame;
        rc = buf_put(&r->body, data + start, (size_t)(last - WAV_HEAD - f0 * frame + 1 - start));
    }
    free(data);
    return rc;
}

int api_audio(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    int rc = sig_view_read(lab, q, &v, e);
    if (rc == OK && v.interval_ns == 0) {
        rc = err_set(e, E_STATE, "stream '%s' has no rate", v.stream);
    }
    if (rc) {
        return rc;
    }
    int64_t total = WAV_HEAD + (v.to_us - v.from_us) * 1000 / v.interval_ns * v.channels * 2,
            first = 0, last = total - 1;
    bool range = read_range(q->range, total, &first, &last);
    if (range && (first > last || first >= total)) {
        err_set(e, E_LIMIT, "the range lies outside the file");
        lab_res_error(r, 416, e);
        return OK;
    }
    if (range && last - first >= WAV_PIECE) {
        last = first + WAV_PIECE - 1;
    } else if (!range && total > WAV_WHOLE) {
        return err_set(
            e, E_LIMIT,
            "the sound is larger than %lld MB: ask for byte ranges, or use `moteloop export`",
            (long long)(WAV_WHOLE >> 20));
    }
    rc = answer_wav(lab, &v, total, first, last, r, e);
    r->type = "audio/wav";
    rc = rc ? rc : lab_res_header(r, "Accept-Ranges", "bytes");
    if (rc == OK && range) {
        char text[96];
        (void)snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)first,
                       (long long)last, (long long)total);
        r->status = 206;
        rc = lab_res_header(r, "Content-Range", text);
    }
    return rc;
}

int api_picture(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    struct rec_samples s = {0};
    int rc = sig_view_read(lab, q, &v, e);
    rc = rc ? rc
            : sig_view_load(lab, &v, INT64_MIN, INT64_MAX, &s,
                            e); // a picture lasts no time: all of it
    if (rc) {
        return rc;
    }
    size_t pixels = (size_t)s.width * s.height;
    if (pixels == 0 || s.frames < pixels || s.type != MOTE_U8) {
        rc = err_set(e, E_STATE, "stream '%s' holds no picture", v.stream);
    } else {
        rc = pngw_write(s.raw, s.width, s.height, s.channels, 6, &r->body, e);
    }
    rec_release(&s);
    r->type = "image/png";
    r->cache = "private, max-age=3600";
    return rc;
}
