// PNG writing. See pngw.h.
#include "labeler/pngw.h"

#include "common/buf.h"
#include "common/err.h"

#include <png.h>

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

int pngw_write(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels, int level, struct buf *out, struct err *e)
{
    if (width == 0 || height == 0 || width > 16384 || height > 16384 || (channels != 1 && channels != 3)) {
        return err_set(e, E_LIMIT, "a picture of %u x %u with %u channels cannot be drawn", width, height, channels);
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return err_set(e, E_MEM, "cannot write the picture");
    }
    png_set_write_fn(png, out, on_bytes, on_flush);
    png_set_compression_level(png, level);
    png_set_IHDR(png, info, width, height, 8, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++) {
        png_write_row(png, pixels + (size_t)y * width * channels);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return OK;
}
