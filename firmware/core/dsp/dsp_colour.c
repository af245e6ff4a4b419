// Colour conversion in 1/65536, rounded to the nearest.
#include "firmware/core/dsp/mote_colour.h"

#define HALF 32768

static bool in_pairs(enum mote_pixels format)
{
    return format == MOTE_PIXELS_YUYV || format == MOTE_PIXELS_UYVY;
}

size_t mote_pixels_size(enum mote_pixels format, size_t pixels)
{
    if (pixels > SIZE_MAX / 3 || (in_pairs(format) && pixels % 2)) {
        return 0;
    }
    switch (format) {
    case MOTE_PIXELS_RGB565_LE:
    case MOTE_PIXELS_RGB565_BE:
    case MOTE_PIXELS_YUYV:
    case MOTE_PIXELS_UYVY:
        return 2 * pixels;
    case MOTE_PIXELS_BGR:
        return 3 * pixels;
    default:
        return 0;
    }
}

static uint8_t clip(int32_t v)
{
    v = (v + HALF) >> 16;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void from_yuv(int32_t y, int32_t u, int32_t v, uint8_t *rgb)
{
    y *= 65536;
    u -= 128;
    v -= 128;
    rgb[0] = clip(y + 91881 * v);             // 1.402
    rgb[1] = clip(y - 22554 * u - 46802 * v); // 0.344136, 0.714136
    rgb[2] = clip(y + 116130 * u);            // 1.772
}

// Pixel i, for i of a pair likewise.
static void pixel(enum mote_pixels format, const uint8_t *in, size_t i, uint8_t *rgb)
{
    const uint8_t *p = in + 2 * i;
    const uint8_t *pair = in + 4 * (i / 2);
    unsigned v;
    switch (format) {
    case MOTE_PIXELS_YUYV:
        from_yuv(*p, pair[1], pair[3], rgb);
        return;
    case MOTE_PIXELS_UYVY:
        from_yuv(p[1], pair[0], pair[2], rgb);
        return;
    case MOTE_PIXELS_BGR:
        rgb[0] = in[3 * i + 2];
        rgb[1] = in[3 * i + 1];
        rgb[2] = in[3 * i];
        return;
    default:
        v = format == MOTE_PIXELS_RGB565_LE ? mote_get16(p) : (unsigned)p[0] << 8 | p[1];
        // Full scale stays full scale: the high bits fill the low ones.
        rgb[0] = (uint8_t)((v >> 11) << 3 | v >> 13);
        rgb[1] = (uint8_t)((v >> 5 & 63) << 2 | (v >> 9 & 3));
        rgb[2] = (uint8_t)((v & 31) << 3 | (v >> 2 & 7));
        return;
    }
}

int mote_pixels_to_rgb(enum mote_pixels format, const uint8_t *in, size_t pixels, uint8_t *rgb)
{
    if (mote_pixels_size(format, pixels) == 0) {
        return MOTE_E_ARG;
    }
    for (size_t i = 0; i < pixels; i++) {
        pixel(format, in, i, rgb + 3 * i);
    }
    return MOTE_OK;
}

int mote_pixels_to_gray(enum mote_pixels format, const uint8_t *in, size_t pixels, uint8_t *gray)
{
    if (mote_pixels_size(format, pixels) == 0) {
        return MOTE_E_ARG;
    }
    for (size_t i = 0; i < pixels; i++) {
        uint8_t rgb[3];
        if (in_pairs(format)) { // its Y is that sum already
            gray[i] = in[2 * i + (format == MOTE_PIXELS_UYVY)];
            continue;
        }
        pixel(format, in, i, rgb);
        gray[i] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + HALF) >> 16);
    }
    return MOTE_OK;
}
