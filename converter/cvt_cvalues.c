// Numbers as C initializers. See cvt_csource.h.
#include "converter/cvt_csource.h"

#include <math.h>

#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/nn/mote_nn.h"

int cvt_csource_float(struct buf *out, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) { // with its payload, as the file has it
        return buf_printf(out, "%s__builtin_nanf(\"0x%x\")", bits >> 31 ? "-" : "",
                          bits & 0x3fffff);
    }
    if (isinf(x)) {
        return buf_printf(out, "%s__builtin_inff()", bits >> 31 ? "-" : "");
    }
    return buf_printf(out, "%af", (double)x);
}

static int put_value(struct buf *out, uint8_t type, const uint8_t *at)
{
    switch (type) {
    case MOTE_NN_F32:
        return cvt_csource_float(out, mote_getf(at));
    case MOTE_NN_I32:
        // The lowest number has no literal of its own.
        return (int32_t)mote_get32(at) == INT32_MIN
                   ? buf_puts(out, "INT32_MIN")
                   : buf_printf(out, "%d", (int)(int32_t)mote_get32(at));
    case MOTE_NN_I64:
        return (int64_t)mote_get64(at) == INT64_MIN
                   ? buf_puts(out, "INT64_MIN")
                   : buf_printf(out, "%lldLL", (long long)mote_get64(at));
    case MOTE_NN_I16:
        return buf_printf(out, "%d", (int)(int16_t)mote_get16(at));
    case MOTE_NN_I8:
        return buf_printf(out, "%d", (int)(int8_t)*at);
    default:
        return buf_printf(out, "%u", (unsigned)*at);
    }
}

static size_t bytes_of(uint8_t type)
{
    switch (type) {
    case MOTE_NN_I64:
        return 8;
    case MOTE_NN_F32:
    case MOTE_NN_I32:
        return 4;
    case MOTE_NN_I16:
        return 2;
    default:
        return 1;
    }
}

int cvt_csource_values(struct buf *out, uint8_t type, const void *data, size_t count)
{
    size_t size = bytes_of(type), line = 0;
    int rc = OK;
    for (size_t i = 0; i < count && rc == OK; i++) {
        size_t before = out->len;
        if (line == 0) {
            rc = buf_puts(out, "    ");
        }
        rc = rc == OK ? put_value(out, type, (const uint8_t *)data + i * size) : rc;
        rc = rc == OK ? buf_puts(out, i + 1 < count ? "," : "") : rc;
        line += out->len - before;
        if (line > 85 || i + 1 == count) {
            rc = rc == OK ? buf_puts(out, "\n") : rc;
            line = 0;
        }
    }
    return rc;
}
