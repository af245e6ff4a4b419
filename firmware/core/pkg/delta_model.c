// The model behind coded bytes.
//
// A difference d (-128..127): is it 0 (by the sizes of the two before it), its sign, the length in
// bits of its size less one in unary (likewise), the bits below the first: the highest of them
// under a probability, the others even. A literal: its bits from the highest, each under a
// probability of those before it.
#include "firmware/core/pkg/delta_model.h"

void delta_model_init(struct mote_delta_model *m)
{
    uint16_t *const all[] = {m->zero, &m->sign, &m->bucket[0][0], m->mantissa, m->literal};
    static const uint16_t count[] = {4, 1, 32, 8, 256};
    for (unsigned i = 0; i < MOTE_COUNT(all); i++) {
        for (unsigned k = 0; k < count[i]; k++) {
            all[i][k] = 32768;
        }
    }
    m->last = 0;
    m->before = 0;
}

uint8_t delta_code_literal(struct mote_delta_model *m, delta_bit_fn bit, void *coder, uint8_t value)
{
    unsigned node = 1;
    for (unsigned i = 0; i < 8; i++) {
        node = node << 1 | bit(coder, &m->literal[node], (unsigned)value >> (7 - i) & 1u);
    }
    return (uint8_t)node;
}

static unsigned context(const struct mote_delta_model *m)
{
    unsigned sum = (unsigned)m->last + m->before;
    return sum == 0 ? 0 : sum <= 2 ? 1 : sum <= 8 ? 2 : 3;
}

static unsigned bits_below_first(unsigned v)
{
    unsigned k = 0;
    while (v >> (k + 1) != 0) {
        k++;
    }
    return k;
}

uint8_t delta_code_residual(struct mote_delta_model *m, delta_bit_fn bit, void *coder,
                            uint8_t value)
{
    unsigned c = context(m), size = value < 128 ? value : 256u - value, negative = value >= 128;
    unsigned got = 0;
    if (bit(coder, &m->zero[c], size == 0) == 0) {
        unsigned want = size == 0 ? 0 : bits_below_first(size), k = 0;
        negative = bit(coder, &m->sign, negative);
        while (k < 7 && bit(coder, &m->bucket[c][k], k < want) != 0) {
            k++;
        }
        got = 1;
        for (unsigned i = k; i-- > 0;) {
            got = got << 1 | bit(coder, i + 1 == k ? &m->mantissa[k] : NULL, size >> i & 1u);
        }
    }
    m->before = m->last;
    m->last = (uint8_t)(got < 255 ? got : 255);
    return (uint8_t)(negative ? 256u - got : got);
}
