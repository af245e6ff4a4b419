// Arm semihosting: bkpt 0xab with the operation in r0 and its parameter block in r1.
#include "tests/bench/nn_device/semihost.h"

enum {
    SYS_OPEN = 1,
    SYS_CLOSE = 2,
    SYS_WRITE0 = 4,
    SYS_READ = 6,
    SYS_FLEN = 12,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

static int32_t call(uint32_t operation, const void *block)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

void sh_print(const char *text)
{
    (void)call(SYS_WRITE0, text);
}

void sh_print_number(const char *name, uint32_t value)
{
    char digits[12];
    char *p = digits + sizeof digits - 1;
    *p = 0;
    do {
        *--p = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    sh_print(name);
    sh_print(" ");
    sh_print(p);
    sh_print("\n");
}

int32_t sh_read_file(const char *path, void *buf, uint32_t cap)
{
    uint32_t n = 0;
    while (path[n] != 0) {
        n++;
    }
    const uint32_t open[3] = {(uint32_t)(uintptr_t)path, 1 /* "rb" */, n};
    int32_t handle = call(SYS_OPEN, open);
    if (handle < 0) {
        return -1;
    }
    const uint32_t file[1] = {(uint32_t)handle};
    int32_t len = call(SYS_FLEN, file);
    const uint32_t read[3] = {(uint32_t)handle, (uint32_t)(uintptr_t)buf, (uint32_t)len};
    int32_t left = len >= 0 && (uint32_t)len <= cap ? call(SYS_READ, read) : 1;
    (void)call(SYS_CLOSE, file);
    return left == 0 ? len : -1;
}

unsigned sh_arguments(char *buf, uint32_t cap, char **word, unsigned max)
{
    uint32_t block[2] = {(uint32_t)(uintptr_t)buf, cap};
    unsigned count = 0;
    if (call(SYS_GET_CMDLINE, block) != 0) {
        return 0;
    }
    for (char *p = buf; *p != 0 && count < max;) {
        word[count++] = p;
        while (*p != 0 && *p != ' ') {
            p++;
        }
        if (*p == ' ') {
            *p++ = 0;
        }
    }
    return count;
}

void sh_exit(int code)
{
    const uint32_t block[2] = {0x20026, (uint32_t)code};
    for (;;) {
        (void)call(SYS_EXIT_EXTENDED, block);
    }
}
