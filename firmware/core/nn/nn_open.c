// Opens a model: two passes over its operators (see nn_priv.h) with the planner between them.
#include "firmware/core/nn/nn_priv.h"
#include "firmware/core/mote_config.h"

static uint16_t last_op(const struct nn_ctx *c)
{
    uint32_t n = c->file.operators.count;
    return (uint16_t)(n > 0 ? n - 1 : 0);
}

static struct nn_block *find_block(struct nn_ctx *c, int32_t id)
{
    for (uint32_t i = 0; i < c->block_count; i++) {
        if (c->block[i].id == id) {
            return &c->block[i];
        }
    }
    return NULL;
}

// Blocks grow downwards, so that they can stand at the end of an arena whose head is still growing.
static int add_block(struct nn_ctx *c, int32_t id, uint32_t bytes, uint16_t first, uint16_t last)
{
    if (c->block_count == c->block_cap) {
        return c->arena_given ? nn_fail(c, MOTE_E_SPACE, NN_WHY("arena is too small"), NULL)
                              : nn_fail(c, MOTE_E_LIMIT,
                                        NN_WHY("too many activations (MOTE_NN_MAX_BLOCKS)"), NULL);
    }
    uint32_t size = (bytes + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
    c->activations += size;
    if (c->activations > INT32_MAX) {
        return nn_fail(c, MOTE_E_LIMIT, NN_WHY("parameters or activations are too large"), NULL);
    }
    c->block--;
    c->block_count++;
    *c->block = (struct nn_block){size, NN_UNPLACED, first, last, id};
    return MOTE_OK;
}

static int note_read(struct nn_ctx *c, const struct nn_tensor *t)
{
    if (t->fixed != NULL) {
        return MOTE_OK;
    }
    struct nn_block *b = find_block(c, t->index);
    if (b != NULL) {
        b->last = b->last > c->op_index ? b->last : (uint16_t)c->op_index;
        return MOTE_OK;
    }
    if (t->variable || t->bytes == 0) {
        return add_block(c, t->index, t->bytes, 0, last_op(c));
    }
    return nn_misshapen(c, NN_WHY("tensor is read before anything writes it"), t);
}

static int note_write(struct nn_ctx *c, const struct nn_tensor *t)
{
    if (t->fixed != NULL) {
        return nn_misshapen(c, NN_WHY("constant is written to"), t);
    }
    struct nn_block *b = find_block(c, t->index);
    if (b != NULL) {
        b->last = b->last > c->op_index ? b->last : (uint16_t)c->op_index;
        return MOTE_OK;
    }
    return add_block(c, t->index, t->bytes, (uint16_t)c->op_index, (uint16_t)c->op_index);
}

static int note_lifetimes(struct nn_ctx *c)
{
    struct nn_tensor t;
    for (uint32_t i = 0; i < c->in.count; i++) {
        int rc = nn_in_optional(c, i, &t);
        if (rc == MOTE_E_NOT_FOUND) {
            continue;
        }
        rc = rc == MOTE_OK ? note_read(c, &t) : rc;
        if (rc != MOTE_OK) {
            return rc;
        }
    }
    for (uint32_t i = 0; i < c->out.count; i++) {
        int rc = nn_out(c, i, &t);
        rc = rc == MOTE_OK ? note_write(c, &t) : rc;
        if (rc != MOTE_OK) {
            return rc;
        }
    }
    return MOTE_OK;
}

// The registration for operator `index`, by its code and the type of its first input.
static int find_registration(struct nn_ctx *c, uint32_t index)
{
    int32_t code;
    int32_t version;
    const char *custom;
    struct nn_tensor t = {.type = NN_ANY_TYPE};
    int rc = nn_file_opcode(&c->file, index, &code, &version, &custom);
    if (rc != MOTE_OK) {
        return nn_fail(c, rc, NN_WHY("operator code is damaged"), NULL);
    }
    rc = nn_in_optional(c, 0, &t);
    if (rc != MOTE_OK && rc != MOTE_E_NOT_FOUND) {
        return rc;
    }
    nn_why reason = NN_WHY("operator is not linked into this program");
    for (size_t i = 0; i < c->ops->count; i++) {
        const struct mote_nn_op *op = c->ops->op[i];
        if (op->code != code) {
            continue;
        }
        reason = version > op->max_version ? NN_WHY("version is not supported")
                                           : NN_WHY("type is not supported");
        c->op = op; // names the refusal
        if (version <= op->max_version && (op->type == t.type || op->type == NN_ANY_TYPE)) {
            return MOTE_OK;
        }
    }
    rc = nn_unsupported(c, reason);
    if (c->op == NULL) {
        c->diag->op_name = code == NN_CUSTOM      ? custom
                           : c->ops->name != NULL ? c->ops->name(code)
                                                  : NULL;
    }
    return rc;
}

static void do_nothing(const void *params)
{
    (void)params;
}

// An operator whose outputs have no elements has nothing to do, however many turns its loops would take.
static int skip_empty(struct nn_ctx *c)
{
    for (uint32_t i = 0; i < c->out.count; i++) {
        struct nn_tensor t;
        int rc = nn_out(c, i, &t);
        if (rc != MOTE_OK || t.count > 0) {
            return rc;
        }
    }
    c->eval = do_nothing;
    return MOTE_OK;
}

static int prepare_op(struct nn_ctx *c, uint32_t index)
{
    uint32_t op = nn_fb_elem(&c->file.fb, c->file.operators, index);
    c->op = NULL;
    c->op_index = (int32_t)index;
    c->options = nn_fb_table(&c->file.fb, op, 4);
    c->in = nn_fb_vec(&c->file.fb, op, 1, 4);
    c->out = nn_fb_vec(&c->file.fb, op, 2, 4);
    c->scratch = 0;
    c->steep = false;
    c->eval = NULL;
    c->params = NULL;
    int rc = find_registration(c, index);
    if (rc == MOTE_OK && c->data == NULL) {
        rc = note_lifetimes(c);
    }
    if (rc == MOTE_OK) {
        rc = c->op->prepare(c);
    }
    if (rc == MOTE_OK) {
        rc = skip_empty(c);
    }
    if (rc == MOTE_OK && c->file.fb.bad) {
        rc = nn_misshapen(c, NN_WHY("options point outside the file"), NULL);
    }
    if (rc == MOTE_OK && c->data == NULL && c->scratch > 0) {
        rc = add_block(c, -1 - c->op_index, c->scratch, (uint16_t)index, (uint16_t)index);
    }
    return rc;
}

static int note_graph_inputs(struct nn_ctx *c)
{
    for (uint32_t i = 0; i < c->file.inputs.count; i++) {
        struct nn_tensor t;
        nn_why reason;
        int rc = nn_file_tensor(&c->file, nn_fb_int(&c->file.fb, c->file.inputs, i), &t, &reason);
        if (rc != MOTE_OK || t.fixed != NULL) {
            return nn_fail(c, MOTE_E_FORMAT,
                           rc != MOTE_OK ? reason : NN_WHY("model's input is a constant"), &t);
        }
        if (find_block(c, t.index) == NULL) {
            rc = add_block(c, t.index, t.bytes, 0, t.variable ? last_op(c) : 0);
            if (rc != MOTE_OK) {
                return rc;
            }
        }
    }
    return MOTE_OK;
}

static int note_graph_outputs(struct nn_ctx *c)
{
    for (uint32_t i = 0; i < c->file.outputs.count; i++) {
        struct nn_tensor t;
        nn_why reason;
        int rc = nn_file_tensor(&c->file, nn_fb_int(&c->file.fb, c->file.outputs, i), &t, &reason);
        struct nn_block *b = rc == MOTE_OK ? find_block(c, t.index) : NULL;
        if (b != NULL) {
            b->last = last_op(c);
        } else if (rc != MOTE_OK || t.fixed == NULL) {
            return nn_fail(c, MOTE_E_FORMAT, NN_WHY("model's output is never written"), &t);
        }
    }
    for (uint32_t i = 0; (c->flags & MOTE_NN_KEEP_ALL) != 0 && i < c->block_count; i++) {
        if (c->block[i].id >= 0) {
            c->block[i].last = last_op(c);
        }
    }
    return MOTE_OK;
}

// First things in the arena; the same in both passes.
static struct nn_plan *lay_head(struct nn_ctx *c, struct nn_node **node, uint8_t ***data)
{
    struct nn_plan *plan = nn_keep_array(c, 1, sizeof *plan);
    *node = nn_keep_array(c, c->file.operators.count, sizeof **node);
    *data = nn_keep_array(c, c->file.tensors.count, sizeof **data);
    return plan;
}

// Pass one. Leaves blocks placed, *head and *need.
static int measure(struct nn_ctx *c, uint32_t *head, size_t *need)
{
    struct nn_node *node;
    uint8_t **data;
    (void)lay_head(c, &node, &data);
    int rc = note_graph_inputs(c);
    for (uint32_t i = 0; rc == MOTE_OK && i < c->file.operators.count; i++) {
        rc = prepare_op(c, i);
    }
    c->op = NULL;
    c->op_index = -1;
    if (rc == MOTE_OK) {
        rc = note_graph_outputs(c);
    }
    if (rc != MOTE_OK) {
        return rc;
    }
    if (c->kept > INT32_MAX / 2) {
        return nn_fail(c, MOTE_E_LIMIT, NN_WHY("parameters or activations are too large"), NULL);
    }
    uint32_t placed = nn_plan_blocks(c->block, c->block_count);
    uint32_t blocks = c->block_count * (uint32_t)sizeof *c->block;
    *head = ((uint32_t)c->kept + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
    *need = *head + (size_t)(placed > blocks ? placed : blocks);
    return MOTE_OK;
}

static int begin(struct nn_ctx *c, const void *file, size_t len, const struct mote_nn_ops *ops,
                 uint32_t flags, struct mote_nn_diag *diag)
{
    memset(c, 0, sizeof *c);
    c->ops = ops;
    c->flags = flags;
    c->diag = diag;
    c->op_index = -1;
    return nn_file_open(&c->file, file, len, diag);
}

// Offsets of what the planner has placed: the first input, and the end of what lives from invoke to invoke.
static int find_space(struct nn_ctx *c, uint32_t head, struct mote_nn_space *out)
{
    const struct nn_block *input = NULL;
    out->idle = head;
    if (c->file.inputs.count > 0) {
        input = find_block(c, nn_fb_int(&c->file.fb, c->file.inputs, 0));
    }
    out->input = head + (input != NULL ? input->offset : 0);
    for (uint32_t i = 0; i < c->block_count; i++) {
        const struct nn_block *b = &c->block[i];
        struct nn_tensor t = {.variable = false};
        nn_why reason;
        int rc = b->id >= 0 ? nn_file_tensor(&c->file, b->id, &t, &reason) : MOTE_OK;
        if (rc != MOTE_OK) {
            return nn_fail(c, rc, reason, NULL);
        }
        size_t end = (size_t)head + b->offset + b->size;
        out->idle = t.variable && end > out->idle ? end : out->idle;
    }
    return MOTE_OK;
}

int mote_nn_space(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                  struct mote_nn_space *out, struct mote_nn_diag *diag)
{
    struct nn_block block[MOTE_NN_MAX_BLOCKS];
    return mote_nn_space_in(file, len, ops, flags, block, sizeof block, out, diag);
}

int mote_nn_space_in(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                     void *work, size_t work_len, struct mote_nn_space *out,
                     struct mote_nn_diag *diag)
{
    struct nn_ctx c;
    struct mote_nn_diag unread;
    uint32_t blocks = work_len / sizeof *c.block < MOTE_NN_MAX_BLOCKS
                          ? (uint32_t)(work_len / sizeof *c.block)
                          : MOTE_NN_MAX_BLOCKS;
    uint32_t head;
    memset(out, 0, sizeof *out);
    int rc = begin(&c, file, len, ops, flags, diag != NULL ? diag : &unread);
    if (rc != MOTE_OK) {
        return rc;
    }
    c.block = (struct nn_block *)work + blocks;
    c.block_cap = blocks;
    rc = measure(&c, &head, &out->arena);
    return rc == MOTE_OK ? find_space(&c, head, out) : rc;
}

int mote_nn_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                       size_t *arena_bytes, struct mote_nn_diag *diag)
{
    struct mote_nn_space space;
    int rc = mote_nn_space(file, len, ops, flags, &space, diag);
    if (rc == MOTE_OK) {
        *arena_bytes = space.arena;
    }
    return rc;
}

// Pass two: everything has its address now.
static int build(struct nn_ctx *c, uint8_t *arena, uint32_t head)
{
    struct nn_node *node;
    uint8_t **data;
    c->arena = arena;
    c->kept = 0;
    struct nn_plan *plan = lay_head(c, &node, &data);
    plan->node = node;
    plan->data = data;
    plan->head = head;
    for (uint32_t i = 0; i < c->block_count; i++) {
        if (c->block[i].id >= 0) {
            data[c->block[i].id] = arena + head + c->block[i].offset;
        }
    }
    c->data = data;
    for (uint32_t i = 0; i < c->file.operators.count; i++) {
        int rc = prepare_op(c, i);
        if (rc != MOTE_OK) {
            return rc;
        }
        node[i] = (struct nn_node){c->op, c->eval, c->params};
    }
    plan->file = c->file;
    return MOTE_OK;
}

int mote_nn_open(struct mote_nn *nn, const void *file, size_t len, const struct mote_nn_ops *ops,
                 uint32_t flags, void *arena, size_t arena_len, struct mote_nn_diag *diag)
{
    struct nn_ctx c;
    struct mote_nn_diag unread;
    uint32_t head;
    size_t need;
    int rc = begin(&c, file, len, ops, flags, diag != NULL ? diag : &unread);
    if (rc == MOTE_OK && (arena == NULL || (uintptr_t)arena % NN_ALIGN != 0)) {
        rc = nn_fail(&c, MOTE_E_ARG, NN_WHY("arena is not aligned to 16 bytes"), NULL);
    }
    if (rc != MOTE_OK) {
        return rc;
    }
    c.arena_given = true;
    c.block_cap = (uint32_t)((arena_len < INT32_MAX ? arena_len : INT32_MAX) / sizeof *c.block);
    c.block = (struct nn_block *)arena + c.block_cap;
    rc = measure(&c, &head, &need);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (need > arena_len) {
        return nn_fail(&c, MOTE_E_SPACE, NN_WHY("arena is too small"), NULL);
    }
    rc = build(&c, arena, head);
    if (rc != MOTE_OK) {
        return rc;
    }
    *nn = (struct mote_nn){file, len, ops, arena, arena_len, arena, flags};
    return mote_nn_reset(nn);
}
