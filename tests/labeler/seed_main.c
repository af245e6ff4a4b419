// labeler-seed DIR [RECORDINGS]: a project for tests of the page. See seed.h.
#include "tests/labeler/seed.h"

#include "common/err.h"
#include "common/parse.h"

int main(int argc, char **argv)
{
    struct err e = {0};
    int64_t recordings = 24;
    if (argc < 2 || argc > 3 || (argc == 3 && parse_i64(argv[2], 8, 10000000, &recordings))) {
        fputs("usage: labeler-seed DIR [RECORDINGS]\n", stderr);
        return 2;
    }
    if (seed_project(argv[1], (int)recordings, &e)) {
        fprintf(stderr, "labeler-seed: %s\n", e.msg);
        return 1;
    }
    puts(SEED_SETUP_TOKEN);
    return 0;
}
