// Child processes: start, wait with a limit, read what they print.
#ifndef OPS_PROC_H
#define OPS_PROC_H

#include <sys/types.h>

struct buf;
struct err;

#define PROC_ARGS_MAX 48

// Path of a program of this installation ("moteloop-trainer"), or of one on the PATH and in the sbin
// folders ("mosquitto"). E_NOT_FOUND names the package where it is known.
int proc_find(char *out, size_t cap, const char *program, struct err *e) MUST_CHECK;

// Starts it in a process group of its own. log_path: where both its outputs go (appended), NULL: as
// this process's. env: "NAME=VALUE" added to the environment, NULL for none. Dies with this process.
int proc_start(pid_t *pid, const char *const *argv, const char *log_path, const char *env,
               struct err *e) MUST_CHECK;
// Runs to its end. out: its standard output (may be NULL); its last error line goes into e where it
// fails. *exit_code: of the process. limit_ms: killed afterwards (E_STATE).
int proc_run(const char *const *argv, struct buf *out, int *exit_code, int64_t limit_ms,
             struct err *e) MUST_CHECK;
// As proc_run; an exit code other than 0 is E_STATE with the program's last error line.
int proc_run_ok(const char *const *argv, struct buf *out, int64_t limit_ms,
                struct err *e) MUST_CHECK;
// Whether it has ended; *status as waitpid gives it.
bool proc_ended(pid_t pid, int *status);
// SIGTERM, then SIGKILL after the grace. Accepts 0.
void proc_stop(pid_t pid, int64_t grace_ms);

#endif
