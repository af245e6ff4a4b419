// Times the trainer's loop on the networks of `make bench-train`, or the machine itself.
//   bench_train NETWORK BATCH THREADS SECONDS    parameters, MACs, samples a second, resident kilobytes
//   bench_train machine                          products by our kernel and by libraries, and copying, on one core
// The samples are noise: speed does not depend on what a network learns.
#include "common/base.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/parse.h"
#include "trainer/fit.h"
#include "trainer/par.h"

#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SAMPLES 2048

struct bench {
    struct net net;
    struct err e;
    bool values; // learns values, not classes
};

static void put(struct bench *b, struct layer l)
{
    l.in[0] = b->net.layers - 1;
    l.in[1] = -1;
    if (net_add(&b->net, l, &b->e) < 0) {
        fprintf(stderr, "bench_train: %s\n", b->e.msg);
        exit(1);
    }
}
static void dense(struct bench *b, int units, enum act act)
{
    put(b, (struct layer){.kind = LAYER_DENSE, .units = units, .bias = true, .act = act});
}
static void norm(struct bench *b)
{
    put(b, (struct layer){.kind = LAYER_NORM, .act = ACT_RELU});
}
static void conv(struct bench *b, int units, int kh, int kw, int stride, bool with_norm)
{
    put(b, (struct layer){.kind = LAYER_CONV,
                          .units = units,
                          .kh = kh,
                          .kw = kw,
                          .sh = stride,
                          .sw = stride,
                          .same = true,
                          .bias = !with_norm,
                          .act = with_norm ? ACT_NONE : ACT_RELU});
    if (with_norm) {
        norm(b);
    }
}
static void separable(struct bench *b, int units, int stride)
{
    put(b, (struct layer){
               .kind = LAYER_DWCONV, .kh = 3, .kw = 3, .sh = stride, .sw = stride, .same = true});
    norm(b);
    conv(b, units, 1, 1, 1, true);
}
static void maxpool(struct bench *b, int h, int w)
{
    put(b, (struct layer){.kind = LAYER_MAXPOOL, .kh = h, .kw = w, .sh = h, .sw = w});
}
static void mean(struct bench *b)
{
    put(b, (struct layer){.kind = LAYER_AVGPOOL});
}

static void mlp(struct bench *b)
{
    dense(b, 20, ACT_RELU);
    dense(b, 10, ACT_RELU);
    dense(b, 5, ACT_NONE);
}
static void cnn1d(struct bench *b)
{
    conv(b, 32, 1, 5, 1, false);
    maxpool(b, 1, 2);
    conv(b, 32, 1, 5, 1, false);
    maxpool(b, 1, 2);
    conv(b, 64, 1, 5, 1, false);
    mean(b);
    dense(b, 6, ACT_NONE);
}
static void cnn2d(struct bench *b)
{
    conv(b, 16, 3, 3, 1, false);
    maxpool(b, 2, 2);
    conv(b, 32, 3, 3, 1, false);
    maxpool(b, 2, 2);
    dense(b, 10, ACT_NONE);
}
// MLPerf Tiny's anomaly detector.
static void autoencoder(struct bench *b)
{
    static const int units[] = {128, 128, 128, 128, 8, 128, 128, 128, 128};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        dense(b, units[i], ACT_RELU);
    }
    dense(b, 640, ACT_NONE);
    b->values = true;
}
// MLPerf Tiny's keyword spotter (Hello Edge's DS-CNN).
static void dscnn(struct bench *b)
{
    conv(b, 64, 10, 4, 2, true);
    for (int i = 0; i < 4; i++) {
        separable(b, 64, 1);
    }
    mean(b);
    dense(b, 12, ACT_NONE);
}
// MobileNetV1 of width 0.25: MLPerf Tiny's person detector.
static void mobilenet(struct bench *b)
{
    static const int units[] = {16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256};
    static const int stride[] = {1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1};
    conv(b, 8, 3, 3, 2, true);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        separable(b, units[i], stride[i]);
    }
    mean(b);
    dense(b, 2, ACT_NONE);
}

static const struct {
    const char *name;
    struct shape input;
    void (*build)(struct bench *b);
} networks[] = {
    {"mlp", {1, 1, 33}, mlp},      {"cnn1d", {1, 128, 9}, cnn1d},
    {"cnn2d", {28, 28, 1}, cnn2d}, {"ae", {1, 1, 640}, autoencoder},
    {"dscnn", {49, 10, 1}, dscnn}, {"mobilenet", {96, 96, 3}, mobilenet},
};

struct samples {
    size_t len;
    float *x;
};

static void fill(void *ctx, int lane, uint32_t sample, uint64_t key, float *x)
{
    const struct samples *s = ctx;
    (void)lane;
    (void)key;
    memcpy(x, s->x + sample * s->len, s->len * sizeof(*x));
}

struct watch {
    int64_t until, warm; // when to stop; when the first epoch was over
    double cpu;          // seconds of processor used by then
    int epochs;          // since then
};

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int tick(void *ctx, const struct fit_epoch *ep)
{
    struct watch *w = ctx;
    int64_t now = clock_mono_us();
    (void)ep;
    if (w->warm == 0) {
        w->warm = now;
        w->until += now;
        w->cpu = cpu_seconds();
        return 0;
    }
    w->epochs++;
    return now >= w->until;
}

static int train(struct bench *b, int batch, int threads, double seconds)
{
    struct rng g;
    rng_seed(&g, 1, 1);
    int outputs = (int)shape_len(net_output(&b->net));
    size_t n = shape_len(b->net.layer[0].y) > 4096 ? SAMPLES / 8 : SAMPLES;
    struct samples s = {shape_len(b->net.layer[0].y), NULL};
    s.x = malloc(n * s.len * sizeof(*s.x));
    float *target = calloc(n * (size_t)outputs, sizeof(*target));
    struct par *par = par_new(threads, &b->e);
    if (!s.x || !target || !par || net_start(&b->net, &g, &b->e)) {
        fprintf(stderr, "bench_train: %s\n", b->e.msg);
        return 1;
    }
    for (size_t i = 0; i < n * s.len; i++) {
        s.x[i] = rng_normal(&g);
    }
    for (size_t i = 0; i < n && !b->values; i++) {
        target[i * (size_t)outputs + i % (size_t)outputs] = 1;
    }
    struct fit_data data = {.n = n, .ctx = &s, .fill = fill, .target = b->values ? s.x : target},
                    none = {0};
    struct fit_options o = {.epochs = INT32_MAX,
                            .batch = batch,
                            .lanes = threads,
                            .optimizer = FIT_ADAM,
                            .rate = 1e-4f,
                            .loss = {.kind = b->values ? LOSS_MSE : LOSS_CROSS_ENTROPY},
                            .seed = 1};
    struct watch w = {.until = (int64_t)(seconds * 1e6)};
    struct fit_result res;
    if (fit_run(&b->net, &data, &none, &o, par, tick, &w, &res, &b->e)) {
        fprintf(stderr, "bench_train: %s\n", b->e.msg);
        return 1;
    }
    double took = (double)(clock_mono_us() - w.warm) / 1e6, busy = cpu_seconds() - w.cpu,
           done = (double)w.epochs * (double)n;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("params %zu\nmacs %llu\nrate %.1f\ncpu_rate %.1f\nrss_kb %ld\nkernels %s\n",
           b->net.params, (unsigned long long)net_macs(&b->net), done / took, done / busy,
           use.ru_maxrss, b->net.kern->name);
    par_free(par);
    free(target);
    free(s.x);
    return 0;
}

static void ours(const float *a, const float *b, float *c, int m, int n, int k)
{
    static int32_t a_row[1024], c_row[1024];
    for (int i = 0; i < m; i++) {
        a_row[i] = i * k;
        c_row[i] = i * n;
    }
    struct kern_gemm g = {.m = m,
                          .n = n,
                          .segs = 1,
                          .k = k,
                          .a = a,
                          .a_row = a_row,
                          .a_k = 1,
                          .b = b,
                          .b_k = n,
                          .c = c,
                          .c_row = c_row};
    kern_best()->gemm(&g);
}
static void openblas(const float *a, const float *b, float *c, int m, int n, int k)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}
static void onednn(const float *a, const float *b, float *c, int m, int n, int k)
{
    (void)dnnl_sgemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n);
}

// Best of several rounds, in billions of multiply-adds a second.
static double product(void (*fn)(const float *, const float *, float *, int, int, int), int m,
                      int n, int k)
{
    float *a = calloc((size_t)(m * k), sizeof(*a)), *b = calloc((size_t)(k * n), sizeof(*b));
    float *c = calloc((size_t)(m * n), sizeof(*c));
    double macs = (double)m * n * k, best = 0;
    int times = (int)(2e7 / macs) + 1;
    for (int round = 0; a && b && c && round < 12; round++) {
        int64_t start = clock_mono_us();
        for (int i = 0; i < times; i++) {
            fn(a, b, c, m, n, k);
        }
        double rate = times * macs / (double)(clock_mono_us() - start + 1) / 1e3;
        best = rate > best ? rate : best;
    }
    free(a);
    free(b);
    free(c);
    return best;
}

// What one core reaches in the products that these networks are made of, by our kernel and by the libraries; and a
// copy far larger than any cache.
static void machine(void)
{
    static const struct {
        const char *what;
        int m, n, k;
    } shape[] = {{"within the first cache", 64, 64, 64},
                 {"mlp, batch 32", 32, 20, 33},
                 {"cnn1d, middle", 64, 32, 160},
                 {"dscnn, pointwise", 125, 64, 64},
                 {"ae, first", 32, 128, 640},
                 {"large", 512, 512, 512}};
    openblas_set_num_threads(1);
    printf("product, one core             m    n    k     ours  OpenBLAS  oneDNN   (10^9 "
           "multiply-adds a second)\n");
    for (size_t i = 0; i < ARRAY_LEN(shape); i++) {
        int m = shape[i].m, n = shape[i].n, k = shape[i].k;
        printf("%-24s %6d %4d %4d %8.1f  %8.1f %7.1f\n", shape[i].what, m, n, k,
               product(ours, m, n, k), product(openblas, m, n, k), product(onednn, m, n, k));
    }
    size_t size = (size_t)1 << 28;
    char *from = malloc(size), *to = malloc(size);
    double copy = 0;
    for (int turn = 0; from && to && turn < 5; turn++) {
        memset(from, turn, size);
        int64_t start = clock_mono_us();
        memcpy(to, from, size);
        double rate = 2.0 * (double)size / (double)(clock_mono_us() - start) / 1e3;
        copy = rate > copy ? rate : copy;
    }
    free(from);
    free(to);
    printf("copy of 256 MB: %.1f GB read and written a second\npeak %.1f\n", copy,
           product(ours, 64, 64, 64));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "machine") == 0) {
        machine();
        return 0;
    }
    int64_t batch, threads;
    double seconds;
    bool fits = argc == 5 && parse_i64(argv[2], 1, 4096, &batch) == OK &&
                parse_i64(argv[3], 1, 64, &threads) == OK &&
                parse_f64(argv[4], 0, 3600, &seconds) == OK;
    for (size_t i = 0; fits && i < ARRAY_LEN(networks); i++) {
        if (strcmp(argv[1], networks[i].name) == 0) {
            struct bench b = {0};
            if (net_init(&b.net, networks[i].input, kern_best(), &b.e)) {
                fprintf(stderr, "bench_train: %s\n", b.e.msg);
                return 1;
            }
            networks[i].build(&b);
            int rc = train(&b, (int)batch, (int)threads, seconds);
            net_release(&b.net);
            return rc;
        }
    }
    fprintf(stderr, "usage: bench_train NETWORK BATCH THREADS SECONDS | bench_train machine\n");
    return 2;
}
