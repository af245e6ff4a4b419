// C arrays. See cvt_array.h.
#include "converter/cvt_array.h"

#include <ctype.h>

#include "common/err.h"
#include "converter/cvt_model.h"

bool cvt_is_identifier(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_') {
        return false;
    }
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return name[len] == '\0' && len <= 63;
}

static int write_bytes(const struct cvt_model *m, struct buf *out)
{
    int rc = OK;
    for (size_t i = 0; i < m->len && rc == OK; i++) {
        rc = buf_printf(out, "%s0x%02x,", i % 16 ? " " : i ? "\n    " : "    ", m->file[i]);
    }
    return rc;
}

int cvt_array_write(const struct cvt_model *m, const char *name, struct buf *out, struct err *e)
{
    char ops[512];
    size_t arena;
    struct mote_nn_diag diag = {0};
    if (!cvt_is_identifier(name)) {
        return err_set(e, E_USAGE, "'%.64s' is not a C identifier", name);
    }
    int status = mote_nn_arena_size(m->file, m->len, &mote_nn_ops_all, 0, &arena, &diag);
    if (status != MOTE_OK) {
        return cvt_refused(e, status, &diag);
    }
    int rc = cvt_model_ops(m, ops, sizeof ops, e);
    if (rc != OK) {
        return rc;
    }
    rc = buf_printf(
        out,
        "// A model for mote_nn_open, made by moteloop convert.\n"
        "// SHA-256 %s\n// arena: %zu bytes on a 64-bit host; ask mote_nn_arena_size on the "
        "target\n// operators: %s\n"
        "#include <stddef.h>\n\nextern const unsigned char %s[];\nextern const size_t %s_len;\n\n"
        "_Alignas(16) const unsigned char %s[%zu] = {\n",
        m->digest_text, arena, ops, name, name, name, m->len);
    rc = rc == OK ? write_bytes(m, out) : rc;
    rc = rc == OK ? buf_printf(out, "\n};\nconst size_t %s_len = %zu;\n", name, m->len) : rc;
    return rc == OK ? OK : err_set(e, rc, "out of memory");
}
