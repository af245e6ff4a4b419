// Smoothing over the last windows, and silence after a decision.
#include "firmware/core/pipe/mote_pipe.h"

size_t mote_pipe_post_size(const struct mote_pipe_config *c)
{
    return (size_t)c->smooth * c->classes * sizeof(float);
}

void mote_pipe_post_init(struct mote_pipe_post *post, const struct mote_pipe_config *c, float *ring)
{
    memset(post, 0, sizeof(*post));
    post->config = c;
    post->ring = ring;
}

bool mote_pipe_post_step(struct mote_pipe_post *post, struct mote_pipe_result *r)
{
    const struct mote_pipe_config *c = post->config;
    uint32_t row = c->classes;
    memcpy(post->ring + post->next * row, r->score, r->scores * sizeof(float));
    post->filled += post->filled < c->smooth;
    // From the oldest to the newest: the same order of additions wherever the ring begins.
    uint32_t oldest = post->filled < c->smooth ? 0 : (post->next + 1) % c->smooth;
    for (uint32_t i = 0; i < r->scores; i++) {
        float sum = 0.0f;
        for (uint32_t k = 0; k < post->filled; k++) {
            sum += post->ring[(oldest + k) % c->smooth * row + i];
        }
        r->score[i] = sum / (float)post->filled;
    }
    post->next = (post->next + 1) % c->smooth;
    mote_pipe_judge(c, r);
    if (post->quiet) {
        post->quiet--;
        return false;
    }
    if (r->uncertain) {
        return false;
    }
    post->quiet = c->suppress;
    return true;
}
