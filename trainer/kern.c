// Which kernels this processor runs. See kern.h.
#include "trainer/kern.h"

#if defined(__x86_64__)
extern const struct kern kern_avx2, kern_avx512;
#endif
extern const struct kern kern_base; // the instruction set that the whole build assumes

size_t kern_all(const struct kern *out[KERN_MAX])
{
    size_t n = 0;
    out[n++] = kern_ref();
    out[n++] = &kern_base;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        out[n++] = &kern_avx2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
            out[n++] = &kern_avx512;
        }
    }
#endif
    return n;
}

const struct kern *kern_best(void)
{
    const struct kern *all[KERN_MAX];
    return all[kern_all(all) - 1];
}
