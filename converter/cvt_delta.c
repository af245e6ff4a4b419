// Deltas between models. See cvt_delta.h.
#include "converter/cvt_delta.h"

#include "common/err.h"
#include "common/tflite/delta.h"
#include "converter/cvt_model.h"

int cvt_delta_build(const struct cvt_model *base, const struct cvt_model *m, struct buf *out,
                    struct err *e)
{
    struct tflite_bytes from = {base->file, base->len}, to = {m->file, m->len};
    int rc = tflite_delta_build(&from, &to, out, e);
    return rc ? err_wrap(e, "'%s'", m->path) : OK;
}
