// Compiled models of one operator each: the bytes of the interpreter, for every operator; what is
// refused.
#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/tflite/writer.h"
#include "converter/cvt_csource.h"
#include "converter/cvt_model.h"
#include "converter/cvt_run.h"
#include "tests/support/nn_random.h"

// One operator: data inputs of one type and shape, then constants of int32; outputs of one shape.
struct one {
    enum tflite_builtin code;
    enum tflite_type in_type, out_type;
    uint8_t ins, in_rank;
    int32_t in[4];
    uint8_t outs, out_rank;
    int32_t out[4];
    int32_t constant[2][8]; // counted by their first element; 0: none
    bool constants_first;
    struct tflite_options options;
    float in_scale, out_scale;
    int32_t in_zero, out_zero;
};
#define I8 TFLITE_INT8
#define F32 TFLITE_FLOAT32
#define Q 0.05f, 0.05f, 3, 3
#define IMAGE                                                                                      \
    1, 4,                                                                                          \
    {                                                                                              \
        1, 4, 6, 3                                                                                 \
    }
#define UNARY(op)                                                                                  \
    {                                                                                              \
        op, I8, I8, 1, 2, {2, 70}, 1, 2, {2, 70}, {{0}, {0}}, false, {.alpha = 0.1f}, 0.05f,       \
            0.06f, 3, -7                                                                           \
    }
#define UNARY_F(op)                                                                                \
    {                                                                                              \
        op, F32, F32, 1, 2, {2, 70}, 1, 2, {2, 70}, {{0}, {0}}, false, {.alpha = 0.1f}, 0, 0, 0, 0 \
    }
#define BINARY(op)                                                                                 \
    {                                                                                              \
        op, I8, I8, 2, 2, {2, 33}, 1, 2, {2, 33}, {{0}, {0}}, false, {0}, 0.05f, 0.08f, 3, -7      \
    }
#define BINARY_F(op)                                                                               \
    {                                                                                              \
        op, F32, F32, 2, 2, {2, 33}, 1, 2, {2, 33}, {{0}, {0}}, false, {0}, 0, 0, 0, 0             \
    }

static const struct one cases[] = {
    UNARY(TFLITE_RELU),
    UNARY(TFLITE_LEAKY_RELU),
    UNARY(TFLITE_HARD_SWISH),
    UNARY(TFLITE_RESHAPE),
    UNARY(TFLITE_QUANTIZE),
    UNARY_F(TFLITE_RELU),
    UNARY_F(TFLITE_RELU6),
    UNARY_F(TFLITE_LEAKY_RELU),
    UNARY_F(TFLITE_HARD_SWISH),
    UNARY_F(TFLITE_LOGISTIC),
    UNARY_F(TFLITE_TANH),
    UNARY_F(TFLITE_SOFTMAX),
    BINARY(TFLITE_ADD),
    BINARY(TFLITE_SUB),
    BINARY(TFLITE_MUL),
    BINARY(TFLITE_MINIMUM),
    BINARY(TFLITE_MAXIMUM),
    BINARY(TFLITE_PRELU),
    BINARY_F(TFLITE_ADD),
    BINARY_F(TFLITE_SUB),
    BINARY_F(TFLITE_MUL),
    BINARY_F(TFLITE_MINIMUM),
    BINARY_F(TFLITE_PRELU),
    {TFLITE_RELU6,
     I8,
     I8,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0.06f,
     0.06f,
     -7,
     -7},
    {TFLITE_LOGISTIC,
     I8,
     I8,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0.05f,
     1.0f / 256,
     3,
     -128},
    {TFLITE_TANH,
     I8,
     I8,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0.05f,
     1.0f / 128,
     3,
     0},
    {TFLITE_SOFTMAX,
     I8,
     I8,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0.05f,
     1.0f / 256,
     3,
     -128},
    {TFLITE_DEQUANTIZE,
     I8,
     F32,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0.05f,
     0,
     3,
     0},
    {TFLITE_QUANTIZE,
     F32,
     I8,
     1,
     2,
     {2, 70},
     1,
     2,
     {2, 70},
     {{0}, {0}},
     false,
     {0},
     0,
     0.05f,
     0,
     3},
    {TFLITE_MAX_POOL_2D,
     I8,
     I8,
     IMAGE,
     1,
     4,
     {1, 2, 3, 3},
     {{0}, {0}},
     false,
     {.stride_w = 2, .stride_h = 2, .filter_w = 2, .filter_h = 2},
     Q},
    {TFLITE_AVERAGE_POOL_2D,
     F32,
     F32,
     IMAGE,
     1,
     4,
     {1, 2, 3, 3},
     {{0}, {0}},
     false,
     {.stride_w = 2, .stride_h = 2, .filter_w = 2, .filter_h = 2},
     0,
     0,
     0,
     0},
    {TFLITE_MAX_POOL_2D,
     F32,
     F32,
     IMAGE,
     1,
     4,
     {1, 2, 3, 3},
     {{0}, {0}},
     false,
     {.stride_w = 2, .stride_h = 2, .filter_w = 2, .filter_h = 2},
     0,
     0,
     0,
     0},
    {TFLITE_PAD, I8, I8, IMAGE, 1, 4, {1, 6, 9, 3}, {{8, 0, 0, 1, 1, 2, 1, 0}, {0}}, false, {0}, Q},
    {TFLITE_MEAN, I8, I8, IMAGE, 1, 2, {1, 3}, {{2, 1, 2}, {0}}, false, {0}, Q},
    {TFLITE_MEAN, F32, F32, IMAGE, 1, 2, {1, 3}, {{2, 1, 2}, {0}}, false, {0}, 0, 0, 0, 0},
    {TFLITE_TRANSPOSE, I8, I8, IMAGE, 1, 4, {3, 1, 6, 4}, {{4, 3, 0, 2, 1}, {0}}, false, {0}, Q},
    {TFLITE_ARG_MAX,
     I8,
     TFLITE_INT32,
     IMAGE,
     1,
     3,
     {1, 4, 6},
     {{1, 3}, {0}},
     false,
     {.output_type = TFLITE_INT32},
     Q},
    {TFLITE_RESIZE_NEAREST_NEIGHBOR,
     I8,
     I8,
     IMAGE,
     1,
     4,
     {1, 8, 9, 3},
     {{2, 8, 9}, {0}},
     false,
     {0},
     Q},
    {TFLITE_RESIZE_BILINEAR, I8, I8, IMAGE, 1, 4, {1, 8, 9, 3}, {{2, 8, 9}, {0}}, false, {0}, Q},
    {TFLITE_RESIZE_BILINEAR,
     F32,
     F32,
     IMAGE,
     1,
     4,
     {1, 8, 9, 3},
     {{2, 8, 9}, {0}},
     false,
     {0},
     0,
     0,
     0,
     0},
    {TFLITE_SPACE_TO_BATCH_ND,
     I8,
     I8,
     IMAGE,
     1,
     4,
     {4, 2, 3, 3},
     {{2, 2, 2}, {4, 0, 0, 0, 0}},
     false,
     {0},
     Q},
    {TFLITE_BATCH_TO_SPACE_ND,
     I8,
     I8,
     1,
     4,
     {4, 2, 3, 3},
     1,
     4,
     {1, 4, 6, 3},
     {{2, 2, 2}, {4, 0, 0, 0, 0}},
     false,
     {0},
     Q},
    {TFLITE_CONCATENATION,
     I8,
     I8,
     2,
     4,
     {1, 4, 6, 3},
     1,
     4,
     {1, 4, 12, 3},
     {{0}, {0}},
     false,
     {.axis = 2},
     Q},
    {TFLITE_PACK,
     I8,
     I8,
     2,
     2,
     {4, 6},
     1,
     3,
     {4, 2, 6},
     {{0}, {0}},
     false,
     {.axis = 1, .num = 2},
     Q},
    {TFLITE_UNPACK,
     I8,
     I8,
     1,
     3,
     {4, 2, 6},
     2,
     2,
     {4, 6},
     {{0}, {0}},
     false,
     {.axis = 1, .num = 2},
     Q},
    {TFLITE_SPLIT, I8, I8, 1, 3, {4, 2, 6}, 3, 3, {4, 2, 2}, {{1, 2}, {0}}, true, {.num = 3}, Q},
};

static char dir[] = "/tmp/moteloop-csource-XXXXXX";

static void make_dir(void)
{
    ck_assert(mkdtemp(dir) != NULL);
}

static void remove_dir(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

struct made {
    struct tflite_tensor t[10];
    struct tflite_op op;
    size_t tensors;
    int32_t input[2], output[3], bytes_of[2][8];
};

static int32_t add_tensor(struct made *m, enum tflite_type type, uint8_t rank, const int32_t *dims,
                          const float *scale, const int32_t *zero)
{
    struct tflite_tensor *t = &m->t[m->tensors];
    *t = (struct tflite_tensor){.name = "t", .type = type, .rank = rank};
    if (type == I8) {
        t->scale = scale;
        t->zero_point = zero;
        t->scales = 1;
    }
    memcpy(t->dims, dims, 4u * rank);
    return (int32_t)m->tensors++;
}

static void build(const struct one *c, struct buf *file)
{
    struct made m = {.op = {.code = c->code, .options = c->options}};
    struct err e = {0};
    int32_t data[2], constant[2];
    size_t constants = 0;
    for (size_t i = 0; i < c->ins; i++) {
        data[i] = m.input[i] =
            add_tensor(&m, c->in_type, c->in_rank, c->in, &c->in_scale, &c->in_zero);
    }
    for (; constants < 2 && c->constant[constants][0] > 0; constants++) {
        int32_t n = c->constant[constants][0];
        // Borders come as pairs; the eighth number of four pairs is 0.
        bool pairs = (c->code == TFLITE_PAD && n == 8) || (constants == 1 && n == 4);
        struct tflite_tensor *t = &m.t[m.tensors];
        memcpy(m.bytes_of[constants], c->constant[constants] + 1, 7 * sizeof(int32_t));
        *t = (struct tflite_tensor){.name = "c",
                                    .type = TFLITE_INT32,
                                    .rank = pairs ? 2 : 1,
                                    .dims = {pairs ? n / 2 : n, 2},
                                    .data = m.bytes_of[constants],
                                    .bytes = 4u * (size_t)n};
        constant[constants] = (int32_t)m.tensors++;
    }
    for (size_t i = 0; c->constants_first && i < constants; i++) {
        m.op.in[m.op.ins++] = constant[i];
    }
    for (size_t i = 0; i < c->ins; i++) {
        m.op.in[m.op.ins++] = data[i];
    }
    for (size_t i = 0; !c->constants_first && i < constants; i++) {
        m.op.in[m.op.ins++] = constant[i];
    }
    for (size_t i = 0; i < c->outs; i++) {
        m.output[i] = m.op.out[m.op.outs++] =
            add_tensor(&m, c->out_type, c->out_rank, c->out, &c->out_scale, &c->out_zero);
    }
    struct tflite_graph g = {.description = "one",
                             .tensor = m.t,
                             .tensors = m.tensors,
                             .op = &m.op,
                             .ops = 1,
                             .input = m.input,
                             .inputs = c->ins,
                             .output = m.output,
                             .outputs = c->outs};
    ck_assert_msg(tflite_write(&g, file, &e) == OK, "%s", e.msg);
}

static void save(const char *name, int i, const void *data, size_t len)
{
    char path[128];
    struct err e = {0};
    snprintf(path, sizeof path, "%s/%d.%s", dir, i, name);
    ck_assert_msg(io_write_atomic(path, data, len, 0644, &e) == OK, "%s", e.msg);
}

// Writes model i, its compiled form, an input and what the interpreter says. False where it is
// refused.
static bool write_case(int i, const struct buf *file)
{
    struct err e = {0};
    struct cvt_model m;
    struct cvt_run run;
    struct buf source = {0}, header = {0}, out = {0};
    char path[128], name[16];
    uint32_t state = 1000u + (uint32_t)i;
    save("tflite", i, file->data, file->len);
    snprintf(path, sizeof path, "%s/%d.tflite", dir, i);
    snprintf(name, sizeof name, "m%d", i);
    ck_assert_msg(cvt_model_open(&m, path, NULL, &e) == OK, "%s", e.msg);
    bool opened = cvt_run_open(&run, &m, 0, &e) == OK;
    if (opened) {
        uint8_t *in = cvt_arena(run.in_bytes);
        for (size_t k = 0; k < run.in_bytes; k++) {
            in[k] = (uint8_t)nn_random_next(&state);
        }
        struct mote_nn_tensor t;
        ck_assert_int_eq(mote_nn_input(&run.nn, 0, &t), MOTE_OK);
        for (size_t k = 0; t.type == MOTE_NN_F32 && k + 4 <= run.in_bytes; k += 4) {
            mote_putf(in + k, (float)(int8_t)in[k] / 25.0f);
        }
        run.in = in;
        ck_assert(cvt_run_feed(&run, &e) == OK && cvt_run_invoke(&run, &e) == OK &&
                  cvt_run_collect(&run, &out, &e) == OK);
        ck_assert_msg(cvt_csource_write(&m, name, NULL, &source, &header, &e) == OK, "case %d: %s",
                      i, e.msg);
        ck_assert_int_eq(buf_put(&header, source.data, source.len), OK);
        save("c", i, header.data, header.len);
        save("in", i, in, run.in_bytes);
        save("out", i, out.data, out.len);
        free(in);
    }
    cvt_run_close(&run);
    cvt_model_release(&m);
    buf_release(&source);
    buf_release(&header);
    buf_release(&out);
    return opened;
}

static const char driver_head[] =
    "#include <stdio.h>\n#include \"firmware/core/nn/mote_nn_compiled.h\"\n"
    "static int run(int i, const struct mote_nn_tensor *in, int ins, const struct mote_nn_tensor "
    "*out,\n"
    "               int outs, void (*init)(void), void (*invoke)(void))\n{\n"
    "    char path[64];\n    static unsigned char want[100000];\n    int bad = 0;\n    init();\n"
    "    snprintf(path, sizeof path, \"%d.in\", i);\n    FILE *f = fopen(path, \"rb\");\n"
    "    for (int k = 0; k < ins; k++) bad |= fread(in[k].data, 1, in[k].bytes, f) != "
    "in[k].bytes;\n"
    "    fclose(f);\n    invoke();\n    snprintf(path, sizeof path, \"%d.out\", i);\n"
    "    f = fopen(path, \"rb\");\n    for (int k = 0; k < outs; k++) {\n"
    "        bad |= fread(want, 1, out[k].bytes, f) != out[k].bytes || memcmp(want, out[k].data, "
    "out[k].bytes) != 0;\n"
    "    }\n    fclose(f);\n    if (bad) printf(\"case %d differs\\n\", i);\n    return bad;\n}\n";

// Compiles cases [0, n) into one program, which compares.
static void compile_and_run(int n, const bool *there)
{
    const char *root = getenv("MOTELOOP_SRC"), *bin = getenv("MOTELOOP_BIN"), *cc = getenv("CC");
    struct buf main_c = {0}, command = {0};
    ck_assert_msg(root && bin, "run by tests/run.sh");
    int rc = buf_puts(&main_c, driver_head);
    for (int i = 0; i < n; i++) {
        rc |= there[i]
                  ? buf_printf(&main_c,
                               "extern const struct mote_nn_tensor m%d_input[], m%d_output[];\n"
                               "void m%d_init(void);\nvoid m%d_invoke(void);\n",
                               i, i, i, i)
                  : OK;
    }
    rc |= buf_puts(&main_c, "int main(void)\n{\n    int bad = 0;\n");
    for (int i = 0; i < n; i++) {
        size_t ins = (size_t)i < ARRAY_LEN(cases) ? cases[i].ins : 1,
               outs = (size_t)i < ARRAY_LEN(cases) ? cases[i].outs : 1;
        rc |= there[i] ? buf_printf(&main_c,
                                    "    bad |= run(%d, m%d_input, %zu, m%d_output, %zu, m%d_init, "
                                    "m%d_invoke);\n",
                                    i, i, ins, i, outs, i, i)
                       : OK;
    }
    rc |= buf_puts(&main_c, "    return bad;\n}\n");
    save("main", 0, main_c.data, main_c.len);
#ifdef __SANITIZE_ADDRESS__
    const char *flags = "-fsanitize=address,undefined";
#else
    const char *flags = "";
#endif
    rc |= buf_printf(&command,
                     "cd %s && mv 0.main main.c && %s -std=c11 -O1 -Wall -Wextra -Wshadow "
                     "-Wconversion -Wundef -Wvla -Werror %s "
                     "-I%s -o all main.c [0-9]*.c %s/../lib/libmote.a && ./all",
                     dir, cc ? cc : "gcc", flags, root, bin);
    ck_assert_int_eq(rc, OK);
    ck_assert_int_eq(system(command.data), 0);
    buf_release(&main_c);
    buf_release(&command);
}

START_TEST(test_every_operator_gives_the_interpreters_bytes)
{
    enum { RANDOM = 30, ALL = ARRAY_LEN(cases) + RANDOM };
    bool there[ALL];
    for (int i = 0; i < ALL; i++) {
        struct buf file = {0};
        struct err e = {0};
        if (i < (int)ARRAY_LEN(cases)) {
            build(&cases[i], &file);
        } else {
            ck_assert_int_eq(
                nn_random_model((enum nn_random_kind)(i % NN_RANDOM_KINDS), (uint32_t)i, &file, &e),
                OK);
        }
        there[i] = write_case(i, &file);
        ck_assert_msg(there[i] || i >= (int)ARRAY_LEN(cases), "case %d, operator %d: refused", i,
                      (int)cases[i].code);
        buf_release(&file);
    }
    compile_and_run(ALL, there);
}
END_TEST

START_TEST(test_an_operator_that_cannot_run_is_refused_by_name)
{
    struct one c = UNARY(TFLITE_RELU);
    struct buf file = {0}, source = {0}, header = {0};
    struct err e = {0};
    struct cvt_model m;
    char path[128];
    c.out_type = F32;
    build(&c, &file);
    save("tflite", 0, file.data, file.len);
    snprintf(path, sizeof path, "%s/0.tflite", dir);
    ck_assert_int_eq(cvt_model_open(&m, path, NULL, &e), OK);
    ck_assert_int_ne(cvt_csource_write(&m, "m", NULL, &source, &header, &e), OK);
    ck_assert_ptr_nonnull(strstr(e.msg, "RELU"));
    ck_assert_int_eq(cvt_csource_write(&m, "no name", NULL, &source, &header, &e), E_USAGE);
    cvt_model_release(&m);
    buf_release(&file);
    buf_release(&source);
    buf_release(&header);
}
END_TEST

START_TEST(test_numbers_are_exact)
{
    static const float some[] = {0.1f, -0.0f, 1e-40f, 3.4028235e38f};
    static const int32_t whole[] = {INT32_MIN, INT32_MAX, -1};
    struct buf b = {0};
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        buf_clear(&b);
        ck_assert_int_eq(cvt_csource_float(&b, some[i]), OK);
        float back = strtof(b.data, NULL);
        ck_assert_int_eq(memcmp(&back, &some[i], sizeof back), 0);
    }
    buf_clear(&b);
    ck_assert_int_eq(cvt_csource_float(&b, (float)1e300), OK);
    ck_assert_str_eq(b.data, "__builtin_inff()");
    buf_clear(&b);
    ck_assert_int_eq(cvt_csource_values(&b, MOTE_NN_I32, whole, 3), OK);
    ck_assert_str_eq(b.data, "    INT32_MIN,2147483647,-1\n");
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("csource");
    TCase *tc = tcase_create("compiled");
    tcase_add_unchecked_fixture(tc, make_dir, remove_dir);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_every_operator_gives_the_interpreters_bytes);
    tcase_add_test(tc, test_an_operator_that_cannot_run_is_refused_by_name);
    tcase_add_test(tc, test_numbers_are_exact);
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
