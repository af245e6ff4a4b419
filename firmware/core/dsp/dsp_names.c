// Names for people: kinds, variants, wavelets, parameters. Apart from the arithmetic, so that
// firmware without a recipe to read does not carry them.
#include "firmware/core/dsp/dsp_params.h"
#include "firmware/core/dsp/dsp_wavelet.h"

static const char *const kinds[MOTE_DSP_KINDS] = {"raw",         "spectral", "mfe",  "mfcc",
                                                  "spectrogram", "flatten",  "image"};
static const char *const variants[MOTE_DSP_VARIANTS] = {"f32-1", "q15-1"};
#define WAVELETS                                                                                   \
    "bior1.1 bior1.3 bior1.5 bior2.2 bior2.4 bior2.6 bior2.8 bior3.1 bior3.3 bior3.5 bior3.7 "     \
    "bior3.9 bior4.4 bior5.5 bior6.8 coif1 coif2 coif3 db2 db3 db4 db5 db6 db7 db8 db9 db10 haar " \
    "rbio1.1 rbio1.3 rbio1.5 rbio2.2 rbio2.4 rbio2.6 rbio2.8 rbio3.1 rbio3.3 rbio3.5 rbio3.7 "     \
    "rbio3.9 rbio4.4 rbio5.5 rbio6.8 sym2 sym3 sym4 sym5 sym6 sym7 sym8 sym9 sym10"
static const char *const wavelets[DSP_WAVELET_COUNT] = {
    "bior1.1", "bior1.3", "bior1.5", "bior2.2", "bior2.4", "bior2.6", "bior2.8", "bior3.1",
    "bior3.3", "bior3.5", "bior3.7", "bior3.9", "bior4.4", "bior5.5", "bior6.8", "coif1",
    "coif2",   "coif3",   "db2",     "db3",     "db4",     "db5",     "db6",     "db7",
    "db8",     "db9",     "db10",    "haar",    "rbio1.1", "rbio1.3", "rbio1.5", "rbio2.2",
    "rbio2.4", "rbio2.6", "rbio2.8", "rbio3.1", "rbio3.3", "rbio3.5", "rbio3.7", "rbio3.9",
    "rbio4.4", "rbio5.5", "rbio6.8", "sym2",    "sym3",    "sym4",    "sym5",    "sym6",
    "sym7",    "sym8",    "sym9",    "sym10",
};

struct words {
    const char *name, *choices, *help;
};
// In the order of dsp_params.
static const struct words words[DSP_PARAM_COUNT] = {
    {"variant", "f32-1 q15-1",
     "arithmetic: float, or integers for parts without floating-point hardware"},
    {"scale", NULL, "every value is multiplied by it first"},
    {"channel", NULL, "the channel that is listened to, from 0"},
    {"analysis", "fft wavelet", "what takes the signal apart"},
    {"filter", "none low high", "Butterworth filter in front"},
    {"cutoff", NULL, "of the filter, in Hz"},
    {"order", NULL, "of the filter: 2, 4, 6, 8; 0 only leaves out power bins"},
    {"decimate", NULL, "lower the rate first: by 3, 10, 30, 100 or 1000; 1: leave it"},
    {"log", NULL, "logarithm of the powers"},
    {"overlap", NULL, "frames overlap by half"},
    {"low_frequency", NULL, "all features once more at a tenth of the rate"},
    {"mean", NULL, "the mean of each channel as a feature"},
    {"wavelet", WAVELETS, "of the wavelet analysis"},
    {"level", NULL, "of the wavelet analysis, 1..7"},
    {"fft", NULL, "points of the FFT, a power of two"},
    {"frame", NULL, "length of a frame in seconds"},
    {"stride", NULL, "seconds from frame to frame"},
    {"noise_floor", NULL, "dB that become 0"},
    {"filters", NULL, "mel bands"},
    {"low_hz", NULL, "lowest edge of the mel bands"},
    {"high_hz", NULL, "highest edge of the mel bands; 0: half the sample rate"},
    {"pre_emphasis", NULL, "coefficient; 0: none"},
    {"coefficients", NULL, "cepstral coefficients to keep"},
    {"normalise", NULL, "frames of the sliding normalisation, odd; 0: none"},
    {"stats", NULL,
     "sum of: 1 average, 2 minimum, 4 maximum, 8 RMS, 16 deviation, 32 skewness, 64 kurtosis"},
    {"width", NULL, "of the picture that comes in"},
    {"height", NULL, "of the picture that comes in"},
    {"out_width", NULL, "of the picture that the network sees; 0: as it comes in"},
    {"out_height", NULL, "of the picture that the network sees; 0: as it comes in"},
    {"gray", NULL, "one plane instead of three"},
    {"fit", "squash crop letterbox", "how a picture comes to another shape"},
};

static int find(const char *const *names, unsigned count, const char *name, size_t len)
{
    for (unsigned i = 0; i < count; i++) {
        size_t k = 0;
        while (k < len && names[i][k] && names[i][k] == name[k]) {
            k++;
        }
        if (k == len && !names[i][k]) {
            return (int)i;
        }
    }
    return MOTE_E_NOT_FOUND;
}

const char *mote_dsp_kind_name(unsigned kind)
{
    return kind < MOTE_DSP_KINDS ? kinds[kind] : NULL;
}

int mote_dsp_kind_find(const char *name, size_t len)
{
    return find(kinds, MOTE_DSP_KINDS, name, len);
}

const char *mote_dsp_variant_name(unsigned variant)
{
    return variant < MOTE_DSP_VARIANTS ? variants[variant] : NULL;
}

int mote_dsp_variant_find(const char *name, size_t len)
{
    return find(variants, MOTE_DSP_VARIANTS, name, len);
}

const char *mote_dsp_wavelet_name(unsigned wavelet)
{
    return wavelet < DSP_WAVELET_COUNT ? wavelets[wavelet] : NULL;
}

int mote_dsp_wavelet_find(const char *name, size_t len)
{
    return find(wavelets, DSP_WAVELET_COUNT, name, len);
}

int mote_dsp_param(unsigned i, struct mote_dsp_param *out)
{
    static const uint8_t types[] = {[DSP_U8] = MOTE_DSP_PARAM_WHOLE,
                                    [DSP_U16] = MOTE_DSP_PARAM_WHOLE,
                                    [DSP_FLOAT] = MOTE_DSP_PARAM_NUMBER,
                                    [DSP_BOOL] = MOTE_DSP_PARAM_FLAG};
    memset(out, 0, sizeof(*out));
    if (i >= DSP_PARAM_COUNT) {
        return MOTE_E_NOT_FOUND;
    }
    out->name = words[i].name;
    out->choices = words[i].choices;
    out->help = words[i].help;
    out->type = words[i].choices ? (uint8_t)MOTE_DSP_PARAM_CHOICE : types[dsp_params[i].field];
    out->kinds = dsp_params[i].kinds;
    out->lo = dsp_params[i].lo;
    out->hi = dsp_params[i].hi;
    return MOTE_OK;
}
