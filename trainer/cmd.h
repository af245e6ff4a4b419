// The trainer's commands, a file each.
#ifndef TRAINER_CMD_H
#define TRAINER_CMD_H

#include "common/opt.h"

extern const struct opt_command cmd_train, cmd_eval, cmd_tune;

#endif
