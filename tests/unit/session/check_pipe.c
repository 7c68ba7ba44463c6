/* SPDX-License-Identifier: ISC */
#include "session/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* Whether this build has pipes to lend at all. */
static bool available(void)
{
    struct pipe *pipe = pipe_borrow();

    pipe_give_back(pipe);
    pipe_release_all();
    return pipe != NULL;
}

START_TEST(when_forbidden_there_is_none)
{
    pipe_allow(false);
    ck_assert_ptr_null(pipe_borrow());
    pipe_give_back(NULL);
    pipe_release_all();
    pipe_allow(true);
}
END_TEST

/* Of a build without splice. */
START_TEST(there_is_never_one)
{
    pipe_allow(true);
    ck_assert_ptr_null(pipe_borrow());
    ck_assert_int_eq((int)pipe_fill(NULL, STDIN_FILENO), -1);
    ck_assert_int_eq(errno, ENOSYS);
    ck_assert_int_eq((int)pipe_drain(NULL, STDOUT_FILENO), -1);
    ck_assert_uint_eq(pipe_held(NULL), 0);
}
END_TEST

START_TEST(bytes_go_in_and_come_out)
{
    static const char text[] = "through the pipe";
    struct pipe *pipe;
    char out[64];
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    pipe = pipe_borrow();
    ck_assert_int_eq((int)pipe_fill(pipe, pair[0]), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(pipe_held(pipe), 0);
    ck_assert_int_eq((int)write(pair[1], text, sizeof text), (int)sizeof text);
    ck_assert_int_eq((int)pipe_fill(pipe, pair[0]), (int)sizeof text);
    ck_assert_uint_eq(pipe_held(pipe), sizeof text);
    ck_assert_int_eq((int)pipe_drain(pipe, pair[0]), (int)sizeof text);
    ck_assert_uint_eq(pipe_held(pipe), 0);
    ck_assert_int_eq((int)read(pair[1], out, sizeof out), (int)sizeof text);
    ck_assert_int_eq(memcmp(out, text, sizeof text), 0);
    shutdown(pair[1], SHUT_WR);
    ck_assert_int_eq((int)pipe_fill(pipe, pair[0]), 0);
    pipe_give_back(pipe);
    pipe_release_all();
    close(pair[0]), close(pair[1]);
}
END_TEST

/* One that still holds bytes is not lent to anybody else. */
START_TEST(bytes_left_over_are_gone)
{
    struct pipe *pipe;
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    pipe = pipe_borrow();
    ck_assert_int_eq((int)write(pair[1], "secret", 6), 6);
    ck_assert_int_eq((int)pipe_fill(pipe, pair[0]), 6);
    pipe_give_back(pipe);
    for (int i = 0; i < 40; i++) {
        pipe = pipe_borrow();
        ck_assert_uint_eq(pipe_held(pipe), 0);
        pipe_give_back(pipe);
    }
    pipe_release_all();
    close(pair[0]), close(pair[1]);
}
END_TEST

/* At most so many are lent at one time; few are kept when they are given back, none after the release. */
START_TEST(the_pool_is_bounded_and_can_be_emptied)
{
    struct pipe *pipes[64];
    int before = unit_descriptors();
    size_t lent = 0;

    while (lent < 64 && (pipes[lent] = pipe_borrow())) {
        for (size_t i = 0; i < lent; i++)
            ck_assert_ptr_ne(pipes[lent], pipes[i]);
        lent++;
    }
    ck_assert(lent >= 8 && lent < 64);
    ck_assert_int_eq(unit_descriptors(), before + 2 * (int)lent);
    pipe_give_back(pipes[--lent]);
    pipes[lent] = pipe_borrow(); /* there is room for one again */
    ck_assert_ptr_nonnull(pipes[lent]);
    ck_assert_ptr_null(pipe_borrow());
    for (size_t i = 0; i <= lent; i++)
        pipe_give_back(pipes[i]);
    ck_assert_int_le(unit_descriptors() - before, 2 * 8);
    pipe_release_all();
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pipe");

    tcase_add_test(cases, when_forbidden_there_is_none);
    if (available()) {
        tcase_add_test(cases, bytes_go_in_and_come_out);
        tcase_add_test(cases, bytes_left_over_are_gone);
        tcase_add_test(cases, the_pool_is_bounded_and_can_be_emptied);
    } else {
        tcase_add_test(cases, there_is_never_one);
    }
    return unit_run();
}
