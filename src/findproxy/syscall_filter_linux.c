/* SPDX-License-Identifier: ISC */
#include "findproxy/syscall_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define ALLOW(call) SKIP_UNLESS(__NR_##call, 1), ANSWER(SECCOMP_RET_ALLOW)

/* A call that may be made unless bits are set in one of its arguments, in the low word of it, which both machines put
 * first. */
#define ALLOW_WITHOUT(call, argument, bits) \
    SKIP_UNLESS(__NR_##call, 4), LOAD(args[argument]), \
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1), ANSWER(SECCOMP_RET_ERRNO | EPERM), ANSWER(SECCOMP_RET_ALLOW)

bool syscall_filter_set(void)
{
    struct sock_filter steps[] = {
        LOAD(arch),
        SKIP_UNLESS(OUR_ARCH, 1),
        BPF_STMT(BPF_JMP | BPF_JA, 1),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read), ALLOW(write), ALLOW(exit), ALLOW(exit_group),
        ALLOW(brk), ALLOW(munmap), ALLOW(mremap), ALLOW(madvise), ALLOW(futex),
        ALLOW(clock_gettime), ALLOW(gettimeofday), ALLOW(getrusage), ALLOW(getrandom),
        ALLOW(rt_sigreturn), ALLOW(rt_sigprocmask), ALLOW(getrlimit),
        ALLOW_WITHOUT(mmap, 2, PROT_EXEC), /* memory, but no code */
        ALLOW_WITHOUT(prlimit64, 0, UINT32_MAX), /* of this process alone, which is 0 */
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
    };
    const struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
