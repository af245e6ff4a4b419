// See coll_write.h. CSV, NPY and Edge Impulse JSON are written here; sound by libsndfile, PNG by libpng.
#include "collector/coll_write.h"

#include <math.h>
#include <png.h>
#include <sndfile.h>

#include "common/err.h"
#include "firmware/core/mote_port.h"

static const char *const words[] = {"csv", "wav", "flac", "npy", "png", "ei"};
static const char *const extensions[] = {"csv", "wav", "flac", "npy", "png", "json"};

static enum write_kind automatic(const struct rec_samples *s)
{
    if (s->width > 0) {
        return WRITE_PNG;
    }
    // Sound is what is sampled fast on one or two channels.
    return s->interval_ns > 0 && s->interval_ns <= 250000 && s->channels <= 2 ? WRITE_WAV
                                                                              : WRITE_CSV;
}

int write_kind_of(const char *word, const struct rec_samples *s, enum write_kind *kind,
                  struct err *e)
{
    size_t i = 0;
    while (i < ARRAY_LEN(words) && strcmp(words[i], word) != 0) {
        i++;
    }
    if (strcmp(word, "auto") == 0) {
        *kind = automatic(s);
    } else if (i == ARRAY_LEN(words)) {
        return err_set(e, E_USAGE, "'%s' is not a format: auto, csv, wav, flac, npy, png, ei",
                       word);
    } else {
        *kind = (enum write_kind)i;
    }
    bool png_fits = s->width > 0 && s->type == MOTE_U8 && (s->channels == 1 || s->channels == 3);
    if ((*kind == WRITE_PNG && !png_fits) || (s->width > 0 && *kind != WRITE_PNG)) {
        *kind = WRITE_NPY;
    }
    if (*kind == WRITE_FLAC && (s->channels > 8 || s->type == MOTE_F32 || s->type == MOTE_I32)) {
        *kind = WRITE_WAV;
    }
    if (s->interval_ns == 0 && (*kind == WRITE_WAV || *kind == WRITE_FLAC)) {
        *kind = WRITE_CSV;
    }
    return OK;
}

const char *write_extension(enum write_kind kind)
{
    return extensions[kind];
}

static double time_ms(const struct write_piece *p, size_t i)
{
    return ((double)(p->run.start_us - p->start_us) +
            (double)i * (double)p->samples->interval_ns / 1000.0) /
           1000.0;
}

// The n-th of names between commas into out; "chN" where there is none.
static void channel_name(const struct write_piece *p, unsigned n, char *out, size_t cap)
{
    const char *at = p->channel_names;
    for (unsigned i = 0; i < n && at && *at; i++) {
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    size_t len = at ? strcspn(at, ",") : 0;
    if (len) {
        snprintf(out, cap, "%.*s", (int)len, at);
    } else {
        snprintf(out, cap, "ch%u", n);
    }
}

static int write_csv(FILE *f, const struct write_piece *p)
{
    const struct rec_samples *s = p->samples;
    char name[64];
    fputs("timestamp", f);
    for (unsigned c = 0; c < s->channels; c++) {
        channel_name(p, c, name, sizeof name);
        fprintf(f, ",%s", name);
    }
    fputc('\n', f);
    for (size_t i = 0; i < p->run.frames; i++) {
        fprintf(f, "%.3f", time_ms(p, i));
        for (unsigned c = 0; c < s->channels; c++) {
            fprintf(f, ",%.9g", (double)rec_value(s, p->run.first_frame + i, c));
        }
        fputc('\n', f);
    }
    return OK;
}

static int write_ei(FILE *f, const struct write_piece *p)
{
    const struct rec_samples *s = p->samples;
    char name[64];
    fprintf(f,
            "{\"protected\":{\"ver\":\"v1\",\"alg\":\"none\"},\"signature\":\"%064d\",\"payload\":{"
            "\"device_name\":\"%s\","
            "\"device_type\":\"MOTELOOP\",\"interval_ms\":%.9g,\"sensors\":[",
            0, p->device, (double)s->interval_ns / 1e6);
    for (unsigned c = 0; c < s->channels; c++) {
        channel_name(p, c, name, sizeof name);
        for (char *q = name; *q; q++) {
            *q = *q == '"' || *q == '\\' || (unsigned char)*q < ' ' ? '_' : *q;
        }
        fprintf(f, "%s{\"name\":\"%s\",\"units\":\"%s\"}", c ? "," : "", name,
                s->units[0] ? s->units : "N/A");
    }
    fputs("],\"values\":[", f);
    for (size_t i = 0; i < p->run.frames; i++) {
        fputs(i ? ",[" : "[", f);
        for (unsigned c = 0; c < s->channels; c++) {
            float v = rec_value(s, p->run.first_frame + i, c);
            fprintf(f, "%s%.9g", c ? "," : "", isfinite(v) ? (double)v : 0.0); // JSON has no NaN
        }
        fputc(']', f);
    }
    fputs("]}}\n", f);
    return OK;
}

// NPY 1.0: magic, version, header length, a Python dictionary padded to 64 bytes, data. Raw values where the
// scale is 1, else float32 in the stream's units.
static int write_npy(FILE *f, const struct write_piece *p)
{
    static const char *const types[] = {"|u1", "|i1", "<i2", "<i4", "<f4"};
    const struct rec_samples *s = p->samples;
    bool raw = fabsf(s->scale - 1.0f) < 1e-12f;
    char shape[96], header[256];
    if (s->width > 0) {
        snprintf(shape, sizeof shape, "(%zu, %u, %u, %u)",
                 p->run.frames / ((size_t)s->width * s->height), s->height, s->width, s->channels);
    } else {
        snprintf(shape, sizeof shape, "(%zu, %u)", p->run.frames, s->channels);
    }
    int len =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                 raw ? types[s->type] : "<f4", shape);
    int total = (10 + len + 1 + 63) / 64 * 64;
    uint8_t head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    mote_put16(head + 8, (uint16_t)(total - 10));
    fwrite(head, 1, sizeof head, f);
    fprintf(f, "%s%*s\n", header, total - 11 - len, "");
    size_t values = p->run.frames * s->channels, first = p->run.first_frame * s->channels,
           size = mote_sample_size(s->type);
    if (raw) {
        fwrite(s->raw + first * size, size, values, f);
        return OK;
    }
    for (size_t i = 0; i < values; i++) {
        uint8_t bytes[4];
        mote_putf(bytes,
                  rec_value(s, (first + i) / s->channels, (unsigned)((first + i) % s->channels)));
        fwrite(bytes, 1, 4, f);
    }
    return OK;
}

static int write_sound(const char *path, bool flac, const struct write_piece *p, struct err *e)
{
    static const int formats[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_16,
                                  SF_FORMAT_PCM_32, SF_FORMAT_FLOAT};
    const struct rec_samples *s = p->samples;
    int sub = flac ? SF_FORMAT_PCM_16 : formats[s->type];
    SF_INFO info = {.samplerate = (int)lround(1e9 / (double)s->interval_ns),
                    .channels = (int)s->channels,
                    .format = (flac ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | sub};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f) {
        return err_set(e, E_IO, "cannot write '%s': %s", path, sf_strerror(NULL));
    }
    size_t size = mote_sample_size(s->type), values = p->run.frames * s->channels;
    const uint8_t *raw = s->raw + p->run.first_frame * s->channels * size;
    bool good = true;
    for (size_t i = 0; i < values && good; i++) {
        const uint8_t *q = raw + i * size;
        if (s->type == MOTE_F32) {
            float v = mote_getf(q);
            good = sf_write_float(f, &v, 1) == 1;
        } else if (s->type == MOTE_I32) {
            int v = (int)mote_get32(q);
            good = sf_write_int(f, &v, 1) == 1;
        } else {
            // libsndfile's short is full scale whatever the file's width is.
            short v = s->type == MOTE_I16  ? (short)mote_get16(q)
                      : s->type == MOTE_I8 ? (short)((int8_t)*q * 256)
                                           : (short)((*q - 128) * 256);
            good = sf_write_short(f, &v, 1) == 1;
        }
    }
    good = sf_close(f) == 0 && good;
    return good ? OK : err_set(e, E_IO, "cannot write '%s'", path);
}

static int write_png(const char *path, const struct write_piece *p, struct err *e)
{
    const struct rec_samples *s = p->samples;
    png_image image = {.version = PNG_IMAGE_VERSION, .width = s->width, .height = s->height,
                       .format = s->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    if (p->run.frames < (size_t)s->width * s->height) {
        return err_set(e, E_FORMAT, "a picture is not complete");
    }
    if (!png_image_write_to_file(&image, path, 0, s->raw + p->run.first_frame * s->channels, 0,
                                 NULL)) {
        return err_set(e, E_IO, "cannot write '%s': %s", path, image.message);
    }
    return OK;
}

int write_file(const char *path, enum write_kind kind, const struct write_piece *p, struct err *e)
{
    if (kind == WRITE_WAV || kind == WRITE_FLAC) {
        return write_sound(path, kind == WRITE_FLAC, p, e);
    }
    if (kind == WRITE_PNG) {
        return write_png(path, p, e);
    }
    FILE *f = fopen(path, "wb");
    if (!f) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    int rc = kind == WRITE_CSV  ? write_csv(f, p)
             : kind == WRITE_EI ? write_ei(f, p)
                                : write_npy(f, p);
    bool failed = ferror(f) != 0;
    failed = fclose(f) != 0 || failed;
    return rc ? rc : failed ? err_errno(e, E_IO, "cannot write '%s'", path) : OK;
}
