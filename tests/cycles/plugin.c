// A plugin of QEMU's translator that counts instructions by class inside one function of the guest:
//     -plugin libcycles.so,entry=0x1004,out=FILE
// From the first time that the function at `entry` is entered until it returns. FILE gets "class count" lines, and
// "taken N": branches, calls, returns and loads of pc that went elsewhere.
//
// The plugin interface (version 1, QEMU 7.2) has no header in Debian; its few functions are declared here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cycles/thumb.h"

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
#define EXPORT __attribute__((visibility("default")))
extern EXPORT int qemu_plugin_version;
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                          void (*cb)(unsigned cpu, void *data), int flags,
                                          void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

int qemu_plugin_version = 1;

struct block {
    uint64_t start, end;
    uint32_t count[THUMB_CLASSES];
    int turns; // its last instruction may go elsewhere
};

static struct {
    uint64_t entry, back;
    int state; // 0 before, 1 inside, 2 after
    struct block last;
    uint64_t count[THUMB_CLASSES], taken;
    const char *out;
} now;

static void run(unsigned cpu, void *data)
{
    const struct block *b = data;
    (void)cpu;
    if (now.state == 0 && b->start == now.entry) {
        now.state = 1;
        now.back = now.last.end;
    } else if (now.state == 1 && b->start == now.back) {
        now.state = 2;
        now.taken++;
    } else if (now.state == 1 && b->start != now.last.end) {
        now.taken++;
    }
    if (now.state == 1) {
        for (int i = 0; i < THUMB_CLASSES; i++) {
            now.count[i] += b->count[i];
        }
    }
    now.last = *b;
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
    struct block *b = calloc(1, sizeof *b); // lives as long as its translation, which is for ever
    (void)id;
    if (b == NULL) {
        abort();
    }
    b->start = qemu_plugin_tb_vaddr(tb);
    b->end = b->start;
    int after_load = 0;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint16_t half[2] = {0, 0};
        size_t size = qemu_plugin_insn_size(insn);
        memcpy(half, qemu_plugin_insn_data(insn), size < sizeof half ? size : sizeof half);
        struct thumb_kind k = thumb_sort(half[0], half[1]);
        int load = k.class == THUMB_LOAD;
        b->count[load && after_load ? THUMB_LOAD_NEXT : k.class]++;
        b->count[THUMB_MULTIPLE_REGS] += k.regs;
        after_load = load;
        b->end += size;
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, run, 0, b);
}

static void finish(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    FILE *f = fopen(now.out, "w");
    if (f == NULL) {
        return; // the reader finds no figures and says so
    }
    for (int i = 0; i < THUMB_CLASSES; i++) {
        fprintf(f, "%s %llu\n", thumb_names[i], (unsigned long long)now.count[i]);
    }
    fprintf(f, "taken %llu\nended %d\n", (unsigned long long)now.taken, now.state == 2);
    fclose(f);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "entry=", 6) == 0) {
            now.entry = strtoull(argv[i] + 6, NULL, 0) & ~1ull;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            now.out = strdup(argv[i] + 4);
        }
    }
    if (now.entry == 0 || now.out == NULL) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
