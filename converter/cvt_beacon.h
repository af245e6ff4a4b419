// The signed time beacon: retained at P/time, so that devices without a clock can tell that a
// release has expired (docs/formats/release.md).
#ifndef CONVERTER_CVT_BEACON_H
#define CONVERTER_CVT_BEACON_H

struct project;
struct store;

struct cvt_beacon { // private
    int64_t sent_ms;
    bool complained;
};

// Signs the wall clock with keys/beacon.key and puts it into the outbox, at most once a minute.
// What fails is logged once and tried again.
void cvt_beacon_keep(struct cvt_beacon *b, const struct project *p, struct store *s);

#endif
