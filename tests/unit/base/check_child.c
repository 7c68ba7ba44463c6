/* SPDX-License-Identifier: ISC */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"

#include "../unit.h"

static struct loop *loop;
static unsigned told;
static int status;

static void on_ended(void *arg, int with)
{
    ck_assert_ptr_eq(arg, &told);
    told++;
    status = with;
}

/* What the linker puts in place of waitpid: a process that is slow to end, while slow. */
static bool slow;

pid_t __real_waitpid(pid_t pid, int *how, int options);
pid_t __wrap_waitpid(pid_t pid, int *how, int options);

pid_t __wrap_waitpid(pid_t pid, int *how, int options)
{
    return slow ? 0 : __real_waitpid(pid, how, options);
}

static void set_up(void)
{
    slow = false;
    loop = loop_new();
    told = 0;
}

static void tear_down(void)
{
    loop_free(loop);
    ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* no zombie is left */
}

/* Runs sh. */
static struct child *start(const char *script, char *const *environment, int input, int output)
{
    char text[256], *argv[] = {(char[]){"sh"}, (char[]){"-c"}, text, NULL};
    struct child_params params = {
        .loop = loop, .argv = argv, .environment = environment, .descriptors = {input, output, -1},
        .ended = on_ended, .arg = &told,
    };
    struct child *child;

    snprintf(text, sizeof text, "%s", script);
    child = child_start(&params);
    ck_assert_ptr_nonnull(child);
    ck_assert_uint_eq(told, 0);
    return child;
}

static bool was_told(void *arg)
{
    return *(unsigned *)arg > 0;
}

static void await_end(void)
{
    unit_wait(loop, was_told, &told);
    ck_assert_uint_eq(told, 1);
}

START_TEST(its_end_is_told)
{
    start("exit 7", NULL, -1, -1);
    await_end();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
END_TEST

/* Reads all that it says. */
static const char *said_by(const char *script, char *const *environment)
{
    static char text[4096];
    size_t length = 0;
    ssize_t got;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    start(script, environment, -1, ends[1]);
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(ends[0]);
    await_end();
    told = 0;
    return text;
}

START_TEST(it_has_the_descriptors_that_it_was_given)
{
    int ends[2];
    char byte;

    ck_assert_int_eq(pipe2(ends, 0), 0); /* without close-on-exec */
    ck_assert_str_eq(said_by("cat; echo lost >&2; cd /proc/self/fd && echo *", NULL), "0 1 2 3\n"); /* that of sh */
    close(ends[0]), close(ends[1]);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    start("read -r line; [ \"$line\" = hello ]", NULL, ends[0], -1);
    ck_assert_int_eq(write(ends[1], "hello\n", 6), 6);
    await_end();
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_lt(read(ends[0], &byte, 1), 0); /* it is still ours */
    ck_assert_int_eq(errno, EAGAIN);
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(it_has_our_environment_or_another)
{
    char only[] = "SALLYPORT_ONLY=this", *environment[] = {only, NULL};

    setenv("SALLYPORT_OTHER", "ours", 1);
    ck_assert_str_eq(said_by("echo $SALLYPORT_OTHER", NULL), "ours\n");
    ck_assert_str_eq(said_by("echo $SALLYPORT_OTHER,$SALLYPORT_ONLY", environment), ",this\n");
    unsetenv("SALLYPORT_OTHER");
}
END_TEST

/* Whatever we ignore or block, the program does not. */
START_TEST(signals_are_as_a_program_expects_them)
{
    sigset_t blocked;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    start("kill -PIPE $$; exit 7", NULL, -1, -1);
    await_end();
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    told = 0;
    start("kill -TERM $$; exit 7", NULL, -1, -1);
    await_end();
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_DFL);
}
END_TEST

START_TEST(it_has_the_limit_of_descriptors_that_we_began_with)
{
    struct rlimit ours, before, raised, after;
    char expected[32];

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &ours), 0);
    before = ours;
    before.rlim_cur = 200;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    snprintf(expected, sizeof expected, "%lu\n", unit_kernel_descriptors()); /* 200, but under valgrind */
    (void)descriptors_raise();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &raised), 0);
    ck_assert_str_eq(said_by("ulimit -n", NULL), expected);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &after), 0);
    ck_assert_uint_eq(after.rlim_cur, raised.rlim_cur); /* ours is as it was */
    (void)descriptors_restore();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &ours), 0);
}
END_TEST

/* Whether nobody has the other end of the pipe any more, or soon. */
static bool is_let_go(int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&end, 1, 10000) == 1 && read(fd, &byte, 1) == 0;
}

static bool time_passes(void *arg)
{
    return ++*(int *)arg > 20;
}

START_TEST(one_that_is_ended_is_killed_with_all_it_started)
{
    int ends[2], ticks = 0, result;
    struct child *child;
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    child = start("sleep 60 & echo; wait", NULL, -1, ends[1]);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    result = child_end(child);
    ck_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    ck_assert(is_let_go(ends[0]));
    close(ends[0]);
    unit_wait(loop, time_passes, &ticks);
    ck_assert_uint_eq(told, 0);
    ck_assert_int_eq(child_end(NULL), CHILD_STATUS_UNKNOWN);
}
END_TEST

/* One is reaped by the loop, the other is left to who ends the loop. */
START_TEST(one_that_does_not_end_at_once_is_let_go)
{
    struct child *first = start("exec sleep 60", NULL, -1, -1), *second = start("exec sleep 60", NULL, -1, -1);
    int ticks = 0;

    slow = true;
    ck_assert_int_eq(child_end(first), CHILD_STATUS_UNKNOWN);
    ck_assert_int_eq(child_end(second), CHILD_STATUS_UNKNOWN);
    slow = false;
    unit_wait(loop, time_passes, &ticks);
    ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    first = start("exec sleep 60", NULL, -1, -1);
    slow = true;
    ck_assert_int_eq(child_end(first), CHILD_STATUS_UNKNOWN);
    child_forget_unreaped(loop);
    slow = false;
    ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
    ck_assert_uint_eq(told, 0);
}
END_TEST

/* Its own status counts if it was faster. */
START_TEST(the_end_says_what_it_has_ended_with)
{
    int ends[2], result;
    struct child *child;
    siginfo_t info;
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    child = start("exit 5", NULL, -1, ends[1]);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    result = child_end(child);
    ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 5);
}
END_TEST

static void __attribute__((noreturn)) answer(void *run_arg)
{
    _exit(*(int *)run_arg);
}

static void __attribute__((noreturn)) hold(void *run_arg)
{
    (void)run_arg;
    for (;;)
        pause();
}

static void __attribute__((noreturn)) signal_itself(void *run_arg)
{
    raise(SIGTERM);
    _exit(*(int *)run_arg);
}

START_TEST(a_function_of_ours_is_deaf)
{
    int code = 3;

    ck_assert_ptr_nonnull(child_fork(loop, signal_itself, &code, on_ended, &told));
    await_end();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}
END_TEST

#ifdef LINUX_WAYS
static void __attribute__((noreturn)) say_and_hold(void *run_arg)
{
    (void)!write(STDOUT_FILENO, "x", 1);
    hold(run_arg);
}

START_TEST(a_function_of_ours_ends_with_us)
{
    int ends[2];
    char byte;
    pid_t us;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    us = fork();
    ck_assert_int_ge(us, 0);
    if (us == 0) {
        dup2(ends[1], STDOUT_FILENO);
        if (child_fork(loop_new(), say_and_hold, NULL, on_ended, &told))
            hold(NULL);
        _exit(1);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    kill(us, SIGKILL);
    ck_assert_int_eq(waitpid(us, NULL, 0), us);
    ck_assert(is_let_go(ends[0]));
    close(ends[0]);
}
END_TEST
#endif

START_TEST(a_function_of_ours_can_be_one)
{
    int code = 42, ends[2], result;
    struct child *child;
    char byte;

    ck_assert_ptr_nonnull(child_fork(loop, answer, &code, on_ended, &told));
    await_end();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    ck_assert_int_eq(pipe(ends), 0);
    child = child_fork(loop, hold, NULL, on_ended, &told);
    ck_assert_ptr_nonnull(child);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* what we close is closed there, too */
    close(ends[0]);
    result = child_end(child);
    ck_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    ck_assert_uint_eq(told, 1);
}
END_TEST

/* Told at once; or, on systems whose posix_spawn cannot tell (valgrind's is one), by the status of POSIX. */
START_TEST(what_cannot_be_started_is_told)
{
    char name[] = "/nonexistent/program", *argv[] = {name, NULL};
    struct child_params params = {
        .loop = loop, .argv = argv, .descriptors = {-1, -1, -1}, .ended = on_ended, .arg = &told,
    };
    struct child *child = child_start(&params);

    if (child) {
        await_end();
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 127);
    } else {
        ck_assert_int_eq(errno, ENOENT);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("child");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, its_end_is_told);
    tcase_add_test(cases, it_has_the_descriptors_that_it_was_given);
    tcase_add_test(cases, it_has_our_environment_or_another);
    tcase_add_test(cases, signals_are_as_a_program_expects_them);
    tcase_add_test(cases, it_has_the_limit_of_descriptors_that_we_began_with);
    tcase_add_test(cases, one_that_is_ended_is_killed_with_all_it_started);
    tcase_add_test(cases, one_that_does_not_end_at_once_is_let_go);
    tcase_add_test(cases, the_end_says_what_it_has_ended_with);
    tcase_add_test(cases, a_function_of_ours_is_deaf);
#ifdef LINUX_WAYS
    tcase_add_test(cases, a_function_of_ours_ends_with_us);
#endif
    tcase_add_test(cases, a_function_of_ours_can_be_one);
    tcase_add_test(cases, what_cannot_be_started_is_told);
    return unit_run();
}
