/* SPDX-License-Identifier: ISC */
#include "findproxy/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef LINUX_WAYS
#include <sys/prctl.h>
#endif

#include "base/sanitized.h"
#include "../unit.h"
#include "probe.h"

/* Sets the filter; where there is none, a probe has nothing to look at. */
static bool shut(void)
{
#if defined SYSCALL_FILTER && !defined SANITIZED
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall_filter_set();
#else
    return false;
#endif
}

/* Whether a call was refused by the filter. */
static bool refused(long result)
{
    return result < 0 && errno == EPERM;
}

static bool opens_nothing(void)
{
    return !shut() || (refused(open("/dev/null", O_RDONLY)) && refused(socket(AF_INET, SOCK_STREAM, 0)) &&
                       refused(unlink("/nonexistent")) && refused(chdir("/")));
}

static bool starts_nothing(void)
{
    return !shut() || (refused(fork()) && refused(execl("/bin/true", "true", (char *)NULL)) && refused(kill(1, 0)));
}

static bool makes_no_code(void)
{
    void *page;

    if (!shut())
        return true;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static bool limits_itself_alone(void)
{
    pid_t parent = getppid();
    struct rlimit limit;

    return !shut() || (getrlimit(RLIMIT_CPU, &limit) == 0 && setrlimit(RLIMIT_CPU, &limit) == 0 &&
                       refused(prlimit(parent, RLIMIT_CPU, NULL, &limit)));
}

/* What a script needs: memory of all sizes, the time, and the pipes. */
static bool works_on(void)
{
    char *blocks[64], byte = 'x';
    struct timespec now;
    struct rusage used;
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    if (!shut())
        return true;
    for (size_t i = 0; i < 64; i++) {
        blocks[i] = malloc((size_t)1 << (i % 22));
        if (!blocks[i])
            return false;
        blocks[i] = realloc(blocks[i], (size_t)3 << (i % 22));
        if (!blocks[i])
            return false;
        memset(blocks[i], 'x', (size_t)3 << (i % 22));
    }
    for (size_t i = 0; i < 64; i++)
        free(blocks[i]);
    return write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           getrusage(RUSAGE_SELF, &used) == 0;
}

static const struct probe probes[] = {
    {"opens-nothing", opens_nothing}, {"starts-nothing", starts_nothing}, {"makes-no-code", makes_no_code},
    {"limits-itself-alone", limits_itself_alone}, {"works-on", works_on}, {NULL, NULL},
};

START_TEST(only_what_a_script_needs_is_left)
{
    for (const struct probe *each = probes; each->holds; each++)
        probe_run(each->name);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *cases;

    probe_serve(argc, argv, probes);
    cases = unit_case("syscall_filter");
    tcase_add_test(cases, only_what_a_script_needs_is_left);
    return unit_run();
}
