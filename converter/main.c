// moteloop-converter: models to their deployable forms, signed releases, rollouts, signing keys.
#include <sodium.h>

#include "converter/cvt_cmd.h"

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "moteloop-converter: cannot start the cryptographic library\n");
        return 1;
    }
    const struct opt_command commands[] = {cvt_convert_command,
                                           cvt_inspect_command,
                                           cvt_infer_command,
                                           cvt_split_command,
                                           cvt_release_command,
                                           cvt_rollout_command,
                                           cvt_key_command,
                                           {0}};
    return opt_main("moteloop", commands, argc, argv);
}
