// PNG writing. See pngw.h.
#include "labeler/pngw.h"

#include "common/buf.h"
#include "common/err.h"

#include <png.h>
#include <zlib.h>

static void on_bytes(png_structp png, png_bytep data, png_size_t len)
{
    if (buf_put(png_get_io_ptr(png), data, len)) {
        png_error(png, "out of memory");
    }
}

static void on_flush(png_structp png)
{
    (void)png;
}

struct picture {
    const uint8_t *pixels;
    uint32_t width, height;
    unsigned channels;
    int level, strategy; // of zlib
    png_color palette[256];
    int colours;         // 0: grey or RGB
};

static int write_picture(const struct picture *p, struct buf *out, struct err *e)
{
    if (p->width == 0 || p->height == 0 || p->width > 16384 || p->height > 16384 ||
        (p->channels != 1 && p->channels != 3)) {
        return err_set(e, E_LIMIT, "a picture of %u x %u with %u channels cannot be drawn",
                       p->width, p->height, p->channels);
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return err_set(e, E_MEM, "cannot write the picture");
    }
    png_set_write_fn(png, out, on_bytes, on_flush);
    png_set_compression_level(png, p->level);
    if (p->colours) {
        png_set_filter(png, 0, PNG_FILTER_NONE);
        png_set_compression_strategy(png, p->strategy);
    }
    png_set_IHDR(png, info, p->width, p->height, 8,
                 p->colours         ? PNG_COLOR_TYPE_PALETTE
                 : p->channels == 1 ? PNG_COLOR_TYPE_GRAY
                                    : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (p->colours) {
        png_set_PLTE(png, info, p->palette, p->colours);
    }
    png_write_info(png, info);
    for (uint32_t y = 0; y < p->height; y++) {
        png_write_row(png, p->pixels + (size_t)y * p->width * p->channels);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return OK;
}

int pngw_write(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels, int level,
               struct buf *out, struct err *e)
{
    struct picture p = {
        .pixels = pixels, .width = width, .height = height, .channels = channels, .level = level};
    return write_picture(&p, out, e);
}

// Noise in 256 colours repeats little: run lengths and Huffman codes alone take a third of the time of level 1 and make
// the file hardly larger.
int pngw_write_palette(const uint8_t *pixels, uint32_t width, uint32_t height,
                       const uint8_t (*rgb)[3], int colours, struct buf *out, struct err *e)
{
    struct picture p = {.pixels = pixels,
                        .width = width,
                        .height = height,
                        .channels = 1,
                        .level = 1,
                        .strategy = Z_RLE,
                        .colours = colours};
    for (int i = 0; i < colours; i++) {
        p.palette[i] = (png_color){rgb[i][0], rgb[i][1], rgb[i][2]};
    }
    return write_picture(&p, out, e);
}
