// Runs a compiled model named `model` on the bytes of a file and writes the output's: host_main IN OUT [N]
// (N runs, each with the input written anew; the last one's output). Its header comes by -include.
#include <stdio.h>
#include <stdlib.h>

static int transfer(const char *path, const char *mode, const struct mote_nn_tensor *t,
                    size_t count)
{
    FILE *f = fopen(path, mode);
    for (size_t i = 0; f && i < count; i++) {
        size_t n = mode[0] == 'r' ? fread(t[i].data, 1, t[i].bytes, f)
                                  : fwrite(t[i].data, 1, t[i].bytes, f);
        if (n != t[i].bytes) {
            (void)fclose(f);
            f = NULL;
        }
    }
    if (!f || fclose(f) != 0) {
        fprintf(stderr, "cannot use '%s'\n", path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int n = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1;
    int rc = argc < 3 ? 2 : 0;
    model_init();
    for (int i = 0; i < n && rc == 0; i++) {
        rc = transfer(argv[1], "rb", model_input, sizeof model_input / sizeof *model_input);
        if (rc == 0) {
            model_invoke();
        }
    }
    return rc ? rc
              : transfer(argv[2], "wb", model_output, sizeof model_output / sizeof *model_output);
}
