// Sounds (libsndfile) and pictures (libpng, libjpeg) of datasets. See dataset.h.
#include "common/dataset_priv.h"
#include "firmware/core/mote_port.h"

#include <jpeglib.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <sndfile.h>

#define PICTURE_MAX ((size_t)64 << 20) // bytes of a decoded picture

int ds_read_sound(struct ds_file *f, struct err *e)
{
    SF_INFO info = {0};
    SNDFILE *s = sf_open(f->path, SFM_READ, &info);
    if (!s) {
        return err_set(e, E_FORMAT, "cannot read '%s': %s", f->name, sf_strerror(NULL));
    }
    const struct ds_map *m = f->w->map;
    // Whole numbers stay as they are where 16 bits hold them; everything else becomes float.
    int sub = info.format & SF_FORMAT_SUBMASK;
    bool small = sub == SF_FORMAT_PCM_16 || sub == SF_FORMAT_PCM_S8 || sub == SF_FORMAT_PCM_U8;
    size_t width = small ? sizeof(int16_t) : sizeof(float);
    void *raw = NULL;
    int rc = OK;
    if (info.frames <= 0 || info.channels < 1 || info.channels > DS_MAX_CHANNELS ||
        (size_t)info.frames > DS_MAX_FRAMES || info.samplerate < 1) {
        rc =
            err_set(e, E_LIMIT, "'%s' has %lld frames of %d channels, which is nothing or too much",
                    f->name, (long long)info.frames, info.channels);
    } else if (!(raw = malloc((size_t)info.frames * (size_t)info.channels * width))) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    sf_count_t got = 0;
    if (rc == OK) {
        got = small ? sf_readf_short(s, raw, info.frames) : sf_readf_float(s, raw, info.frames);
        rc = got > 0 ? OK : err_set(e, E_FORMAT, "'%s' holds no samples", f->name);
    }
    if (rc == OK) {
        struct ds_item item = {.name = f->name,
                               .stream = *m->stream ? m->stream : "mic",
                               .units = m->units,
                               .channel_names = "",
                               .type = small ? MOTE_I16 : MOTE_F32,
                               .channels = (unsigned)info.channels,
                               .scale = m->scale != 0 ? (float)m->scale
                                        : small       ? 1.0f / 32768.0f
                                                      : 1.0f,
                               .interval_ns = (uint64_t)llround(1e9 / info.samplerate),
                               .raw = raw,
                               .frames = (size_t)got};
        rc = ds_give(f, &item, NULL, 0, e);
    }
    free(raw);
    sf_close(s);
    return rc;
}

static int give_picture(struct ds_file *f, const uint8_t *pixels, size_t width, size_t height,
                        unsigned planes, struct err *e)
{
    const struct ds_map *m = f->w->map;
    struct ds_item item = {.name = f->name,
                           .stream = *m->stream ? m->stream : "picture",
                           .units = m->units,
                           .channel_names = planes == 3 ? "r,g,b" : "y",
                           .type = MOTE_U8,
                           .channels = planes,
                           .scale = m->scale != 0 ? (float)m->scale : 1.0f / 255.0f,
                           .width = (uint32_t)width,
                           .height = (uint32_t)height,
                           .raw = pixels,
                           .frames = width * height};
    return ds_give(f, &item, NULL, 0, e);
}

int ds_read_png(struct ds_file *f, struct err *e)
{
    png_image img = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&img, f->path)) {
        return err_set(e, E_FORMAT, "cannot read '%s': %s", f->name, img.message);
    }
    bool colour = (img.format & PNG_FORMAT_FLAG_COLOR) != 0;
    img.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    size_t bytes = (size_t)img.width * img.height * (colour ? 3 : 1);
    uint8_t *pixels = bytes && bytes <= PICTURE_MAX ? malloc(bytes) : NULL;
    // Transparent pixels lie on black, as a camera would see nothing.
    const png_color black = {0, 0, 0};
    int rc = OK;
    if (!pixels) {
        rc = err_set(e, E_LIMIT, "'%s' is %u x %u pixels, which is nothing or too much", f->name,
                     img.width, img.height);
    } else if (!png_image_finish_read(&img, &black, pixels, 0, NULL)) {
        rc = err_set(e, E_FORMAT, "cannot read '%s': %s", f->name, img.message);
    } else {
        rc = give_picture(f, pixels, img.width, img.height, colour ? 3 : 1, e);
    }
    free(pixels);
    png_image_free(&img);
    return rc;
}

struct jpeg_trap {
    struct jpeg_error_mgr manager; // first, so that the library's pointer is ours
    jmp_buf jump;
    char text[JMSG_LENGTH_MAX];
};
static void jpeg_failed(j_common_ptr c)
{
    struct jpeg_trap *t = (struct jpeg_trap *)(void *)c->err;
    c->err->format_message(c, t->text);
    longjmp(t->jump, 1);
}
static void jpeg_quiet(j_common_ptr c)
{
    (void)c; // warnings of a file that still decodes
}

int ds_read_jpeg(struct ds_file *f, struct err *e)
{
    struct jpeg_decompress_struct d;
    struct jpeg_trap trap;
    uint8_t *volatile pixels = NULL;
    FILE *in = fopen(f->path, "rbe");
    if (!in) {
        return err_errno(e, E_IO, "cannot open '%s'", f->name);
    }
    d.err = jpeg_std_error(&trap.manager);
    trap.manager.error_exit = jpeg_failed;
    trap.manager.output_message = jpeg_quiet;
    jpeg_create_decompress(&d);
    volatile int rc = OK;
    if (setjmp(trap.jump)) {
        rc = err_set(e, E_FORMAT, "cannot read '%s': %s", f->name, trap.text);
    } else {
        jpeg_stdio_src(&d, in);
        (void)jpeg_read_header(&d, TRUE);
        d.out_color_space = d.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
        (void)jpeg_start_decompress(&d);
        size_t line = (size_t)d.output_width * (size_t)d.output_components;
        size_t bytes = line * d.output_height;
        pixels = bytes && bytes <= PICTURE_MAX ? malloc(bytes) : NULL;
        if (!pixels) {
            rc = err_set(e, E_LIMIT, "'%s' is %u x %u pixels, which is nothing or too much",
                         f->name, d.output_width, d.output_height);
        }
        while (rc == OK && d.output_scanline < d.output_height) {
            JSAMPROW row = pixels + line * d.output_scanline;
            (void)jpeg_read_scanlines(&d, &row, 1);
        }
    }
    if (rc == OK) {
        rc = give_picture(f, pixels, d.output_width, d.output_height, (unsigned)d.output_components,
                          e);
    }
    jpeg_destroy_decompress(&d);
    free(pixels);
    fclose(in);
    return rc;
}
