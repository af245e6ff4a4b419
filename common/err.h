// Status codes of host code, and the error that carries a message up through the layers.
//
// A function that can fail for many reasons takes a struct err * (never NULL), returns a negative
// status and leaves one line in it; every layer adds one clause in front:
//     open store: cannot open 'x.db': permission denied
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

enum status {
    OK = 0,
    E_USAGE = -1,    // the caller's words are off
    E_NOT_FOUND = -2,
    E_EXISTS = -3,
    E_FORMAT = -4,   // bytes are not what they should be
    E_LIMIT = -5,    // a ceiling was reached
    E_IO = -6,       // the system said no
    E_BUSY = -7,     // somebody else holds it; try again
    E_AUTH = -8,     // not allowed, or a signature does not match
    E_STATE = -9,    // not possible now
    E_MEM = -10,
    E_CONFLICT = -11, // changed by somebody else meanwhile
    E_FULL = -12,     // no room on the disk
    E_REFUSED = -13   // a gate or a policy said no; or there was nothing to do
};

struct err {
    int code;
    char msg[480];
};

// Sets code and message. Returns code, so that callers can write: return err_set(e, E_IO, "...").
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
// As err_set, with ": " and the text of errno behind the message.
int err_errno(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
// Puts a clause and ": " in front of the message that is there. Returns e->code.
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
// The exit code that design.md gives to a status: 0 done, 1 failed, 2 usage, 3 refused.
int err_exit_code(int status);

#endif
