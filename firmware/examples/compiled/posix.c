// The example on this machine.
#include <stdio.h>

#include "firmware/examples/compiled/board.h"

void board_print(const char *text)
{
    (void)fputs(text, stdout); // an example has nobody to tell that its output went nowhere
}
