// Any bytes as a .tflite file for the host's reader: what it accepts, the writer writes again or
// refuses by name, and what was written reads the same.
#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tflite_model m, again;
    struct err e = {0};
    struct buf out = {0};
    if (tflite_read(&m, data, size, &e) != OK) {
        return 0;
    }
    if (m.graph.tensors <= 4096 && m.graph.ops <= 4096 && tflite_write(&m.graph, &out, &e) == OK) {
        if (tflite_read(&again, out.data, out.len, &e) != OK ||
            again.graph.tensors != m.graph.tensors || again.graph.ops != m.graph.ops) {
            abort();
        }
        tflite_model_release(&again);
    }
    buf_release(&out);
    tflite_model_release(&m);
    return 0;
}
