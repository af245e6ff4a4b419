// Who is asking: login sessions (cookie), API tokens, roles, the protection against forged requests,
// passwords, and the limit on guesses.
//
// A session is a random secret in an HttpOnly, SameSite=Strict cookie; the store knows its digest only.
// Writing requests by cookie must repeat the session's CSRF token in X-CSRF-Token. Requests with a
// bearer token carry no cookie and need none. Host must be an address, "localhost", this machine's name
// or the configured one, so that a foreign name that resolves here gets nothing (DNS rebinding); where
// a browser says its Origin, it must be ours.
#ifndef LABELER_LAB_AUTH_H
#define LABELER_LAB_AUTH_H

#include "labeler/lab.h"
#include "labeler/lab_req.h"
#include "labeler/lab_res.h"

enum lab_role { LAB_NOBODY, LAB_INGEST, LAB_VIEWER, LAB_ANNOTATOR, LAB_REVIEWER, LAB_ADMIN };
#define LAB_SESSION_MS ((int64_t)14 * 24 * 3600 * 1000)
#define LAB_PASSWORD_MIN 8
#define LAB_PASSWORD_MAX 256

const char *lab_role_text(int level);
// The role of that name, LAB_NOBODY where there is none.
int lab_role_level(const char *name);
// E_REFUSED where Host or Origin are foreign.
int lab_auth_check_host(const struct lab *lab, const struct lab_req *q, struct err *e) MUST_CHECK;
// Fills q->user, role, level from cookie or token. OK with LAB_NOBODY where there is neither; E_AUTH for a
// bad token, E_REFUSED for a writing request without the CSRF token.
int lab_auth_identify(struct lab *lab, struct lab_req *q, struct err *e) MUST_CHECK;
// Checks name and password; on success starts a session: cookie in r, token in csrf (65 bytes).
// E_AUTH: wrong. E_LIMIT: too many guesses lately. E_BUSY: too many at once.
int lab_auth_login(struct lab *lab, struct lab_req *q, struct lab_res *r, const char *name,
                   const char *password, char csrf[65], struct err *e) MUST_CHECK;
int lab_auth_logout(struct lab *lab, struct lab_req *q, struct lab_res *r,
                    struct err *e) MUST_CHECK;
// argon2id string of a password that is long enough; out holds LAB_HASH_TEXT.
#define LAB_HASH_TEXT 128
int lab_auth_hash(const char *password, char out[LAB_HASH_TEXT], struct err *e) MUST_CHECK;
// A new random secret as hex text and its digest, both 65 bytes.
void lab_auth_secret(char secret[65], char digest[65]);
void lab_auth_digest(const char *secret, char digest[65]);

#endif
