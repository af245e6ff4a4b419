// What a bench program carries beside the runtime: start, files, output, timer. Its size is subtracted.
#include "tests/bench/nn_device/semihost.h"

int main(void)
{
    static char words[1024];
    static uint8_t file[64];
    char *word[5];
    unsigned count = sh_arguments(words, sizeof words, word, MOTE_COUNT(word));
    sh_print_number("words", count);
    return count > 1 && sh_read_file(word[1], file, sizeof file) < 0;
}
