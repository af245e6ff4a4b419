// An example: a compiled model (docs/compiled.md) named `example`, on a bare board or on this machine.
//
// A firmware would write what its sensor says into the input. Here noise takes its place, from a generator
// that gives the same bytes everywhere, so that every part must print the same.
#include "example.h"
#include "firmware/examples/compiled/board.h"

static uint32_t noise(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void print_number(int32_t value)
{
    char digits[12];
    char *p = digits + sizeof digits - 1;
    uint32_t rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    *p = 0;
    do {
        *--p = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest != 0);
    board_print(value < 0 ? "-" : "");
    board_print(p);
}

int main(void)
{
    const struct mote_nn_tensor *in = &example_input[0];
    const struct mote_nn_tensor *out = &example_output[0];
    uint32_t state = 12345;
    example_init();
    for (int run = 0; run < 3; run++) {
        for (size_t i = 0; i < in->bytes; i++) {
            ((uint8_t *)in->data)[i] = (uint8_t)noise(&state);
        }
        example_invoke();
        board_print("output");
        for (size_t i = 0; i < out->bytes && i < 16; i++) {
            board_print(" ");
            print_number(((const int8_t *)out->data)[i]);
        }
        board_print("\n");
    }
    board_print("arena ");
    print_number(EXAMPLE_ARENA_BYTES);
    board_print(" bytes\n");
    return 0;
}
