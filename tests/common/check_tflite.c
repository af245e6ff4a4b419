// common/tflite: what is written reads back as it was described; what is damaged is refused.
#include <check.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/tflite/ops.h"
#include "common/tflite/reader.h"

// A small convolution network: conv (per channel) -> reshape -> fully connected -> softmax.
struct net {
    int8_t filter[2 * 3 * 3 * 1], weight[4 * 32];
    int32_t conv_bias[2], fc_bias[4], shape[2];
    float conv_scale[2], conv_bias_scale[2], one_scale[6];
    int32_t zero[6];
    struct tflite_tensor tensor[11];
    struct tflite_op op[4];
    struct tflite_metadata metadata[1];
    int32_t in[1], out[1];
    struct tflite_graph graph;
};

static void activation(struct net *n, size_t i, const char *name, uint8_t rank, int32_t a,
                       int32_t b, int32_t c, int32_t d, size_t quant)
{
    n->tensor[i] = (struct tflite_tensor){.name = name,
                                          .type = TFLITE_INT8,
                                          .rank = rank,
                                          .dims = {a, b, c, d},
                                          .scale = &n->one_scale[quant],
                                          .zero_point = &n->zero[quant],
                                          .scales = 1};
}

static void build(struct net *n)
{
    *n = (struct net){.conv_bias = {5, -7},
                      .fc_bias = {1, 2, 3, 4},
                      .shape = {1, 32},
                      .conv_scale = {0.5f, 0.25f},
                      .conv_bias_scale = {0.05f, 0.025f},
                      .one_scale = {0.1f, 0.2f, 0.03f, 0.4f, 1.0f / 256},
                      .zero = {-128, 3, 0, -5, -128},
                      .in = {0},
                      .out = {9}};
    for (size_t i = 0; i < sizeof n->filter; i++) {
        n->filter[i] = (int8_t)(i * 7 % 31 - 15);
    }
    for (size_t i = 0; i < sizeof n->weight; i++) {
        n->weight[i] = (int8_t)(i * 5 % 63 - 31);
    }
    activation(n, 0, "input", 4, 1, 4, 4, 1, 0);
    n->tensor[1] = (struct tflite_tensor){.name = "filter",
                                          .type = TFLITE_INT8,
                                          .rank = 4,
                                          .dims = {2, 3, 3, 1},
                                          .data = n->filter,
                                          .bytes = sizeof n->filter,
                                          .scale = n->conv_scale,
                                          .scales = 2};
    n->tensor[2] = (struct tflite_tensor){.name = "conv_bias",
                                          .type = TFLITE_INT32,
                                          .rank = 1,
                                          .dims = {2},
                                          .data = n->conv_bias,
                                          .bytes = 8,
                                          .scale = n->conv_bias_scale,
                                          .scales = 2};
    activation(n, 3, "conv", 4, 1, 4, 4, 2, 1);
    n->tensor[4] = (struct tflite_tensor){.name = "shape",
                                          .type = TFLITE_INT32,
                                          .rank = 1,
                                          .dims = {2},
                                          .data = n->shape,
                                          .bytes = 8};
    activation(n, 5, "flat", 2, 1, 32, 0, 0, 1);
    n->tensor[6] = (struct tflite_tensor){.name = "weight",
                                          .type = TFLITE_INT8,
                                          .rank = 2,
                                          .dims = {4, 32},
                                          .data = n->weight,
                                          .bytes = sizeof n->weight,
                                          .scale = &n->one_scale[2],
                                          .scales = 1};
    n->tensor[7] = (struct tflite_tensor){.name = "fc_bias",
                                          .type = TFLITE_INT32,
                                          .rank = 1,
                                          .dims = {4},
                                          .data = n->fc_bias,
                                          .bytes = 16};
    activation(n, 8, "logits", 2, 1, 4, 0, 0, 3);
    activation(n, 9, "scores", 2, 1, 4, 0, 0, 4);
    n->op[0] = (struct tflite_op){
        TFLITE_CONV_2D, 3, 1, {0, 1, 2}, {3}, 0, {0}, {.activation = TFLITE_ACT_RELU6}};
    n->op[1] = (struct tflite_op){
        TFLITE_RESHAPE, 2, 1, {3, 4}, {5}, 0, {0}, {.new_rank = 2, .new_shape = {1, 32}}};
    n->op[2] = (struct tflite_op){TFLITE_FULLY_CONNECTED,         3, 1, {5, 6, 7}, {8}, 0, {0},
                                  {.activation = TFLITE_ACT_NONE}};
    n->op[3] = (struct tflite_op){TFLITE_SOFTMAX, 1, 1, {8}, {9}, 0, {0}, {.beta = 1.0f}};
    n->metadata[0] = (struct tflite_metadata){"moteloop.pipeline", "\xa1\x01\x02", 3};
    n->graph = (struct tflite_graph){.description = "test",
                                     .tensor = n->tensor,
                                     .tensors = 10,
                                     .op = n->op,
                                     .ops = 4,
                                     .input = n->in,
                                     .output = n->out,
                                     .inputs = 1,
                                     .outputs = 1,
                                     .metadata = n->metadata,
                                     .metadatas = 1,
                                     .signature = "serving_default"};
}

static void assert_same_tensor(const struct tflite_tensor *a, const struct tflite_tensor *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->type, b->type);
    ck_assert_int_eq(a->rank, b->rank);
    ck_assert_mem_eq(a->dims, b->dims, 4u * a->rank);
    ck_assert_uint_eq(a->bytes, b->bytes);
    if (a->bytes) {
        ck_assert_mem_eq(a->data, b->data, a->bytes);
    }
    ck_assert_uint_eq(a->scales, b->scales);
    for (size_t i = 0; i < a->scales; i++) {
        ck_assert(memcmp(&a->scale[i], &b->scale[i], 4) == 0);
        ck_assert_int_eq(a->zero_point ? a->zero_point[i] : 0,
                         b->zero_point ? b->zero_point[i] : 0);
    }
    ck_assert(a->is_variable == b->is_variable);
}

static void assert_same_graph(const struct tflite_graph *a, const struct tflite_graph *b)
{
    ck_assert_uint_eq(a->tensors, b->tensors);
    ck_assert_uint_eq(a->ops, b->ops);
    ck_assert_uint_eq(a->inputs, b->inputs);
    ck_assert_uint_eq(a->outputs, b->outputs);
    ck_assert_uint_eq(a->metadatas, b->metadatas);
    ck_assert_mem_eq(a->input, b->input, 4 * a->inputs);
    ck_assert_mem_eq(a->output, b->output, 4 * a->outputs);
    for (size_t i = 0; i < a->tensors; i++) {
        assert_same_tensor(&a->tensor[i], &b->tensor[i]);
    }
    for (size_t i = 0; i < a->ops; i++) {
        ck_assert_int_eq(a->op[i].code, b->op[i].code);
        ck_assert_int_eq(a->op[i].ins, b->op[i].ins);
        ck_assert_mem_eq(a->op[i].in, b->op[i].in, 4u * a->op[i].ins);
        ck_assert_mem_eq(a->op[i].out, b->op[i].out, 4u * a->op[i].outs);
        ck_assert_int_eq(a->op[i].options.activation, b->op[i].options.activation);
        ck_assert_int_eq(a->op[i].options.padding, b->op[i].options.padding);
        ck_assert_int_eq(a->op[i].options.new_rank, b->op[i].options.new_rank);
    }
    for (size_t i = 0; i < a->metadatas; i++) {
        ck_assert_str_eq(a->metadata[i].name, b->metadata[i].name);
        ck_assert_uint_eq(a->metadata[i].bytes, b->metadata[i].bytes);
    }
}

START_TEST(written_graph_reads_back)
{
    struct net n;
    struct buf out = {0};
    struct err e = {0};
    struct tflite_model m;
    build(&n);
    ck_assert_msg(tflite_write(&n.graph, &out, &e) == OK, "%s", e.msg);
    ck_assert_mem_eq(out.data + 4, "TFL3", 4);
    ck_assert_msg(tflite_read(&m, out.data, out.len, &e) == OK, "%s", e.msg);
    assert_same_graph(&n.graph, &m.graph);
    ck_assert_str_eq(m.graph.description, "test");
    ck_assert_mem_eq(m.graph.metadata[0].data, "\xa1\x01\x02", 3);
    static const int32_t versions[] = {3, 1, 4, 2};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(m.op_version[i], versions[i]);
    }
    ck_assert_int_eq(m.graph.op[0].options.stride_w, 1);
    ck_assert_int_eq(m.graph.op[0].options.dilation_h, 1);
    ck_assert_float_eq(m.graph.op[3].options.beta, 1.0f);
    tflite_model_release(&m);
    buf_release(&out);
}
END_TEST

START_TEST(same_graph_gives_same_bytes_and_aligned_data)
{
    struct net n;
    struct buf a = {0}, b = {0};
    struct err e = {0};
    struct tflite_model m;
    build(&n);
    ck_assert_int_eq(tflite_write(&n.graph, &a, &e), OK);
    ck_assert_int_eq(tflite_write(&n.graph, &b, &e), OK);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert_mem_eq(a.data, b.data, a.len);
    ck_assert_uint_eq(a.len % 16, 0);
    ck_assert_int_eq(tflite_read(&m, a.data, a.len, &e), OK);
    for (size_t i = 0; i < m.graph.tensors; i++) {
        const char *data = m.graph.tensor[i].data;
        ck_assert(!data || (data - a.data) % 16 == 0);
    }
    tflite_model_release(&m);
    buf_release(&a);
    buf_release(&b);
}
END_TEST

static void refused(struct net *n, const char *why)
{
    struct buf out = {0};
    struct err e = {0};
    ck_assert_int_eq(tflite_write(&n->graph, &out, &e), E_FORMAT);
    ck_assert_msg(strstr(e.msg, why) != NULL, "%s", e.msg);
    ck_assert_uint_eq(out.len, 0);
    buf_release(&out);
}

START_TEST(descriptions_that_contradict_themselves_are_refused)
{
    struct net n;
    build(&n);
    n.op[0].in[1] = 10;
    refused(&n, "operator 0: tensor index 10");
    build(&n);
    n.tensor[1].bytes--;
    refused(&n, "tensor 1 'filter': 17 bytes of data, its shape has 18");
    build(&n);
    n.tensor[1].scales = 3;
    refused(&n, "3 scales do not match");
    build(&n);
    n.one_scale[0] = 0;
    refused(&n, "scale 0 is 0");
    build(&n);
    n.op[1].code = (enum tflite_builtin)150;
    refused(&n, "operator 1: code 150");
    build(&n);
    n.op[3].out[0] = 6;
    refused(&n, "operator 3: writes to the constant");
    build(&n);
    n.out[0] = -1;
    refused(&n, "graph output");
    build(&n);
    n.tensor[6].dims[0] = INT32_MAX;
    n.tensor[6].dims[1] = INT32_MAX;
    refused(&n, "tensor 6 'weight': dimension");
}
END_TEST

START_TEST(versions_follow_types_and_options)
{
    struct net n;
    build(&n);
    ck_assert_int_eq(tflite_op_version(&n.graph, &n.op[0]), 3);
    n.op[2].ins = 2;
    ck_assert_int_eq(tflite_op_version(&n.graph, &n.op[2]), 6);
    n.op[0].code = TFLITE_DEPTHWISE_CONV_2D;
    n.tensor[0].type = TFLITE_FLOAT32;
    ck_assert_int_eq(tflite_op_version(&n.graph, &n.op[0]), 1);
    n.op[0].options.dilation_w = 2;
    ck_assert_int_eq(tflite_op_version(&n.graph, &n.op[0]), 2);
}
END_TEST

static void load_golden(const char *name, struct buf *file)
{
    struct err e = {0};
    char path[IO_PATH_MAX];
    const char *shared = getenv("MOTELOOP_SHARED");
    (void)snprintf(path, sizeof path, "%s/golden/%s", shared ? shared : "../shared", name);
    ck_assert_msg(io_read_file(path, TFLITE_FILE_MAX, file, &e) == OK, "%s", e.msg);
}

static const char *const golden[] = {"ad01_int8.tflite",
                                     "hello_world_float.tflite",
                                     "hello_world_int8.tflite",
                                     "keyword_scrambled_8bit.tflite",
                                     "kws_ref_model.tflite",
                                     "micro_speech_quantized.tflite",
                                     "pretrainedResnet_quant.tflite",
                                     "trained_lstm_int8.tflite",
                                     "vww_96_int8.tflite"};

START_TEST(golden_models_survive_rewriting)
{
    struct buf file = {0}, out = {0};
    struct err e = {0};
    struct tflite_model a, b;
    load_golden(golden[_i], &file);
    ck_assert_msg(tflite_read(&a, file.data, file.len, &e) == OK, "%s", e.msg);
    ck_assert_msg(tflite_write(&a.graph, &out, &e) == OK, "%s", e.msg);
    ck_assert_msg(tflite_read(&b, out.data, out.len, &e) == OK, "%s", e.msg);
    assert_same_graph(&a.graph, &b.graph);
    ck_assert_mem_eq(a.op_version, b.op_version, 4 * a.graph.ops);
    tflite_model_release(&a);
    tflite_model_release(&b);
    buf_release(&file);
    buf_release(&out);
}
END_TEST

// Reads what may be anything; only a crash or a sanitizer's word is a failure.
static void read_anything(const uint8_t *p, size_t len)
{
    struct tflite_model m;
    struct err e = {0};
    uint8_t *exact = malloc(len ? len : 1); // so that reading past the end is seen
    memcpy(exact, p, len);
    if (tflite_read(&m, exact, len, &e) == OK) {
        tflite_model_release(&m);
    } else {
        ck_assert_uint_gt(strlen(e.msg), 0);
    }
    free(exact);
}

START_TEST(damaged_files_are_read_without_harm)
{
    struct net n;
    struct buf out = {0};
    struct err e = {0};
    build(&n);
    ck_assert_int_eq(tflite_write(&n.graph, &out, &e), OK);
    uint8_t *p = (uint8_t *)out.data;
    for (size_t len = 0; len < out.len; len++) {
        read_anything(p, len);
    }
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < out.len; i++) {
        for (size_t k = 0; k < ARRAY_LEN(values); k++) {
            uint8_t old = p[i];
            p[i] = values[k];
            read_anything(p, out.len);
            p[i] = old;
        }
    }
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tflite");
    TCase *unit = tcase_create("unit");
    tcase_add_test(unit, written_graph_reads_back);
    tcase_add_test(unit, same_graph_gives_same_bytes_and_aligned_data);
    tcase_add_test(unit, descriptions_that_contradict_themselves_are_refused);
    tcase_add_test(unit, versions_follow_types_and_options);
    tcase_add_test(unit, damaged_files_are_read_without_harm);
    suite_add_tcase(suite, unit);
    const char *shared = getenv("MOTELOOP_SHARED");
    char probe[IO_PATH_MAX];
    (void)snprintf(probe, sizeof probe, "%s/golden", shared ? shared : "../shared");
    if (io_is_dir(probe)) {
        TCase *files = tcase_create("golden");
        tcase_add_loop_test(files, golden_models_survive_rewriting, 0, (int)ARRAY_LEN(golden));
        suite_add_tcase(suite, files);
    } else {
        printf("SKIP: no golden models in '%s'\n", probe);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
