// Where each parameter of a block lies in struct mote_dsp_config, its key in CBOR and its bounds.
// The names are in dsp_names.c, in the same order: firmware that only decodes does not carry them.
#ifndef DSP_PARAMS_H
#define DSP_PARAMS_H

#include "firmware/core/dsp/mote_dsp.h"

enum dsp_field { DSP_U8, DSP_U16, DSP_FLOAT, DSP_BOOL };

#define DSP_KIND_KEY 1
struct dsp_param {
    uint8_t key;   // in CBOR, ascending
    uint8_t field; // enum dsp_field
    uint8_t kinds; // bit 1 << kind
    uint8_t offset;
    float lo, hi;
};
#define DSP_PARAM_COUNT 31
extern const struct dsp_param dsp_params[DSP_PARAM_COUNT];

#endif
