// The mel filter bank that MFE and MFCC share: triangles between FFT bins.
#ifndef DSP_MEL_H
#define DSP_MEL_H

#include "firmware/core/dsp/dsp_block.h"

// Fills filters + 2 bins: filter i rises from edge[i] to edge[i + 1] and falls to edge[i + 2].
void dsp_mel_edges(const struct mote_dsp_config *c, float rate, uint16_t *edge);
// Whether every filter has a bin of its own to look at.
bool dsp_mel_is_whole(const struct mote_dsp_config *c, float rate);
// Energies of all filters.
void dsp_mel_energies(const uint16_t *edge, unsigned filters, const float *power, float *energy);
// The same in integers.
void dsp_mel_energies_q15(const uint16_t *edge, unsigned filters, const uint32_t *power,
                          uint64_t *energy);

#endif
