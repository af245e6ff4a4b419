// Fills a project folder through the store's functions: devices, recordings of three kinds, labels, events,
// a model, a release and its rollout. Test data: every session is marked as simulated.
#ifndef TESTS_LABELER_SEED_H
#define TESTS_LABELER_SEED_H

#define SEED_SETUP_TOKEN "seed-setup-token"

struct err;
// Makes dir (which must not hold a store). recordings: of motion; at least 8 for what the tests expect.
int seed_project(const char *dir, int recordings, struct err *e) MUST_CHECK;
// Adds one recording of sound (8 kHz) of that length to a seeded project; sets its number.
int seed_sound(const char *dir, int seconds, int64_t *rec_id, struct err *e) MUST_CHECK;

#endif
