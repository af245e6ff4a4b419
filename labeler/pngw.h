// PNG pictures of 8-bit grey, RGB or palette pixels. The only user of libpng in the labeler.
#ifndef LABELER_PNGW_H
#define LABELER_PNGW_H

struct buf;
struct err;

// pixels: height rows of width * channels bytes, channels 1 or 3. Appends the file to out.
// level: zlib's, 1 fast to 9 small.
int pngw_write(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels, int level,
               struct buf *out, struct err *e) MUST_CHECK;
// One byte a pixel, a number of the palette of colours (1 to 256) of red, green and blue.
int pngw_write_palette(const uint8_t *pixels, uint32_t width, uint32_t height,
                       const uint8_t (*rgb)[3], int colours, struct buf *out,
                       struct err *e) MUST_CHECK;

#endif
