// Encodings, as the assembler makes them, and their classes.
#include <check.h>

#include "tests/cycles/thumb.h"

static const struct {
    const char *text;
    uint16_t first, second;
    enum thumb_class class;
    int regs;
} known[] = {
    {"muls r1, r2", 0x4351, 0, THUMB_MUL, 0},
    {"mul.w r0, r9, r2", 0xfb09, 0xf002, THUMB_MUL, 0},
    {"mla r0, r1, r2, r3", 0xfb01, 0x3002, THUMB_MAC, 0},
    {"smlad r0, r1, r2, r3", 0xfb21, 0x3002, THUMB_DSP_MAC, 0},
    {"smlal r0, r1, r2, r3", 0xfbc2, 0x0103, THUMB_LONG_MAC, 0},
    {"smull r0, r1, r2, r3", 0xfb82, 0x0103, THUMB_LONG_MUL, 0},
    {"sdiv r0, r1, r2", 0xfb91, 0xf0f2, THUMB_DIVIDE, 0},
    {"ldr r0, [r1]", 0x6808, 0, THUMB_LOAD, 0},
    {"ldrsb.w r0, [r1], #1", 0xf911, 0x0b01, THUMB_LOAD, 0},
    {"str r0, [r1, #4]", 0x6048, 0, THUMB_STORE, 0},
    {"str r0, [r1, r2]", 0x5088, 0, THUMB_STORE_REG, 0},
    {"str.w r0, [r1, r2, lsl #2]", 0xf841, 0x0022, THUMB_STORE_REG, 0},
    {"ldmia r1!, {r4-r7}", 0xc9f0, 0, THUMB_MULTIPLE, 4},
    {"push {r4-r7, lr}", 0xb5f0, 0, THUMB_MULTIPLE, 5},
    {"pop {r4-r7, pc}", 0xbdf0, 0, THUMB_MULTIPLE, 5},
    {"push.w {r4-r11, lr}", 0xe92d, 0x4ff0, THUMB_MULTIPLE, 9},
    {"ldrd r0, r1, [r2]", 0xe9d2, 0x0100, THUMB_MULTIPLE, 2},
    {"strd r0, r1, [r2], #8", 0xe8e2, 0x0102, THUMB_MULTIPLE, 2},
    {"b .", 0xe7fe, 0, THUMB_BRANCH, 0},
    {"beq.w .", 0xf43f, 0xaffe, THUMB_BRANCH, 0},
    {"bl .", 0xf7ff, 0xfffe, THUMB_BRANCH, 0},
    {"cbz r0, .+6", 0xb108, 0, THUMB_BRANCH, 0},
    {"bx lr", 0x4770, 0, THUMB_BRANCH, 0},
    {"tbb [pc, r0]", 0xe8df, 0xf000, THUMB_TABLE, 0},
    {"vldr s0, [r0]", 0xed90, 0x0a00, THUMB_LOAD, 0},
    {"vstr s0, [r0]", 0xed80, 0x0a00, THUMB_STORE, 0},
    {"vldmia r0!, {s0-s3}", 0xecb0, 0x0a04, THUMB_MULTIPLE, 4},
    {"vmla.f32 s0, s1, s2", 0xee00, 0x0a81, THUMB_FLOAT_MAC, 0},
    {"vmul.f32 s0, s1, s2", 0xee20, 0x0a81, THUMB_FLOAT, 0},
    {"vdiv.f32 s0, s1, s2", 0xee80, 0x0a81, THUMB_FLOAT_DIVIDE, 0},
    {"vsqrt.f32 s0, s1", 0xeeb1, 0x0ae0, THUMB_FLOAT_DIVIDE, 0},
    {"vmov s0, r0", 0xee00, 0x0a10, THUMB_FLOAT, 0},
    {"vcvt.f32.s32 s0, s0", 0xeeb8, 0x0ac0, THUMB_FLOAT, 0},
    {"mrs r0, PRIMASK", 0xf3ef, 0x8010, THUMB_OTHER, 0},
    {"add.w r0, r1, r2", 0xeb01, 0x0002, THUMB_PLAIN, 0},
    {"movw r0, #1234", 0xf240, 0x40d2, THUMB_PLAIN, 0},
    {"ssat r0, #8, r1", 0xf301, 0x0007, THUMB_PLAIN, 0},
    {"sxtb16 r0, r1, ror #8", 0xfa2f, 0xf091, THUMB_PLAIN, 0},
    {"ldrex r0, [r1]", 0xe851, 0x0f00, THUMB_LOAD, 0},
    {"vldrb.8 q0, [r0], #16", 0xecb0, 0x1e10, THUMB_VECTOR_LOAD, 0},
    {"vldrw.u32 q0, [r1, q2]", 0xfc91, 0x0f44, THUMB_VECTOR_LOAD, 0},
    {"vmladava.s8 r4, q0, q1", 0xeef0, 0x4f22, THUMB_VECTOR, 0},
    {"vadd.i32 q0, q1, q2", 0xef22, 0x0844, THUMB_VECTOR, 0},
    {"vqrdmulh.s32 q0, q1, q2", 0xff22, 0x0b44, THUMB_VECTOR, 0},
    {"dlstp.8 lr, r1", 0xf001, 0xe001, THUMB_PLAIN, 0},
    {"letp lr, .-20", 0xf01f, 0xc00d, THUMB_LOOP_END, 0},
    {"le lr, .-28", 0xf00f, 0xc011, THUMB_LOOP_END, 0},
};

START_TEST(test_encodings_are_sorted)
{
    struct thumb_kind k = thumb_sort(known[_i].first, known[_i].second);
    ck_assert_msg(k.class == known[_i].class && k.regs == known[_i].regs, "%s: %s, %d registers",
                  known[_i].text, thumb_names[k.class], k.regs);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("thumb");
    TCase *tc = tcase_create("sort");
    tcase_add_loop_test(tc, test_encodings_are_sorted, 0, ARRAY_LEN(known));
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
