// The commands that ops/ owns. Each takes its options struct as ops/main.c's table declares it and
// returns the exit code; words go to the user from here and nowhere below.
#ifndef OPS_CMD_H
#define OPS_CMD_H

#include "common/opt.h"

extern const struct opt_command ops_init_command, ops_up_command, ops_demo_command,
    ops_device_command, ops_user_command, ops_status_command, ops_doctor_command,
    ops_retrain_command, ops_cron_command, ops_backup_command, ops_restore_command,
    ops_record_command, ops_erase_command;

struct err;
// "moteloop NAME: message" on stderr; returns the exit code of e->code.
int ops_fail(const char *name, const struct err *e);

#endif
