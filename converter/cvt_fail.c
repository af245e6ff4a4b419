// The one way errors of a command reach the user.
#include "common/err.h"
#include "converter/cvt_cmd.h"

int cvt_fail(const char *name, const struct err *e)
{
    fprintf(stderr, "moteloop %s: %s\n", name, e->msg);
    return err_exit_code(e->code);
}
