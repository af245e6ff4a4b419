// Runs a model on a connected device instead of here: its input tensors go out through the
// collector, the device's answer comes back as the reply to a command. docs/formats/wire.md
// (split/in).
#ifndef CONVERTER_CVT_REMOTE_H
#define CONVERTER_CVT_REMOTE_H

struct cvt_model;
struct err;

struct cvt_remote {
    const char *project; // as --project gives it
    const char *device;
    const void *in; // bytes of the input tensors, one after the other
    size_t in_len;
    const uint32_t *check; // CRC-32 of each operator's first output, as this host has it
    size_t checks;
    int64_t timeout_ms;
};

struct cvt_remote_result {
    uint64_t us;           // of the operators, without what is checked between them
    uint64_t arena, stack; // bytes; stack 0: the device cannot tell
    int64_t differs;       // first operator whose bytes are not the host's, -1: none
};

// E_STATE with the device's words where it refuses; E_BUSY where it does not answer in time;
// E_NOT_FOUND for an unknown device.
int cvt_remote_run(const struct cvt_model *m, const struct cvt_remote *r,
                   struct cvt_remote_result *out, struct err *e) MUST_CHECK;

#endif
