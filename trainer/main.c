// moteloop-trainer: labelled data to trained, judged, quantized models.
#include "trainer/cmd.h"

int main(int argc, char **argv)
{
    const struct opt_command commands[] = {cmd_train, cmd_eval, cmd_tune, {0}};
    return opt_main("moteloop-trainer", commands, argc, argv);
}
