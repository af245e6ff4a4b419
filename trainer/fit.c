// The training loop. See fit.h.
#include "trainer/fit.h"
#include "common/clock.h"
#include "common/err.h"
#include "trainer/fit_priv.h"
#include "trainer/par.h"

#include <math.h>
#include <unistd.h>

#define DIVERGED 1000.0 // a loss so many times that of the first batch is no training any more

struct run {
    struct fit_state s;
    const struct net *view; // what the lanes run: the network, or a hook's view of it
    const struct fit_data *train, *check;
    const struct fit_options *o;
    struct par *par;
    struct lane lane[FIT_LANES_MAX];
    float *spare[FIT_LANES_MAX];   // of mix-up: another sample's input
    float *target[FIT_LANES_MAX];  // of a lane's share of the batch
    float *weight[FIT_LANES_MAX];
    double lane_loss[FIT_LANES_MAX];
    double lane_norm[FIT_LANES_MAX];
    uint32_t *order;
    size_t at, count; // of the batch within order
    int outputs;
    float rate;       // now
    double first_loss; // of the first batch of this run
    float scale;      // of the gradients, clipping and batch size included
};

float fit_rate(const struct fit_options *o, float at)
{
    float share = o->epochs > 0 ? at / (float)o->epochs : 0;
    if (o->schedule == FIT_ONE_CYCLE) {
        const float peak = 0.3f; // of the run; from 1/25 of the rate up, then down to nothing
        return share < peak
                   ? o->rate * (0.04f + 0.96f * 0.5f * (1 - cosf((float)M_PI * share / peak)))
                   : o->rate *
                         (0.0004f + 0.5f * (1 + cosf((float)M_PI * (share - peak) / (1 - peak))));
    }
    float rate = o->rate;
    if (o->schedule == FIT_COSINE) {
        rate *= 0.01f + 0.99f * 0.5f * (1 + cosf((float)M_PI * share));
    } else if (o->schedule == FIT_STEP && o->step_epochs > 0) {
        rate *= powf(o->step_factor, floorf(at / (float)o->step_epochs));
    }
    return at < o->warmup ? rate * (at + 0.1f) / (o->warmup + 0.1f) : rate;
}

// The lane's share of a batch: first and last sample.
static void share_of(const struct run *r, int lane, size_t *from, size_t *to)
{
    size_t lanes = (size_t)r->o->lanes;
    *from = r->at + r->count * (size_t)lane / lanes;
    *to = r->at + r->count * ((size_t)lane + 1) / lanes;
}

static uint64_t sample_key(const struct run *r, size_t position)
{
    struct rng g;
    rng_seed(&g, r->o->seed, ((uint64_t)r->s.epoch << 32) + position + 1);
    return rng_u64(&g) | 1;
}

// Beta(alpha, alpha) for alpha <= 1 by Johnk's method.
static float draw_share(struct rng *g, float alpha)
{
    for (int i = 0; i < 100; i++) {
        float u = powf(rng_uniform(g), 1 / alpha), v = powf(rng_uniform(g), 1 / alpha);
        if (u + v <= 1 && u + v > 0) {
            return u / (u + v);
        }
    }
    return 1;
}

static void mix(struct run *r, int lane, size_t position, uint64_t key, float *x, float *target)
{
    struct rng g;
    rng_seed(&g, key, 77);
    float keep = draw_share(&g, r->o->mixup);
    keep = keep < 0.5f ? 1 - keep : keep;
    uint32_t other = r->order[rng_below(&g, (uint32_t)r->train->n)];
    (void)position;
    size_t len = shape_len(r->s.net->layer[0].y);
    r->train->fill(r->train->ctx, lane, other, key ^ 0x5555, r->spare[lane]);
    for (size_t i = 0; i < len; i++) {
        x[i] = keep * x[i] + (1 - keep) * r->spare[lane][i];
    }
    for (int j = 0; j < r->outputs; j++) {
        target[j] = keep * target[j] +
                    (1 - keep) * r->train->target[(size_t)other * (size_t)r->outputs + (size_t)j];
    }
}

static void train_lane(void *ctx, int lane)
{
    struct run *r = ctx;
    struct lane *l = &r->lane[lane];
    size_t from, to, len = shape_len(r->s.net->layer[0].y), outputs = (size_t)r->outputs;
    share_of(r, lane, &from, &to);
    l->n = (int)(to - from);
    r->lane_loss[lane] = 0;
    if (l->n == 0) {
        memset(l->grad, 0, r->s.net->params * sizeof(float));
        return;
    }
    for (size_t i = from; i < to; i++) {
        uint32_t sample = r->order[i];
        float *x = l->y[0] + (i - from) * len, *t = r->target[lane] + (i - from) * outputs;
        uint64_t key = sample_key(r, i);
        r->train->fill(r->train->ctx, lane, sample, key, x);
        memcpy(t, r->train->target + sample * outputs, outputs * sizeof(float));
        r->weight[lane][i - from] = r->train->weight ? r->train->weight[sample] : 1;
        if (r->o->mixup > 0) {
            mix(r, lane, i, key, x, t);
        }
    }
    const struct net *n = r->view;
    const struct fit_hook *hook = r->o->hook;
    net_forward(n, l, true);
    r->lane_loss[lane] = loss_run(&r->o->loss, l->y[n->layers - 1], r->target[lane],
                                  r->weight[lane], l->n, r->outputs, 1, l->dy[n->layers - 1]);
    if (hook && hook->teach) {
        r->lane_loss[lane] += hook->teach(hook->teach_ctx, lane, l->y[0], l->n, l->y[n->layers - 1],
                                          l->dy[n->layers - 1]);
    }
    net_backward(n, l);
}

// The lane's slice of the parameters, whole cache lines.
static void slice_of(const struct run *r, int lane, size_t *from, size_t *to)
{
    size_t lines = (r->s.net->params + 15) / 16, lanes = (size_t)r->o->lanes;
    *from = lines * (size_t)lane / lanes * 16;
    *to = lines * ((size_t)lane + 1) / lanes * 16;
    *to = *to > r->s.net->params ? r->s.net->params : *to;
}

static void sum_lane(void *ctx, int lane)
{
    struct run *r = ctx;
    size_t from, to;
    slice_of(r, lane, &from, &to);
    float *restrict sum = r->lane[0].grad;
    for (int j = 1; j < r->o->lanes; j++) {
        const float *restrict g = r->lane[j].grad;
        for (size_t i = from; i < to; i++) {
            sum[i] += g[i];
        }
    }
    double norm = 0;
    for (size_t i = from; r->o->clip > 0 && i < to; i++) {
        norm += (double)sum[i] * (double)sum[i];
    }
    r->lane_norm[lane] = norm;
}

static void step_range(struct run *r, size_t from, size_t to)
{
    const struct fit_options *o = r->o;
    struct net *n = r->s.net;
    const float *g = r->lane[0].grad;
    size_t len = to - from;
    if (o->optimizer == FIT_SGD) {
        for (size_t i = from; i < to; i++) {
            r->s.m[i] = o->momentum * r->s.m[i] + g[i] * r->scale + o->decay * n->param[i];
            n->param[i] -= r->rate * r->s.m[i];
        }
        return;
    }
    const float b1 = 0.9f, b2 = 0.999f;
    double t = (double)r->s.step;
    float correct = (float)(sqrt(1 - pow((double)b2, t)) / (1 - pow((double)b1, t)));
    struct kern_adam k = {.rate = r->rate * correct,
                          .beta1 = b1,
                          .beta2 = b2,
                          .eps = 1e-7f,
                          .decay = o->optimizer == FIT_ADAMW ? o->decay * r->rate : 0,
                          .scale = r->scale};
    n->kern->adam(&k, n->param + from, r->s.m + from, r->s.v + from, g + from, len);
}

// Frozen layers keep their parameters: the slice is cut at them.
static void step_lane(void *ctx, int lane)
{
    struct run *r = ctx;
    size_t from, to;
    slice_of(r, lane, &from, &to);
    const struct net *n = r->s.net;
    size_t start = from;
    for (int i = 1; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        size_t a = l->w, b = l->b + l->b_len;
        if (!l->frozen || b <= start || a >= to) {
            continue;
        }
        if (a > start) {
            step_range(r, start, a);
        }
        start = b;
    }
    if (start < to) {
        step_range(r, start, to);
    }
    for (size_t i = from; r->s.average && i < to; i++) {
        // the average forgets its beginning faster than a fixed share would
        float keep = fminf(r->o->ema, (1 + (float)r->s.step) / (10 + (float)r->s.step));
        r->s.average[i] = keep * r->s.average[i] + (1 - keep) * n->param[i];
    }
}

static int train_batch(struct run *r, double *loss, struct err *e)
{
    int lanes = r->o->lanes;
    const struct fit_hook *hook = r->o->hook;
    r->view = hook && hook->view ? hook->view(hook->ctx, r->s.net) : r->s.net;
    net_turn(r->view);
    par_run(r->par, lanes, train_lane, r);
    double sum = 0;
    for (int j = 0; j < lanes; j++) {
        sum += r->lane_loss[j];
    }
    if (!isfinite(sum)) {
        return err_set(
            e, E_STATE,
            "the loss is not finite in epoch %d: lower the rate (now %g), or look for bad values "
            "in the data",
            r->s.epoch + 1, (double)r->rate);
    }
    *loss += sum;
    if (r->first_loss <= 0) {
        r->first_loss = sum / (double)r->count;
    }
    r->s.step++;
    r->scale = 1 / (float)r->count;
    par_run(r->par, lanes, sum_lane, r);
    if (r->o->clip > 0) {
        double norm = 0;
        for (int j = 0; j < lanes; j++) {
            norm += r->lane_norm[j];
        }
        norm = sqrt(norm) * (double)r->scale;
        r->scale *= norm > (double)r->o->clip ? (float)((double)r->o->clip / norm) : 1;
    }
    par_run(r->par, lanes, step_lane, r);
    if (r->s.net->states) {
        net_remember(r->s.net, r->lane, lanes, 0.1f);
    }
    if (hook && hook->stepped) {
        hook->stepped(hook->ctx, r->lane, lanes,
                      (float)r->s.epoch + (float)(r->at + r->count) / (float)r->train->n);
    }
    r->s.samples += (int64_t)r->count;
    return OK;
}

// The order of an epoch: every sample once, or drawn by chance with replacement.
static void draw_order(struct run *r)
{
    struct rng g;
    rng_seed(&g, r->o->seed, 1000 + (uint64_t)r->s.epoch);
    size_t n = r->train->n;
    for (size_t i = 0; i < n; i++) {
        r->order[i] = (uint32_t)i;
    }
    if (r->train->chance) {
        double total = 0;
        for (size_t i = 0; i < n; i++) {
            total += (double)r->train->chance[i];
        }
        // systematic sampling: one offset, equal steps along the cumulated chances
        double step = total / (double)n, next = step * (double)rng_uniform(&g), sum = 0;
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (double)r->train->chance[i];
            for (; k < n && next < sum; next += step) {
                r->order[k++] = (uint32_t)i;
            }
        }
    }
    rng_shuffle(&g, r->order, n);
    for (int j = 0; j < r->o->lanes; j++) {
        rng_seed(&r->lane[j].rng, r->o->seed,
                 5000 + (uint64_t)r->s.epoch * FIT_LANES_MAX + (uint64_t)j);
    }
}

static int train_epoch(struct run *r, double *loss, struct err *e)
{
    draw_order(r);
    size_t batch = (size_t)r->o->batch, n = r->train->n;
    *loss = 0;
    for (r->at = 0; r->at < n; r->at += r->count) {
        r->count = n - r->at < batch ? n - r->at : batch;
        r->rate = fit_rate(r->o, (float)r->s.epoch + (float)r->at / (float)n);
        int rc = train_batch(r, loss, e);
        if (rc) {
            return rc;
        }
    }
    *loss /= (double)n;
    if (*loss > DIVERGED * (1 + r->first_loss)) {
        return err_set(
            e, E_STATE,
            "the loss grew from %.3g to %.3g in epoch %d: lower the rate (now %g), or set clip",
            r->first_loss, *loss, r->s.epoch + 1, (double)r->rate);
    }
    return OK;
}

// Loss and accuracy of the validation set with the averaged weights where there are some.
static int check_now(struct run *r, float *y, struct fit_epoch *out, struct err *e)
{
    if (r->check->n == 0) {
        out->check_loss = out->loss;
        out->check_accuracy = -1;
        return OK;
    }
    struct net view = *r->s.net;
    view.param = r->s.average ? r->s.average : view.param;
    const struct fit_hook *hook = r->o->hook;
    const struct net *seen = hook && hook->view ? hook->view(hook->ctx, &view) : &view;
    int rc = fit_predict(seen, r->check, r->o->lanes, r->par, y, e);
    if (rc) {
        return rc;
    }
    int n = (int)r->check->n, right = 0;
    struct loss plain = r->o->loss;
    plain.smoothing = 0;
    out->check_loss =
        loss_run(&plain, y, r->check->target, r->check->weight, n, r->outputs, 1, NULL) / n;
    for (int i = 0; i < n; i++) {
        int top = 0, want = 0;
        for (int j = 1; j < r->outputs; j++) {
            size_t row = (size_t)i * (size_t)r->outputs;
            top = y[row + (size_t)j] > y[row + (size_t)top] ? j : top;
            want =
                r->check->target[row + (size_t)j] > r->check->target[row + (size_t)want] ? j : want;
        }
        right += top == want;
    }
    bool classes =
        plain.cells <= 1 && (plain.kind == LOSS_CROSS_ENTROPY || plain.kind == LOSS_FOCAL);
    out->check_accuracy = classes ? (double)right / n : -1;
    return OK;
}

static void keep_if_best(struct run *r, struct fit_epoch *ep)
{
    struct fit_state *s = &r->s;
    bool better = s->best_epoch == 0 || r->check->n == 0 || ep->check_loss < s->best_loss;
    ep->best = better;
    s->since_best = better ? 0 : s->since_best + 1;
    if (better) {
        s->best_loss = ep->check_loss;
        s->best_accuracy = ep->check_accuracy;
        s->best_epoch = ep->epoch;
        memcpy(s->best, s->average ? s->average : s->net->param, s->net->params * sizeof(float));
        memcpy(s->best_state, s->net->state, s->net->states * sizeof(float));
    }
}

static int run_start(struct run *r, struct err *e)
{
    const struct fit_options *o = r->o;
    struct net *n = r->s.net;
    size_t p = n->params + 16, per = ((size_t)o->batch + (size_t)o->lanes - 1) / (size_t)o->lanes;
    r->s.m = calloc(p, sizeof(float));
    r->s.v = calloc(p, sizeof(float));
    r->s.best = calloc(p, sizeof(float));
    r->s.best_state = calloc(n->states + 1, sizeof(float));
    r->s.average = o->ema > 0 ? calloc(p, sizeof(float)) : NULL;
    r->order = calloc(r->train->n, sizeof(*r->order));
    if (!r->s.m || !r->s.v || !r->s.best || !r->s.best_state || !r->order ||
        (o->ema > 0 && !r->s.average)) {
        return err_set(e, E_MEM, "out of memory");
    }
    if (r->s.average) {
        memcpy(r->s.average, n->param, n->params * sizeof(float));
    }
    for (int j = 0; j < o->lanes; j++) {
        int rc = lane_init(&r->lane[j], n, (int)per, true, e);
        if (rc) {
            return rc;
        }
        r->spare[j] = calloc(shape_len(n->layer[0].y), sizeof(float));
        r->target[j] = calloc(per * (size_t)r->outputs, sizeof(float));
        r->weight[j] = calloc(per, sizeof(float));
        if (!r->spare[j] || !r->target[j] || !r->weight[j]) {
            return err_set(e, E_MEM, "out of memory");
        }
    }
    if (o->checkpoint) {
        int rc = fit_checkpoint_load(&r->s, o, e);
        return rc == E_NOT_FOUND ? OK : rc;
    }
    return OK;
}

static void run_release(struct run *r)
{
    free(r->s.m);
    free(r->s.v);
    free(r->s.best);
    free(r->s.best_state);
    free(r->s.average);
    free(r->order);
    for (int j = 0; j < r->o->lanes; j++) {
        lane_release(&r->lane[j]);
        free(r->spare[j]);
        free(r->target[j]);
        free(r->weight[j]);
    }
}

static int epochs(struct run *r, float *y, fit_fn fn, void *fn_ctx, struct fit_result *res,
                  struct err *e)
{
    const struct fit_options *o = r->o;
    int64_t started = clock_mono_us(), saved = started;
    bool stop = false;
    while (r->s.epoch < o->epochs && !stop) {
        struct fit_epoch ep = {.epoch = r->s.epoch + 1, .epochs = o->epochs};
        int rc = train_epoch(r, &ep.loss, e);
        rc = rc ? rc : check_now(r, y, &ep, e);
        if (rc) {
            return rc;
        }
        ep.rate = r->rate;
        r->s.epoch++;
        keep_if_best(r, &ep);
        res->loss = ep.loss;
        stop = fn && fn(fn_ctx, &ep);
        stop = stop || (o->patience > 0 && r->s.since_best >= o->patience) ||
               (o->limit_ms > 0 && clock_mono_us() - started > o->limit_ms * 1000);
        if (o->checkpoint && !stop && clock_mono_us() - saved >= o->checkpoint_ms * 1000) {
            saved = clock_mono_us();
            rc = fit_checkpoint_save(&r->s, o, e);
            if (rc) {
                return rc;
            }
        }
    }
    return OK;
}

int fit_run(struct net *net, const struct fit_data *train, const struct fit_data *check,
            const struct fit_options *o, struct par *par, fit_fn fn, void *fn_ctx,
            struct fit_result *res, struct err *e)
{
    memset(res, 0, sizeof(*res));
    if (train->n == 0) {
        return err_set(e, E_STATE, "no training windows");
    }
    struct run *r = calloc(1, sizeof(*r));
    float *y = NULL;
    if (!r) {
        return err_set(e, E_MEM, "out of memory");
    }
    r->s.net = net;
    r->train = train;
    r->check = check;
    r->o = o;
    r->par = par;
    r->outputs = (int)shape_len(net_output(net));
    int rc = run_start(r, e);
    y = calloc(check->n * (size_t)r->outputs + 1, sizeof(float));
    if (rc == OK) {
        rc = y ? epochs(r, y, fn, fn_ctx, res, e) : err_set(e, E_MEM, "out of memory");
    }
    if (rc == OK && r->s.best_epoch > 0) {
        memcpy(net->param, r->s.best, net->params * sizeof(float));
        memcpy(net->state, r->s.best_state, net->states * sizeof(float));
    }
    res->epochs = r->s.epoch;
    res->best_epoch = r->s.best_epoch;
    res->check_loss = r->s.best_loss;
    res->check_accuracy = r->s.best_accuracy;
    res->samples = r->s.samples;
    if (rc == OK && o->checkpoint) {
        (void)unlink(
            o->checkpoint); // the run is over; where it was never written this fails, rightly
    }
    free(y);
    run_release(r);
    free(r);
    return rc;
}

struct predict {
    const struct net *net;
    const struct fit_data *d;
    struct lane *lane;
    float *y;
    int lanes;
};

static void predict_lane(void *ctx, int lane)
{
    struct predict *p = ctx;
    struct lane *l = &p->lane[lane];
    size_t len = shape_len(p->net->layer[0].y), outputs = shape_len(net_output(p->net));
    size_t from = p->d->n * (size_t)lane / (size_t)p->lanes,
           to = p->d->n * ((size_t)lane + 1) / (size_t)p->lanes;
    for (size_t at = from; at < to; at += (size_t)l->n) {
        l->n = to - at < (size_t)l->cap ? (int)(to - at) : l->cap;
        for (size_t i = 0; i < (size_t)l->n; i++) {
            p->d->fill(p->d->ctx, lane, (uint32_t)(at + i), 0, l->y[0] + i * len);
        }
        net_forward(p->net, l, false);
        memcpy(p->y + at * outputs, l->y[p->net->layers - 1],
               (size_t)l->n * outputs * sizeof(float));
    }
}

int fit_predict(const struct net *net, const struct fit_data *d, int lanes, struct par *par,
                float *y, struct err *e)
{
    struct lane lane[FIT_LANES_MAX] = {0};
    int rc = OK;
    for (int j = 0; j < lanes && rc == OK; j++) {
        rc = lane_init(&lane[j], net, 64, false, e);
    }
    if (rc == OK) {
        struct predict p = {net, d, lane, y, lanes};
        par_run(par, lanes, predict_lane, &p);
    }
    for (int j = 0; j < lanes; j++) {
        lane_release(&lane[j]);
    }
    return rc;
}
