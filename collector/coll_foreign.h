// Messages on a data topic that are no blocks of ours: SenML, Edge Impulse acquisitions, WAV, FLAC, PNG, JPEG. They have
// no sequence numbers, so they are taken at least once; the same samples a second time are found by their digest.
#ifndef COLL_FOREIGN_H
#define COLL_FOREIGN_H

// Nothing is acknowledged: MQTT's own acknowledgement is all that such a sender has, and it comes before the store's. A
// message that meets a full disk is lost, and counted.
struct coll_ingest;
struct coll_item;
struct err;
struct project;

// The project's folder for files under way, and its key of signatures (keys/ingest.hmac) where it has one.
int coll_foreign_start(struct coll_ingest *in, const struct project *p, struct err *e) MUST_CHECK;
// Whether a message is on a data topic and begins as one of these formats and not as a block.
bool coll_foreign_is(const struct coll_ingest *in, const struct coll_item *item);
// A recording of the topic's device and stream, in transactions of its own: none may be open. As coll_ingest_message:
// what is refused is counted and OK; negative: the store failed.
int coll_foreign_message(struct coll_ingest *in, const struct coll_item *item,
                         struct err *e) MUST_CHECK;

#endif
