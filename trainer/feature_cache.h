// Features kept between trainings: PROJECT/cache/features-KEY (docs/formats/features.md). Derived data: any of it may go at any
// time, and what cannot be read or written is extracted anew.
#ifndef TRAINER_FEATURE_CACHE_H
#define TRAINER_FEATURE_CACHE_H

#include "common/hex.h"
#include "trainer/windows.h"

struct err;

#define FEATURE_CACHE_BYTES ((int64_t)1 << 30) // of all files; the longest unused go beyond
#define FEATURE_CACHE_FILES 512
#define FEATURE_CACHE_FILE ((size_t)256 << 20) // larger ones are not kept

// The key: SHA-256 over the samples, where the windows lie in them, and the block with its variant and parameters. Labels
// and splits are no part of it. E_MEM.
int feature_cache_key(const struct windows *w, char key[HEX_DIGEST_TEXT], struct err *e) MUST_CHECK;
// Reads windows x count values into x. False where there is none of that key and size, or its digest is off.
bool feature_cache_load(const char *folder, const char *key, size_t windows, size_t count,
                        float *x);
// Writes the file at once or not at all, then removes the longest unused others. Makes the folder.
int feature_cache_keep(const char *folder, const char *key, size_t windows, size_t count,
                       const float *x, struct err *e) MUST_CHECK;
// Removes the longest unused features of a folder until at most `bytes` and `files` are left; never those of `key`.
void feature_cache_trim(const char *folder, const char *key, int64_t bytes, size_t files);

#endif
