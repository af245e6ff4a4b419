// The commands of moteloop-converter. Each returns the exit code; words go to the user from the
// cmd_*.c files and from nowhere below.
#ifndef CONVERTER_CVT_CMD_H
#define CONVERTER_CVT_CMD_H

#include "common/opt.h"

extern const struct opt_command cvt_convert_command, cvt_inspect_command, cvt_infer_command,
    cvt_split_command, cvt_release_command, cvt_rollout_command, cvt_key_command;

struct err;
// "moteloop NAME: message" on stderr; returns the exit code of e->code.
int cvt_fail(const char *name, const struct err *e);

#endif
