// The training loop: learns, gives the same bytes for any number of threads and after a kill, says when it diverges.
#include "common/err.h"
#include "trainer/fit.h"
#include "trainer/par.h"

#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 400
#define IN 6
#define CLASSES 3

static float x[N][IN], target[N][CLASSES];

static void fill(void *ctx, int lane, uint32_t sample, uint64_t key, float *out)
{
    (void)ctx;
    (void)lane;
    struct rng g;
    rng_seed(&g, key, 1);
    for (int i = 0; i < IN; i++) {
        out[i] = x[sample][i] + (key ? 0.02f * rng_normal(&g) : 0);
    }
}

static void make_data(void)
{
    struct rng g;
    rng_seed(&g, 7, 7);
    for (int i = 0; i < N; i++) {
        int c = i % CLASSES;
        memset(target[i], 0, sizeof(target[i]));
        target[i][c] = 1;
        for (int j = 0; j < IN; j++) {
            x[i][j] = 0.6f * rng_normal(&g) + (j % CLASSES == c ? 1.5f : 0);
        }
    }
}

static void make_net(struct net *n)
{
    struct err e = {0};
    struct rng g;
    rng_seed(&g, 1, 1);
    ck_assert_int_eq(net_init(n, (struct shape){1, 1, IN}, kern_best(), &e), OK);
    ck_assert_int_gt(
        net_add(n, (struct layer){.kind = LAYER_DENSE, .in = {0, -1}, .units = 16, .bias = true},
                &e),
        0);
    ck_assert_int_gt(
        net_add(n, (struct layer){.kind = LAYER_NORM, .in = {1, -1}, .act = ACT_RELU}, &e), 0);
    ck_assert_int_gt(
        net_add(n, (struct layer){.kind = LAYER_DROPOUT, .in = {2, -1}, .rate = 0.1f}, &e), 0);
    ck_assert_int_gt(
        net_add(n,
                (struct layer){.kind = LAYER_DENSE, .in = {3, -1}, .units = CLASSES, .bias = true},
                &e),
        0);
    ck_assert_int_eq(net_start(n, &g, &e), OK);
}

static struct fit_options options(void)
{
    return (struct fit_options){.epochs = 12,
                                .batch = 32,
                                .lanes = 2,
                                .schedule = FIT_COSINE,
                                .rate = 0.01f,
                                .ema = 0.9f,
                                .mixup = 0.2f,
                                .clip = 1,
                                .seed = 5,
                                .loss = {.smoothing = 0.05f}};
}

static int stop_at(void *ctx, const struct fit_epoch *e)
{
    return e->epoch >= *(int *)ctx;
}

static int run(struct net *n, struct fit_options o, int threads, int last, struct fit_result *r,
               struct err *e)
{
    struct fit_data train = {.n = N - 100, .fill = fill, .target = &target[0][0]};
    struct fit_data check = {.n = 0};
    struct par *p = par_new(threads, e);
    int rc = fit_run(n, &train, &check, &o, p, stop_at, &last, r, e);
    par_free(p);
    return rc;
}

START_TEST(learns)
{
    struct net n;
    struct fit_result r;
    struct err e = {0};
    struct par *p = par_new(1, &e);
    float y[N][CLASSES];
    make_net(&n);
    ck_assert_int_eq(run(&n, options(), 2, 100, &r, &e), OK);
    struct fit_data all = {.n = N, .fill = fill};
    ck_assert_int_eq(fit_predict(&n, &all, 2, p, &y[0][0], &e), OK);
    int right = 0;
    for (int i = N - 100; i < N; i++) {
        int top = y[i][0] > y[i][1] ? (y[i][0] > y[i][2] ? 0 : 2) : y[i][1] > y[i][2] ? 1 : 2;
        right += top == i % CLASSES;
    }
    ck_assert_int_ge(right, 90);
    par_free(p);
    net_release(&n);
}
END_TEST

START_TEST(threads_do_not_change_the_result)
{
    struct net a, b;
    struct fit_result r;
    struct err e = {0};
    make_net(&a);
    make_net(&b);
    ck_assert_int_eq(run(&a, options(), 1, 100, &r, &e), OK);
    ck_assert_int_eq(run(&b, options(), 2, 100, &r, &e), OK);
    ck_assert_int_eq(memcmp(a.param, b.param, a.params * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(a.state, b.state, a.states * sizeof(float)), 0);
    net_release(&a);
    net_release(&b);
}
END_TEST

static int die_at_six(void *ctx, const struct fit_epoch *e)
{
    (void)ctx;
    if (e->epoch == 6) {
        kill(getpid(), SIGKILL);
    }
    return 0;
}

// A child is killed behind an epoch whose checkpoint is on disk; the next run goes on there.
START_TEST(resumes_to_the_same_bytes)
{
    struct net whole, cut;
    struct fit_result r;
    struct err e = {0};
    char path[] = "/tmp/mote-checkpoint-XXXXXX";
    int fd = mkstemp(path), status = 0;
    ck_assert_int_ge(fd, 0);
    close(fd);
    unlink(path);
    make_net(&whole);
    make_net(&cut);
    ck_assert_int_eq(run(&whole, options(), 1, 100, &r, &e), OK);
    struct fit_options o = options();
    o.checkpoint = path;
    pid_t child = fork();
    if (child == 0) {
        struct fit_data train = {.n = N - 100, .fill = fill, .target = &target[0][0]},
                        none = {.n = 0};
        struct par *p = par_new(1, &e);
        _exit(fit_run(&cut, &train, &none, &o, p, die_at_six, NULL, &r, &e) == OK ? 3 : 4);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(access(path, R_OK), 0);
    ck_assert_int_eq(run(&cut, o, 1, 100, &r, &e), OK);
    ck_assert_int_eq(memcmp(whole.param, cut.param, whole.params * sizeof(float)), 0);
    ck_assert_int_ne(access(path, R_OK), 0);
    net_release(&whole);
    net_release(&cut);
}
END_TEST

START_TEST(says_that_the_loss_diverges)
{
    struct net n;
    struct fit_result r;
    struct err e = {0};
    struct fit_options o = options();
    make_net(&n);
    o.optimizer = FIT_SGD;
    o.clip = 0;
    o.rate = 1e30f;
    ck_assert_int_eq(run(&n, o, 1, 100, &r, &e), E_STATE);
    ck_assert_ptr_nonnull(strstr(e.msg, "not finite"));
    net_release(&n);
}
END_TEST

START_TEST(schedules_start_and_end_where_they_should)
{
    struct fit_options o = {.epochs = 10, .rate = 1, .schedule = FIT_COSINE};
    ck_assert_float_eq_tol(fit_rate(&o, 0), 1, 1e-5f);
    ck_assert_float_le(fit_rate(&o, 10), 0.02f);
    o.schedule = FIT_ONE_CYCLE;
    ck_assert_float_le(fit_rate(&o, 0), 0.05f);
    ck_assert_float_eq_tol(fit_rate(&o, 3), 1, 1e-3f);
    o.schedule = FIT_STEP;
    o.step_epochs = 4;
    o.step_factor = 0.5f;
    ck_assert_float_eq_tol(fit_rate(&o, 9), 0.25f, 1e-6f);
}
END_TEST

// Slopes of every loss against finite differences.
START_TEST(losses_have_their_slopes)
{
    const struct loss kinds[] = {{.kind = LOSS_CROSS_ENTROPY, .smoothing = 0.1f},
                                 {.kind = LOSS_FOCAL, .gamma = 2},
                                 {.kind = LOSS_MSE},
                                 {.kind = LOSS_HUBER, .delta = 0.5f}};
    float y[4] = {0.3f, -1.2f, 0.8f, 0.1f}, t[4] = {0, 0.7f, 0.3f, 0}, dy[4], weight = 1.5f;
    loss_run(&kinds[_i], y, t, &weight, 1, 4, 1, dy);
    for (int i = 0; i < 4; i++) {
        const float step = 1e-3f;
        float keep = y[i];
        y[i] = keep + step;
        double up = loss_run(&kinds[_i], y, t, &weight, 1, 4, 1, NULL);
        y[i] = keep - step;
        double down = loss_run(&kinds[_i], y, t, &weight, 1, 4, 1, NULL);
        y[i] = keep;
        ck_assert_double_eq_tol((up - down) / (2 * (double)step), (double)dy[i], 2e-3);
    }
}
END_TEST

int main(void)
{
    make_data();
    TCase *c = tcase_create("fit");
    tcase_add_test(c, learns);
    tcase_add_test(c, threads_do_not_change_the_result);
    tcase_add_test(c, resumes_to_the_same_bytes);
    tcase_add_test(c, says_that_the_loss_diverges);
    tcase_add_test(c, schedules_start_and_end_where_they_should);
    tcase_add_loop_test(c, losses_have_their_slopes, 0, 4);
    Suite *s = suite_create("fit");
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
