// Signal blocks: a window of samples to features. Definitions and defaults are those of the field
// (Edge Impulse's blocks, version 4), so that a recipe can be carried over;
// docs/formats/pipeline.md gives every formula.
//
// Two variants of the arithmetic, named because a model is trained and judged with the one that its
// target uses: "f32-1" is float32 with our own elementary functions, "q15-1" computes the spectra
// in integers for parts without floating-point hardware. Within a variant host and target agree bit
// for bit.
//
// A window is interleaved frames (channels values each), interval_ns apart. Nothing here allocates,
// keeps state between calls (but struct mote_dsp_stream) or needs a C library.
#ifndef MOTE_DSP_H
#define MOTE_DSP_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"

enum mote_dsp_kind {
    MOTE_DSP_RAW,         // the window itself, scaled, channels last
    MOTE_DSP_SPECTRAL,    // per channel: RMS, skewness, kurtosis, power bins; or wavelet statistics
    MOTE_DSP_MFE,         // log mel energies, 0..1
    MOTE_DSP_MFCC,        // mel cepstrum
    MOTE_DSP_SPECTROGRAM, // log power of every FFT bin
    MOTE_DSP_FLATTEN,     // per channel: statistics of the window
    MOTE_DSP_IMAGE,       // picture: colour conversion, resize
    MOTE_DSP_KINDS
};
enum mote_dsp_variant { MOTE_DSP_F32, MOTE_DSP_Q15, MOTE_DSP_VARIANTS };
enum mote_dsp_filter { MOTE_DSP_NO_FILTER, MOTE_DSP_LOW_PASS, MOTE_DSP_HIGH_PASS };
enum mote_dsp_analysis { MOTE_DSP_BY_FFT, MOTE_DSP_BY_WAVELET };
enum mote_dsp_stat { // bits of config.stats, in the order of the features
    MOTE_DSP_AVERAGE = 1,
    MOTE_DSP_MIN = 2,
    MOTE_DSP_MAX = 4,
    MOTE_DSP_RMS = 8,
    MOTE_DSP_STD = 16,
    MOTE_DSP_SKEWNESS = 32,
    MOTE_DSP_KURTOSIS = 64,
    MOTE_DSP_ALL_STATS = 127
};
enum mote_dsp_fit {    // how a picture comes to another shape
    MOTE_DSP_SQUASH,   // both sides scaled alone
    MOTE_DSP_CROP,     // scaled to cover, centre kept
    MOTE_DSP_LETTERBOX // scaled to fit inside, black around
};

// Every parameter of every block; those of other kinds are ignored. mote_dsp_defaults fills it, and
// the table behind mote_dsp_param says names, bounds and which kinds use a parameter.
struct mote_dsp_config {
    uint8_t kind;    // enum mote_dsp_kind
    uint8_t variant; // enum mote_dsp_variant
    uint8_t channel; // the one that MFE, MFCC and SPECTROGRAM listen to
    float scale;     // every value is multiplied by it first

    // SPECTRAL
    uint8_t analysis;   // enum mote_dsp_analysis
    uint8_t filter;     // enum mote_dsp_filter
    float cutoff;       // of the filter, Hz
    uint8_t order;      // of the filter: 2, 4, 6, 8; 0 only leaves out power bins
    uint16_t decimate;  // 1, 3, 10, 30, 100, 1000
    bool take_log;      // log10 of the power bins
    bool overlap;       // frames overlap by half
    bool low_frequency; // all features once more of the signal decimated by 10
    bool mean;          // the channel's mean in front (our addition: gravity tells postures apart)
    uint8_t wavelet;    // index for mote_dsp_wavelet_name
    uint8_t level;      // of the wavelet transform, 1..7

    // SPECTRAL, MFE, MFCC, SPECTROGRAM
    uint16_t fft; // points, a power of two, 16..4096

    // MFE, MFCC, SPECTROGRAM
    float frame, stride;   // seconds
    float noise_floor;     // dB, of MFE and SPECTROGRAM
    uint16_t filters;      // mel bands, of MFE and MFCC
    float low_hz, high_hz; // of MFE and MFCC; high 0 means half the sample rate
    float pre_emphasis;    // coefficient, of MFE and MFCC; 0: none
    uint8_t coefficients;  // of MFCC
    uint16_t normalise;    // frames of MFCC's sliding normalisation, odd; 0: none

    uint8_t stats; // of FLATTEN: bits of enum mote_dsp_stat

    // IMAGE. A frame is a pixel, its channels the colour planes (1, 3 or 4: the fourth is left
    // out). scale is 1/255 by default: for streams whose physical values are 0..255.
    uint16_t width, height;         // of the picture that comes in; window is width * height
    uint16_t out_width, out_height; // of the features; 0: as it comes in
    bool gray;   // one plane, 0.299 R + 0.587 G + 0.114 B; else as many as come in
    uint8_t fit; // enum mote_dsp_fit
};

struct mote_dsp_shape { // of the features, row-major: rows x cols x planes
    uint32_t rows, cols, planes;
};

void mote_dsp_defaults(struct mote_dsp_config *c, unsigned kind);
// Sets fft and, of MFE and MFCC, filters to what suits the frame at that rate, as the field's
// helper does: the next power of two, 40 + log2(fft / 256). Other kinds: MOTE_E_UNSUPPORTED.
int mote_dsp_suggest(struct mote_dsp_config *c, uint64_t interval_ns) MOTE_CHECK;
// "raw", "spectral", ...; NULL for an unknown kind. The kind of a name, or MOTE_E_NOT_FOUND.
const char *mote_dsp_kind_name(unsigned kind);
int mote_dsp_kind_find(const char *name, size_t len) MOTE_CHECK;
// "f32-1", "q15-1"; as above.
const char *mote_dsp_variant_name(unsigned variant);
int mote_dsp_variant_find(const char *name, size_t len) MOTE_CHECK;
// "db4", "haar", ...; as above.
const char *mote_dsp_wavelet_name(unsigned wavelet);
int mote_dsp_wavelet_find(const char *name, size_t len) MOTE_CHECK;

// MOTE_OK where the block can run on such windows; MOTE_E_UNSUPPORTED otherwise.
int mote_dsp_check(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                   uint64_t interval_ns) MOTE_CHECK;
// As above, with the reason ("frame is shorter than 4 samples"), a constant; NULL where it can run.
const char *mote_dsp_why_not(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                             uint64_t interval_ns);
// How many features a window gives (at least 1), or a negative status.
int mote_dsp_features(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                      uint64_t interval_ns) MOTE_CHECK;
int mote_dsp_shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                   uint64_t interval_ns, struct mote_dsp_shape *out) MOTE_CHECK;
// Bytes of scratch that running takes; scratch must be 8-byte aligned.
int mote_dsp_scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                     uint64_t interval_ns, size_t *bytes) MOTE_CHECK;

// Features of a window of physical values. frames and features may not overlap.
int mote_dsp_run(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                 uint64_t interval_ns, const float *frames, float *features, void *scratch,
                 size_t scratch_len) MOTE_CHECK;
// The same from a sensor's own values (enum mote_sample_type, little-endian, any alignment),
// physical = raw * scale: needs no float copy of the window.
int mote_dsp_run_raw(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                     uint64_t interval_ns, const void *raw, unsigned type, float scale,
                     float *features, void *scratch, size_t scratch_len) MOTE_CHECK;

// Windows that overlap: MFE, MFCC and SPECTROGRAM compute only the frames that are new, the other
// kinds the whole window. The features are those of mote_dsp_run_raw, bit for bit.
struct mote_dsp_stream { // private
    const struct mote_dsp_config *config;
    unsigned channels;
    uint32_t window;
    uint64_t interval_ns;
    void *memory;
    size_t memory_len;
    float *rows; // of the window before; NULL for kinds without frames
    bool warm;
};
// Bytes of memory that a stream takes, in place of scratch: scratch, and for sound one window of
// features.
int mote_dsp_stream_size(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                         uint64_t interval_ns, size_t *bytes) MOTE_CHECK;
// config and memory (8-byte aligned) are borrowed for the stream's life.
int mote_dsp_stream_open(struct mote_dsp_stream *s, const struct mote_dsp_config *c,
                         unsigned channels, uint32_t window, uint64_t interval_ns, void *memory,
                         size_t memory_len) MOTE_CHECK;
// raw: the whole window, as for mote_dsp_run_raw with the same type and scale every time. advance:
// how many frames of the stream lie between the starts of the window before and this one; 0 where
// nothing is known of that one (the first window, a gap). Work is saved where it is a multiple of
// the block's stride.
int mote_dsp_stream_run(struct mote_dsp_stream *s, const void *raw, unsigned type, float scale,
                        uint32_t advance, float *features) MOTE_CHECK;

// The block as a CBOR map with small integer keys (docs/formats/pipeline.md); only what the kind
// uses.
int mote_dsp_encode(uint8_t *out, size_t cap, const struct mote_dsp_config *c) MOTE_CHECK;
// Starts from the kind's defaults; every value is checked against its bounds, unknown keys are
// refused (a block that this build does not know in full would compute something else).
int mote_dsp_decode(struct mote_dsp_config *c, const uint8_t *p, size_t len) MOTE_CHECK;

// The parameters by name, for recipes and pages: i from 0 until mote_dsp_param says
// MOTE_E_NOT_FOUND.
enum mote_dsp_param_type {
    MOTE_DSP_PARAM_NUMBER,
    MOTE_DSP_PARAM_WHOLE,
    MOTE_DSP_PARAM_FLAG,
    MOTE_DSP_PARAM_CHOICE
};
struct mote_dsp_param {
    const char *name;    // such as "noise_floor"
    const char *choices; // of a CHOICE: names with a blank between, counted from 0
    const char *help;
    uint8_t type;   // enum mote_dsp_param_type
    uint32_t kinds; // bit 1 << kind is set where the kind uses it
    float lo, hi;   // bounds, inclusive
};
int mote_dsp_param(unsigned i, struct mote_dsp_param *out) MOTE_CHECK;
// The value of parameter i (flags 0 or 1, choices by index); 0 where there is no such parameter.
float mote_dsp_get(const struct mote_dsp_config *c, unsigned i);
// MOTE_E_LIMIT outside its bounds, MOTE_E_ARG where it is no whole number but should be.
int mote_dsp_set(struct mote_dsp_config *c, unsigned i, float value) MOTE_CHECK;

#endif
