// labeler-seed DIR [RECORDINGS [SECONDS]]: a project, with a sound of SECONDS where given, for tests of the page. See seed.h.
#include "tests/labeler/seed.h"

#include "common/err.h"
#include "common/parse.h"

int main(int argc, char **argv)
{
    struct err e = {0};
    int64_t recordings = 24, seconds = 0, rec = 0;
    if (argc < 2 || argc > 4 || (argc > 2 && parse_i64(argv[2], 8, 10000000, &recordings)) ||
        (argc > 3 && parse_i64(argv[3], 1, 36000, &seconds))) {
        fputs("usage: labeler-seed DIR [RECORDINGS [SECONDS]]\n", stderr);
        return 2;
    }
    if (seed_project(argv[1], (int)recordings, &e) ||
        (seconds && seed_sound(argv[1], (int)seconds, &rec, &e))) {
        fprintf(stderr, "labeler-seed: %s\n", e.msg);
        return 1;
    }
    puts(SEED_SETUP_TOKEN);
    return 0;
}
