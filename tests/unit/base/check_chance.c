/* SPDX-License-Identifier: ISC */
#include "base/chance.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

#define DRAWS 4096

static bool has_none; /* the system */

int __wrap_getentropy(void *buffer, size_t length);
int __real_getentropy(void *buffer, size_t length);

int __wrap_getentropy(void *buffer, size_t length)
{
    if (!has_none)
        return __real_getentropy(buffer, length);
    errno = ENOSYS;
    return -1;
}

/* Each bit is set in about half of them; by chance, one in 10^20 runs fails. */
START_TEST(each_bit_is_drawn_as_often_as_not)
{
    unsigned set[32] = {0};

    has_none = _i == 1;
    for (unsigned i = 0; i < DRAWS; i++) {
        uint32_t number = chance_number();

        for (unsigned bit = 0; bit < 32; bit++)
            set[bit] += number >> bit & 1;
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        ck_assert_uint_gt(set[bit], DRAWS / 2 - 320);
        ck_assert_uint_lt(set[bit], DRAWS / 2 + 320);
    }
}
END_TEST

/* What another process draws, having been made of this one. */
static uint64_t drawn_elsewhere(void)
{
    uint64_t numbers = 0;
    int pipe_ends[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(pipe_ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        numbers = (uint64_t)chance_number() << 32 | chance_number();
        _exit(write(pipe_ends[1], &numbers, sizeof numbers) == sizeof numbers ? 0 : 1);
    }
    ck_assert_int_eq(read(pipe_ends[0], &numbers, sizeof numbers), sizeof numbers);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return numbers;
}

START_TEST(two_processes_draw_different_ones)
{
    has_none = _i == 1;
    ck_assert_uint_ne(drawn_elsewhere(), drawn_elsewhere());
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("chance");

    tcase_add_loop_test(cases, each_bit_is_drawn_as_often_as_not, 0, 2);
    tcase_add_loop_test(cases, two_processes_draw_different_ones, 0, 2);
    return unit_run();
}
