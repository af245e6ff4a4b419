// Pixels of cameras to the planes that streams carry: 8-bit RGB, interleaved. Integer arithmetic.
#ifndef MOTE_COLOUR_H
#define MOTE_COLOUR_H

#include "firmware/core/mote_base.h"

enum mote_pixels {
    MOTE_PIXELS_RGB565_LE, // 2 bytes a pixel: RRRRRGGG GGGBBBBB as a little-endian number
    MOTE_PIXELS_RGB565_BE, // the same, the high byte first (as most camera modules send it)
    MOTE_PIXELS_YUYV,      // 4 bytes for 2 pixels: Y U Y V (ITU-R BT.601, full range)
    MOTE_PIXELS_UYVY,      // 4 bytes for 2 pixels: U Y V Y
    MOTE_PIXELS_BGR        // 3 bytes a pixel
};
// Bytes of so many pixels; 0 where the format has no such number (an odd one of pairs).
size_t mote_pixels_size(enum mote_pixels format, size_t pixels);
// in: mote_pixels_size bytes; rgb: 3 * pixels bytes, elsewhere. MOTE_E_ARG for a size of 0.
int mote_pixels_to_rgb(enum mote_pixels format, const uint8_t *in, size_t pixels,
                       uint8_t *rgb) MOTE_CHECK;
// in: as above; gray: pixels bytes, elsewhere. 0.299 R + 0.587 G + 0.114 B, rounded.
int mote_pixels_to_gray(enum mote_pixels format, const uint8_t *in, size_t pixels,
                        uint8_t *gray) MOTE_CHECK;

#endif
