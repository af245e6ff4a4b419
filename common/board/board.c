// The table of boards. Figures and sources: docs/boards.md.
#include "common/board/board.h"

#define KIB 1024u

static const struct board boards[] = {
    {"teensy40", "Teensy 4.0", "Cortex-M7", BOARD_M7, false, 600, 0.9, 1024 * KIB, 1984 * KIB, 5.0,
     100, 0.5, true, "pjrc.com/store/teensy40.html: 600 MHz, 1984K flash, 1024K RAM, about 100 mA"},
    {"nucleo-h743", "Nucleo-H743ZI", "Cortex-M7", BOARD_M7, false, 480, 0.9, 864 * KIB, 2048 * KIB,
     3.3, 110, 0.4, false, "ST DS12110 (STM32H743): run mode, peripherals off; stop mode"},
    {"portenta-h7", "Arduino Portenta H7", "Cortex-M7", BOARD_M7, false, 480, 0.9, 864 * KIB,
     2048 * KIB, 3.3, 140, 1.0, false, "ST DS12930 (STM32H747), M7 core only, radio off"},
    {"feather-m4", "Feather M4 Express", "Cortex-M4F", BOARD_V7EM, false, 120, 1.6, 192 * KIB,
     496 * KIB, 3.3, 13, 0.1, false,
     "Microchip DS60001507 (SAMD51): active from flash at 120 MHz; standby"},
    {"esp32", "ESP32 DevKit", "Xtensa LX6", BOARD_V7M, true, 240, 1.6, 320 * KIB, 3072 * KIB, 3.3,
     45, 0.8, false, "Espressif ESP32 data sheet: modem-sleep at 240 MHz, light-sleep 0.8 mA"},
    {"nano-33-iot", "Arduino Nano 33 IoT", "Cortex-M0+", BOARD_V6M, false, 48, 1.5, 32 * KIB,
     248 * KIB, 3.3, 6, 0.05, false,
     "Microchip DS40001882 (SAMD21): active at 48 MHz; standby; radio module off"},
    {"pico", "Raspberry Pi Pico", "Cortex-M0+", BOARD_V6M, false, 125, 1.5, 264 * KIB, 2048 * KIB,
     3.3, 25, 1.3, false, "Raspberry Pi Pico data sheet: sleep 1.3 mA; one core busy at 125 MHz"},
};

const struct board *board_table(size_t *count)
{
    *count = ARRAY_LEN(boards);
    return boards;
}

const struct board *board_find(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(boards); i++) {
        if (strcmp(boards[i].id, id) == 0) {
            return &boards[i];
        }
    }
    return NULL;
}

const char *board_isa_name(enum board_isa isa)
{
    static const char *const names[] = {[BOARD_V6M] = "armv6-m",
                                        [BOARD_V7M] = "armv7-m",
                                        [BOARD_V7EM] = "armv7e-m",
                                        [BOARD_M7] = "cortex-m7"};
    return isa < ARRAY_LEN(names) ? names[isa] : "unknown";
}

double board_ms(const struct board *b, double instructions)
{
    return instructions * b->cycles_per_instruction / (b->mhz * 1000.0);
}

double board_mj(const struct board *b, double ms)
{
    return b->volts * b->active_ma * ms / 1000.0;
}

double board_days(const struct board *b, double ms, double every_ms, double battery_mah)
{
    if (ms > every_ms) {
        return 0;
    }
    double mean_ma = (b->active_ma * ms + b->sleep_ma * (every_ms - ms)) / every_ms;
    return battery_mah / mean_ma / 24.0;
}
