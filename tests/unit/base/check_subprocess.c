/* SPDX-License-Identifier: ISC */
#include "base/subprocess.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"

#include "../unit.h"

/* What the linker puts in place of the program's own: the loop may refuse. */
bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);
bool __real_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);
bool __wrap_loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int),
                              void *arg);
bool __real_loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int),
                              void *arg);

static bool refuses_io, refuses_signals;

bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg)
{
    return !refuses_io && __real_loop_io_levels(loop, io, fd, wanted, call, arg);
}

bool __wrap_loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int),
                              void *arg)
{
    return !refuses_signals && __real_loop_signal_start(loop, signal, number, call, arg);
}

struct result {
    unsigned calls;
    int status;
    char output[SUBPROCESS_OUTPUT_MAX + 1];
    size_t length;
    char error[128]; /* "" when there was none */
};

static void on_done(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct result *result = arg;

    result->calls++;
    result->status = status;
    result->length = length;
    ck_assert_uint_le(length, SUBPROCESS_OUTPUT_MAX);
    ck_assert_int_eq(output[length], '\0');
    memcpy(result->output, output, length + 1);
    snprintf(result->error, sizeof result->error, "%s", error ? error : "");
}

static bool is_done(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

/* One that was killed is waited for as long as the system takes to end it. */
static bool no_child_is_left(void *arg)
{
    siginfo_t info;

    (void)arg;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

/* Waits for all children, each of which is to end by a signal. */
static void bury_the_killed(void)
{
    int status;

    while (waitpid(-1, &status, 0) > 0)
        ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(errno, ECHILD);
}

static struct subprocess *start(struct loop *loop, const char *script, char *extra, uint32_t limit_ms,
                                struct result *result)
{
    char text[512], error[128] = "", *argv[] = {(char[]){"sh"}, (char[]){"-c"}, text, NULL};
    struct subprocess *command;

    snprintf(text, sizeof text, "%s", script);
    memset(result, 0, sizeof *result);
    command = subprocess_run(loop, argv, extra, limit_ms, on_done, result, error, sizeof error);
    ck_assert_msg(command != NULL, "%s", error);
    ck_assert_uint_eq(result->calls, 0);
    return command;
}

static void run(const char *script, char *extra, uint32_t limit_ms, struct result *result)
{
    int before = unit_descriptors();
    struct loop *loop = loop_new();

    start(loop, script, extra, limit_ms, result);
    unit_wait(loop, is_done, result);
    unit_wait(loop, no_child_is_left, NULL);
    loop_free(loop);
    ck_assert_uint_eq(result->calls, 1);
    ck_assert_int_eq(unit_descriptors(), before);
}

START_TEST(output_and_status_come_back)
{
    static const struct {
        const char *script, *output;
        int exit;
    } rows[] = {
        {"echo hello", "hello\n", 0}, {"printf secret", "secret", 0}, {"true", "", 0}, {"false", "", 1},
        {"echo a; exit 7", "a\n", 7}, {"echo one; sleep 0.05; echo two", "one\ntwo\n", 0},
        {"no-such-program-anywhere 2>/dev/null", "", 127}, {"echo quiet >&2", "", 0}, {"cat", "", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result result;

        run(rows[i].script, NULL, 30000, &result);
        ck_assert_str_eq(result.error, "");
        ck_assert_str_eq(result.output, rows[i].output);
        ck_assert(WIFEXITED(result.status));
        ck_assert_int_eq(WEXITSTATUS(result.status), rows[i].exit);
    }
}
END_TEST

START_TEST(a_nul_is_a_byte_like_any_other)
{
    struct result result;

    run("printf 'a\\000b'", NULL, 30000, &result);
    ck_assert_uint_eq(result.length, 3);
    ck_assert_int_eq(memcmp(result.output, "a\0b", 3), 0);
}
END_TEST

START_TEST(a_signal_is_in_the_status)
{
    struct result result;

    run("kill -TERM $$", NULL, 30000, &result);
    ck_assert_str_eq(result.error, "");
    ck_assert(WIFSIGNALED(result.status));
    ck_assert_int_eq(WTERMSIG(result.status), SIGTERM);
}
END_TEST

/* Whatever we ignore, the program does not. */
START_TEST(sigpipe_kills_the_program)
{
    struct result result;

    signal(SIGPIPE, SIG_IGN);
    run("kill -PIPE $$; echo survived", NULL, 30000, &result);
    signal(SIGPIPE, SIG_DFL);
    ck_assert(WIFSIGNALED(result.status));
    ck_assert_str_eq(result.output, "");
}
END_TEST

START_TEST(a_variable_can_be_added)
{
    char extra[] = "SALLYPORT_QUESTION=what?";
    struct result result;

    setenv("SALLYPORT_OTHER", "ours", 1);
    run("printf %s \"$SALLYPORT_QUESTION $SALLYPORT_OTHER\"", extra, 30000, &result);
    ck_assert_str_eq(result.output, "what? ours");
    unsetenv("SALLYPORT_OTHER");
}
END_TEST

START_TEST(nothing_of_ours_is_inherited)
{
    int ends[2];
    struct result result;

    ck_assert_int_eq(pipe(ends), 0); /* without close-on-exec, as libraries leave some */
    run("ls /proc/self/fd | wc -l", NULL, 30000, &result);
    ck_assert_msg(strtoul(result.output, NULL, 10) <= 4, "%s descriptors", result.output); /* 0 1 2 and ls's own */
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(the_limit_of_descriptors_is_the_users)
{
    struct rlimit before, raised;
    struct result result;
    char expected[32];

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_gt(before.rlim_max, 200);
    before.rlim_cur = 200; /* what the user has */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    snprintf(expected, sizeof expected, "%lu\n", unit_kernel_descriptors()); /* 200, but under valgrind */
    ck_assert_uint_gt(descriptors_raise(), 200);
    run("ulimit -n", NULL, 30000, &result);
    ck_assert_str_eq(result.output, expected);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &raised), 0);
    ck_assert_uint_eq(raised.rlim_cur, before.rlim_max); /* ours is high again */
}
END_TEST

/* What was started, and cannot be listened to, is ended. */
START_TEST(nothing_is_left_behind_when_the_loop_refuses)
{
    char *argv[] = {(char[]){"sleep"}, (char[]){"60"}, NULL}, error[128] = "";
    int before = unit_descriptors();
    struct loop *loop = loop_new();
    struct result result = {0};

    refuses_io = _i == 0;
    refuses_signals = _i == 1;
    ck_assert_ptr_null(subprocess_run(loop, argv, NULL, 30000, on_done, &result, error, sizeof error));
    refuses_io = refuses_signals = false;
    ck_assert_int_eq(strncmp(error, "cannot run sleep: ", 18), 0);
    bury_the_killed();
    loop_free(loop);
    ck_assert_uint_eq(result.calls, 0);
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

START_TEST(as_much_output_is_kept_as_fits)
{
    static const size_t lengths[] = {SUBPROCESS_OUTPUT_MAX - 1, SUBPROCESS_OUTPUT_MAX, SUBPROCESS_OUTPUT_MAX + 1,
                                     1000000};
    struct result result;
    char script[64];

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t kept = lengths[i] < SUBPROCESS_OUTPUT_MAX ? lengths[i] : SUBPROCESS_OUTPUT_MAX;

        snprintf(script, sizeof script, "head -c %zu /dev/zero | tr '\\0' x", lengths[i]);
        run(script, NULL, 30000, &result);
        ck_assert_str_eq(result.error, "");
        ck_assert_int_eq(result.status, 0);
        ck_assert_uint_eq(result.length, kept);
        ck_assert_uint_eq(strspn(result.output, "x"), kept);
    }
}
END_TEST

START_TEST(endless_output_does_not_hold_us)
{
    struct result result;

    run("yes", NULL, 500, &result);
    ck_assert_int_eq(result.status, -1);
    ck_assert_str_eq(result.error, "took too long");
}
END_TEST

START_TEST(one_that_takes_too_long_is_killed_with_all_it_started)
{
    char path[] = "/tmp/sallyport-check-XXXXXX", script[128];
    int fd = mkstemp(path);
    struct result result;

    ck_assert_int_ge(fd, 0);
    snprintf(script, sizeof script, "(sleep 1; echo late >%s) & echo start; sleep 60", path);
    run(script, NULL, 100, &result);
    ck_assert_str_eq(result.error, "took too long");
    ck_assert_int_eq(result.status, -1);
    sleep(2);
    ck_assert_int_eq((int)lseek(fd, 0, SEEK_END), 0);
    close(fd);
    unlink(path);
}
END_TEST

/* What stays in the background, as an agent does, is not waited for. */
START_TEST(the_end_of_the_program_is_the_end)
{
    struct result result;

    run("sleep 3 & echo hello", NULL, 2000, &result);
    ck_assert_str_eq(result.error, "");
    ck_assert_str_eq(result.output, "hello\n");
}
END_TEST

/* Told at once; or, on systems whose posix_spawn cannot tell (valgrind's is one), by the status of POSIX. */
START_TEST(what_cannot_be_started_is_told)
{
    char name[] = "/nonexistent/program", error[128] = "", *argv[] = {name, NULL};
    struct loop *loop = loop_new();
    int before = unit_descriptors();
    struct result result = {.calls = 0};

    if (subprocess_run(loop, argv, NULL, 30000, on_done, &result, error, sizeof error)) {
        unit_wait(loop, is_done, &result);
        ck_assert(WIFEXITED(result.status));
        ck_assert_int_eq(WEXITSTATUS(result.status), 127);
    } else {
        ck_assert_str_eq(error, "cannot run /nonexistent/program: No such file or directory");
        ck_assert_int_eq(unit_descriptors(), before);
        ck_assert_uint_eq(result.calls, 0);
    }
    loop_free(loop);
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(int *)arg > 50;
}

START_TEST(a_cancelled_one_is_killed_and_never_calls)
{
    struct loop *loop = loop_new();
    struct result result;
    int ticks = 0;

    subprocess_cancel(start(loop, "sleep 60", NULL, 30000, &result));
    subprocess_cancel(NULL);
    unit_wait(loop, no_child_is_left, NULL);
    unit_wait(loop, time_passes, &ticks);
    ck_assert_uint_eq(result.calls, 0);
    loop_free(loop);
}
END_TEST

static bool all_are_done(void *arg)
{
    struct result *results = arg;

    return results[0].calls && results[1].calls && results[2].calls;
}

START_TEST(several_at_once_get_their_own)
{
    struct loop *loop = loop_new();
    struct result results[3];

    start(loop, "sleep 0.1; echo a", NULL, 30000, &results[0]);
    start(loop, "echo b", NULL, 30000, &results[1]);
    start(loop, "sleep 0.05; echo c; exit 3", NULL, 30000, &results[2]);
    unit_wait(loop, all_are_done, results);
    ck_assert_str_eq(results[0].output, "a\n");
    ck_assert_str_eq(results[1].output, "b\n");
    ck_assert_str_eq(results[2].output, "c\n");
    ck_assert_int_eq(WEXITSTATUS(results[2].status), 3);
    loop_free(loop);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("command");

    tcase_add_test(cases, output_and_status_come_back);
    tcase_add_test(cases, a_nul_is_a_byte_like_any_other);
    tcase_add_test(cases, a_signal_is_in_the_status);
    tcase_add_test(cases, sigpipe_kills_the_program);
    tcase_add_test(cases, a_variable_can_be_added);
    tcase_add_test(cases, nothing_of_ours_is_inherited);
    tcase_add_test(cases, the_limit_of_descriptors_is_the_users);
    tcase_add_loop_test(cases, nothing_is_left_behind_when_the_loop_refuses, 0, 2);
    tcase_add_test(cases, as_much_output_is_kept_as_fits);
    tcase_add_test(cases, endless_output_does_not_hold_us);
    tcase_add_test(cases, one_that_takes_too_long_is_killed_with_all_it_started);
    tcase_add_test(cases, the_end_of_the_program_is_the_end);
    tcase_add_test(cases, what_cannot_be_started_is_told);
    tcase_add_test(cases, a_cancelled_one_is_killed_and_never_calls);
    tcase_add_test(cases, several_at_once_get_their_own);
    return unit_run();
}
