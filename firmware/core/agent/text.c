// Small texts for the log and for reasons. See agent_priv.h.
#include "firmware/core/agent/agent_priv.h"

void agent_text_init(struct agent_text *t, char *p, size_t cap)
{
    *t = (struct agent_text){.p = p, .cap = cap};
    p[0] = 0;
}

void agent_text_str(struct agent_text *t, struct mote_str s)
{
    size_t room = t->cap - 1 - t->len;
    size_t n = s.len < room ? s.len : room;
    if (n) {
        memcpy(t->p + t->len, s.p, n);
    }
    t->len += n;
    t->p[t->len] = 0;
}

struct mote_str agent_str(const char *s)
{
    size_t n = 0;
    while (s && s[n]) {
        n++;
    }
    return (struct mote_str){s, n};
}

void agent_text_put(struct agent_text *t, const char *s)
{
    agent_text_str(t, agent_str(s));
}

void agent_text_num(struct agent_text *t, uint64_t v)
{
    char digit[20];
    size_t n = sizeof(digit);
    do {
        digit[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    agent_text_str(t, (struct mote_str){digit + n, sizeof(digit) - n});
}

void agent_text_hex(struct agent_text *t, const uint8_t *p, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        char two[2] = {hex[p[i] >> 4], hex[p[i] & 15]};
        agent_text_str(t, (struct mote_str){two, 2});
    }
}

bool agent_same(struct mote_str a, const char *b)
{
    return mote_str_is(a, b);
}

void agent_log(struct mote_agent *a, const char *line)
{
    if (a->config.logger.line) {
        a->config.logger.line(a->config.logger.ctx, line);
    }
}

void agent_log_num(struct mote_agent *a, const char *what, uint64_t v)
{
    char line[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, line, sizeof(line));
    agent_text_put(&t, what);
    agent_text_put(&t, " ");
    agent_text_num(&t, v);
    agent_log(a, line);
}

void agent_log_why(struct mote_agent *a, const char *what, const char *why)
{
    char line[MOTE_AGENT_TEXT + 64];
    struct agent_text t;
    agent_text_init(&t, line, sizeof(line));
    agent_text_put(&t, what);
    agent_text_put(&t, ": ");
    agent_text_put(&t, why);
    agent_log(a, line);
}

uint64_t agent_jitter_us(struct mote_agent *a, uint32_t ms)
{
    uint32_t random = 0;
    if (a->config.entropy.fill(a->config.entropy.ctx, &random, sizeof(random)) != MOTE_OK) {
        random = ms; // only jitter hangs on it
    }
    return 1000ull * (ms / 2 + random % (ms / 2 + 1));
}
