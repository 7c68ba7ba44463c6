/* SPDX-License-Identifier: ISC */
#include "auth/password.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/lockout.h"

#include "../terminal.h"
#include "../unit.h"

/* What the linker puts in place of the program's own: the clock stands still, but for what the test says. */
uint64_t __wrap_loop_now(struct loop *loop);

static uint64_t lateness; /* ms */

uint64_t __wrap_loop_now(struct loop *loop)
{
    (void)loop;
    return 1000 + lateness;
}

struct scene {
    struct loop *loop;
    struct passwords *passwords;
};

/* One caller. */
struct caller {
    struct password_fetch *fetch;
    unsigned calls;
    char error[300]; /* "" when there was none */
};

static void on_fetched(void *arg, const char *error)
{
    struct caller *caller = arg;

    caller->calls++;
    snprintf(caller->error, sizeof caller->error, "%s", error ? error : "");
}

static bool was_called(void *arg)
{
    return ((struct caller *)arg)->calls > 0;
}

static void set_up(struct scene *scene)
{
    scene->loop = loop_new();
    scene->passwords = passwords_new(scene->loop);
    ck_assert_ptr_nonnull(scene->passwords);
}

static void tear_down(struct scene *scene)
{
    passwords_free(scene->passwords);
    loop_free(scene->loop);
}

static void fetch(struct scene *scene, const struct proxy_config *proxy, struct caller *caller)
{
    const struct endpoint where = {.host = "proxy.example.net", .port = 3128};

    memset(caller, 0, sizeof *caller);
    caller->fetch = passwords_fetch(scene->passwords, proxy, &where, on_fetched, caller);
    ck_assert_ptr_nonnull(caller->fetch);
    ck_assert_uint_eq(caller->calls, 0);
}

/* Fetches the password of one proxy; then either error or what is known now is to be this. */
static void expect(const struct proxy_config *proxy, const char *password, const char *error)
{
    struct scene scene;
    struct caller caller;

    set_up(&scene);
    ck_assert_ptr_null(passwords_known(scene.passwords, proxy));
    fetch(&scene, proxy, &caller);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_uint_eq(caller.calls, 1);
    ck_assert_str_eq(caller.error, error);
    if (password)
        ck_assert_str_eq(passwords_known(scene.passwords, proxy), password);
    else
        ck_assert_ptr_null(passwords_known(scene.passwords, proxy));
    tear_down(&scene);
}

START_TEST(one_of_the_configuration_is_at_hand)
{
    char word[] = "hunter2";
    struct proxy_config proxy = {.password = word};
    struct scene scene;

    set_up(&scene);
    ck_assert_str_eq(passwords_known(scene.passwords, &proxy), "hunter2");
    passwords_forget(scene.passwords, &proxy);
    passwords_forget(scene.passwords, NULL);
    ck_assert_str_eq(passwords_known(scene.passwords, &proxy), "hunter2");
    tear_down(&scene);
    passwords_free(NULL);
    password_cancel(NULL);
}
END_TEST

START_TEST(the_first_line_of_a_command)
{
    static const char long_one[] = "the password from password-command is too long or has a NUL in it";
    static const char none[] = "no password in the first line from password-command";
    static const struct {
        const char *command, *password, *error;
    } rows[] = {
        {"echo hunter2", "hunter2", ""}, {"printf 'a b\\nc'", "a b", ""}, {"printf 'x\\r\\ny'", "x", ""},
        {"printf ' x '", " x ", ""}, {"printf 'a\\rb\\r\\r\\nc'", "a\rb\r", ""}, {"printf '\\r\\n'", NULL, none},
        {"printf '\\001;\\\\\"\\377\\t\\n'", "\001;\\\"\377\t", ""}, {"yes no | head -n 100000", "no", ""},
        {"sleep 0.2; echo late", "late", ""}, {"echo x; sleep 0.1; echo y >&2", "x", ""}, {"true", NULL, none},
        {"echo; echo x", NULL, none},
        {"exit 3", NULL, "password-command ended with status 3"},
        {"echo x; exit 3", NULL, "password-command ended with status 3"},
        {"kill -9 $$", NULL, "password-command ended with signal 9"},
        {"printf 'a\\000b'", NULL, long_one}, {"printf 'a\\n\\000b'", "a", ""},
        {"printf '\\357\\273\\277x\\n'", "x", ""},
        {"head -c 4095 /dev/zero | tr '\\0' x; printf '\\r'", NULL, long_one},
        {"head -c 4096 /dev/zero | tr '\\0' x", NULL, long_one},
        {"head -c 5000 /dev/zero | tr '\\0' x", NULL, long_one},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_config proxy = {.password_command = strdup(rows[i].command)};

        expect(&proxy, rows[i].password, rows[i].error);
        free(proxy.password_command);
    }
}
END_TEST

START_TEST(the_first_line_of_a_file)
{
    static const char long_one[] = "the password from password-file is too long or has a NUL in it";
    static const char none[] = "no password in the first line from password-file";
    static const struct {
        const char *text;
        size_t length;
        mode_t mode;
        const char *password, *error;
    } rows[] = {
        {"hunter2\nmore\n", 13, 0600, "hunter2", ""}, {"hunter2", 7, 0400, "hunter2", ""},
        {"a;b \r\n", 6, 0600, "a;b ", ""},
        {"\001a\r:\377\r\nx", 8, 0600, "\001a\r:\377", ""}, {"", 0, 0600, NULL, none},
        {"\nx", 2, 0600, NULL, none}, {"\r\nx", 3, 0600, NULL, none},
        {"a\0b\n", 4, 0600, NULL, long_one}, {"a\n\0b\n", 5, 0600, "a", ""},
        {"\xef\xbb\xbfhunter2\r\n", 12, 0600, "hunter2", ""}, {"\xef\xbb\xbf\xef\xbb\xbf", 6, 0600, "\xef\xbb\xbf", ""},
        {"\xef\xbb\xbf\r\n", 5, 0600, NULL, none}, {"\xef\xbb", 2, 0600, "\xef\xbb", ""},
        {"a\xef\xbb\xbf", 4, 0600, "a\xef\xbb\xbf", ""}, {"\xff\xfe", 2, 0600, "\xff\xfe", ""},
        {"\xff\xfex\0\n\0", 6, 0600, NULL, "the password from password-file is in UTF-16: write it in UTF-8"},
        {"\xfe\xff\0x\0\n", 6, 0600, NULL, "the password from password-file is in UTF-16: write it in UTF-8"},
        {"x\n", 2, 0640, NULL, "password-file: others can read it: run `chmod 600` on it"},
        {"x\n", 2, 0604, NULL, "password-file: others can read it: run `chmod 600` on it"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[] = "/tmp/sallyport-check-XXXXXX";
        struct proxy_config proxy = {.password_file = path};
        int fd = mkstemp(path);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq((int)write(fd, rows[i].text, rows[i].length), (int)rows[i].length);
        ck_assert_int_eq(fchmod(fd, rows[i].mode), 0);
        close(fd);
        expect(&proxy, rows[i].password, rows[i].error);
        unlink(path);
        if (i == 0)
            expect(&proxy, NULL, "password-file: No such file or directory");
    }
    expect(&(struct proxy_config){.password_file = (char[]){"/tmp"}}, NULL, "password-file: Is a directory");
}
END_TEST

START_TEST(the_longest_line_of_a_file)
{
    static const size_t lengths[] = {4094, 4095, 4096, 5000};
    char path[] = "/tmp/sallyport-check-XXXXXX", text[5000];
    struct proxy_config proxy = {.password_file = path};
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        bool fits = lengths[i] < 4096;

        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq((int)pwrite(fd, text, lengths[i], 0), (int)lengths[i]);
        ck_assert_int_eq((int)pwrite(fd, "\nmore\n", 6, (off_t)lengths[i]), 6);
        text[fits ? lengths[i] : 0] = '\0';
        expect(&proxy, fits ? text : NULL,
               fits ? "" : "the password from password-file is too long or has a NUL in it");
        text[fits ? lengths[i] : 0] = 'x';
    }
    close(fd);
    unlink(path);
}
END_TEST

/* systemd shows the mask of an access list as the group's bits. */
START_TEST(a_credential)
{
    static const struct {
        mode_t mode;
        const char *password, *error;
    } rows[] = {
        {0400, "hunter2", ""}, {0600, "hunter2", ""}, {0440, "hunter2", ""},
        {0444, NULL, "password-file: others can read it: run `chmod 600` on it"},
        {0460, NULL, "password-file: others can read it: run `chmod 600` on it"},
    };
    char folder[] = "/tmp/sallyport-check-XXXXXX", path[64];
    struct proxy_config proxy = {.password_file = (char[]){"credential:proxy"}};
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/proxy", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq((int)write(fd, "hunter2\n", 8), 8);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(fchmod(fd, rows[i].mode), 0);
        expect(&proxy, rows[i].password, rows[i].error);
    }
    close(fd);
    unlink(path);
    expect(&proxy, NULL, "password-file: No such file or directory");
    rmdir(folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    expect(&proxy, NULL, "password-file: there are no credentials here: CREDENTIALS_DIRECTORY is not set, which "
           "systemd does for a service with LoadCredential=");
}
END_TEST

/* --- sharing, keeping, forgetting --- */

static bool both_were_called(void *arg)
{
    struct caller *callers = arg;

    return callers[0].calls && callers[1].calls;
}

START_TEST(callers_of_one_password_share_one_command)
{
    char path[] = "/tmp/sallyport-check-XXXXXX", text[128];
    struct proxy_config a = {.password_command = text}, b = {.password_command = text};
    struct caller callers[2];
    struct scene scene;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    snprintf(text, sizeof text, "echo ran >>%s; sleep 0.05; echo x", path);
    set_up(&scene);
    fetch(&scene, &a, &callers[0]);
    fetch(&scene, &b, &callers[1]);
    unit_wait(scene.loop, both_were_called, callers);
    ck_assert_str_eq(passwords_known(scene.passwords, &a), "x");
    ck_assert_str_eq(passwords_known(scene.passwords, &b), "x");
    ck_assert_int_eq((int)lseek(fd, 0, SEEK_END), 4); /* once */
    tear_down(&scene);
    close(fd);
    unlink(path);
}
END_TEST

struct twice {
    struct scene scene;
    struct proxy_config proxy;
    struct caller caller;
};

static bool first_came_then_forget(void *arg)
{
    struct twice *twice = arg;

    if (!twice->caller.calls)
        return false;
    ck_assert_str_eq(passwords_known(twice->scene.passwords, &twice->proxy), "1");
    passwords_forget(twice->scene.passwords, &twice->proxy);
    ck_assert_ptr_null(passwords_known(twice->scene.passwords, &twice->proxy));
    fetch(&twice->scene, &twice->proxy, &twice->caller);
    return true;
}

static bool second_came(void *arg)
{
    return ((struct twice *)arg)->caller.calls > 0;
}

START_TEST(a_forgotten_one_is_fetched_again)
{
    static unit_step_fn *const steps[] = {first_came_then_forget, second_came, NULL};
    char path[] = "/tmp/sallyport-check-XXXXXX", text[128];
    struct twice twice = {.proxy.password_command = text};
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    snprintf(text, sizeof text, "echo >>%s; wc -l <%s", path, path);
    set_up(&twice.scene);
    fetch(&twice.scene, &twice.proxy, &twice.caller);
    unit_walk(twice.scene.loop, steps, &twice);
    ck_assert_str_eq(passwords_known(twice.scene.passwords, &twice.proxy), "2");
    tear_down(&twice.scene);
    close(fd);
    unlink(path);
}
END_TEST

/* A command that counts how often it was run, and fails until the test lets it print something. */
struct failing {
    struct scene scene;
    char path[40], text[200];
    struct proxy_config proxy;
};

static void set_up_failing(struct failing *failing)
{
    int fd;

    snprintf(failing->path, sizeof failing->path, "/tmp/sallyport-check-XXXXXX");
    fd = mkstemp(failing->path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(failing->text, sizeof failing->text, "echo >>%s; test -e %s.good && wc -l <%s", failing->path,
             failing->path, failing->path);
    failing->proxy = (struct proxy_config){.password_command = failing->text};
    set_up(&failing->scene);
    lateness = 0;
}

static void tear_down_failing(struct failing *failing)
{
    lateness = 0;
    tear_down(&failing->scene);
    unlink(failing->path);
}

static void check_fetch(struct failing *failing, const char *error, long runs)
{
    struct caller caller;
    struct stat status;

    fetch(&failing->scene, &failing->proxy, &caller);
    unit_wait(failing->scene.loop, was_called, &caller);
    ck_assert_uint_eq(caller.calls, 1);
    ck_assert_str_eq(caller.error, error);
    ck_assert_int_eq(stat(failing->path, &status), 0);
    ck_assert_int_eq(status.st_size, runs); /* a line each */
}

#define FAILED "password-command ended with status 1"
#define SPARED(seconds) FAILED "; it is not run again for " seconds " s, or until `sallyport reload`"

START_TEST(a_command_that_fails_rests)
{
    struct failing failing;

    set_up_failing(&failing);
    check_fetch(&failing, FAILED, 1);
    for (int i = 0; i < 10; i++)
        check_fetch(&failing, SPARED("30"), 1);
    lateness = 20000;
    check_fetch(&failing, SPARED("10"), 1);
    lateness = 30000;
    check_fetch(&failing, FAILED, 2);
    check_fetch(&failing, SPARED("60"), 2); /* twice as long */
    for (int run = 3; run < 8; run++) {
        lateness += LOCKOUT_REST_MAX_MS;
        check_fetch(&failing, FAILED, run);
    }
    check_fetch(&failing, SPARED("300"), 7); /* and no longer than that */
    tear_down_failing(&failing);
}
END_TEST

START_TEST(a_success_or_a_reload_ends_the_rest)
{
    struct failing failing;
    char good[50];
    int fd;

    set_up_failing(&failing);
    check_fetch(&failing, FAILED, 1);
    passwords_forget(failing.scene.passwords, &failing.proxy); /* a proxy's refusal does not */
    check_fetch(&failing, SPARED("30"), 1);
    passwords_forget(failing.scene.passwords, NULL);
    check_fetch(&failing, FAILED, 2);
    check_fetch(&failing, SPARED("30"), 2); /* it begins anew */
    snprintf(good, sizeof good, "%s.good", failing.path);
    fd = open(good, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    lateness = 30000;
    check_fetch(&failing, "", 3);
    ck_assert_str_eq(passwords_known(failing.scene.passwords, &failing.proxy), "3");
    unlink(good);
    passwords_forget(failing.scene.passwords, &failing.proxy);
    check_fetch(&failing, FAILED, 4);
    check_fetch(&failing, SPARED("30"), 4);
    tear_down_failing(&failing);
}
END_TEST

START_TEST(in_another_network_a_command_is_run_again)
{
    struct failing failing;

    set_up_failing(&failing);
    check_fetch(&failing, FAILED, 1);
    lateness = 30000;
    check_fetch(&failing, FAILED, 2);
    check_fetch(&failing, SPARED("60"), 2);
    passwords_renew(failing.scene.passwords);
    check_fetch(&failing, FAILED, 3);
    check_fetch(&failing, SPARED("30"), 3); /* it begins anew */
    tear_down_failing(&failing);
}
END_TEST

START_TEST(only_that_proxys_is_forgotten)
{
    char one[] = "echo 1", two[] = "echo 2";
    struct proxy_config a = {.password_command = one}, b = {.password_command = two};
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    fetch(&scene, &a, &callers[0]);
    fetch(&scene, &b, &callers[1]);
    unit_wait(scene.loop, both_were_called, callers);
    passwords_forget(scene.passwords, &a);
    ck_assert_ptr_null(passwords_known(scene.passwords, &a));
    ck_assert_str_eq(passwords_known(scene.passwords, &b), "2");
    passwords_forget(scene.passwords, NULL);
    ck_assert_ptr_null(passwords_known(scene.passwords, &b));
    tear_down(&scene);
}
END_TEST

/* --- giving up --- */

START_TEST(a_cancelled_caller_is_not_called)
{
    char text[] = "sleep 0.05; echo x";
    struct proxy_config proxy = {.password_command = text};
    struct caller callers[3];
    struct scene scene;

    set_up(&scene);
    for (int i = 0; i < 3; i++)
        fetch(&scene, &proxy, &callers[i]);
    password_cancel(callers[1].fetch);
    unit_wait(scene.loop, was_called, &callers[0]);
    ck_assert_uint_eq(callers[0].calls + callers[2].calls, 2);
    ck_assert_uint_eq(callers[1].calls, 0);
    tear_down(&scene);
}
END_TEST

START_TEST(all_may_be_freed_while_callers_wait)
{
    char command[] = "sleep 60", file[] = "/nonexistent";
    struct proxy_config slow = {.password_command = command}, quick = {.password_file = file};
    struct caller callers[2];
    struct scene scene;

    set_up(&scene);
    fetch(&scene, &slow, &callers[0]);
    fetch(&scene, &quick, &callers[1]);
    tear_down(&scene);
    ck_assert_uint_eq(callers[0].calls + callers[1].calls, 0);
}
END_TEST

/* A caller that is told and at once wants the next try, as after a refusal. */
struct insistent {
    struct scene scene;
    struct proxy_config proxy;
    unsigned calls;
};

static void on_fetched_once(void *arg, const char *error)
{
    struct insistent *insistent = arg;

    ck_assert_ptr_null(error);
    if (++insistent->calls == 2)
        return;
    passwords_forget(insistent->scene.passwords, &insistent->proxy);
    ck_assert_ptr_nonnull(passwords_fetch(insistent->scene.passwords, &insistent->proxy, NULL, on_fetched_once, arg));
    ck_assert_uint_eq(insistent->calls, 1);
}

static bool was_called_twice(void *arg)
{
    return ((struct insistent *)arg)->calls == 2;
}

START_TEST(who_fetches_from_within_waits_for_a_fetch_of_its_own)
{
    char text[] = "echo x";
    struct insistent insistent = {.proxy.password_command = text};

    set_up(&insistent.scene);
    ck_assert_ptr_nonnull(passwords_fetch(insistent.scene.passwords, &insistent.proxy, NULL, on_fetched_once,
                                          &insistent));
    unit_wait(insistent.scene.loop, was_called_twice, &insistent);
    ck_assert_str_eq(passwords_known(insistent.scene.passwords, &insistent.proxy), "x");
    tear_down(&insistent.scene);
}
END_TEST

/* --- a person is asked --- */

static struct proxy_config fred = {.label = (char[]){""}, .user = (char[]){"fr\033d"}};
static struct proxy_config jane = {.label = (char[]){"work"}, .user = (char[]){"jane"}};

static const char fred_is_asked[] = "Password of fr\\x1bd at http://proxy.example.net:3128: ";
static const char jane_is_asked[] = "Password of jane at http://proxy.example.net:3128: ";

/* Runs play in a process of its own at that terminal, where it may ask; then the terminal is to be as it was. */
static pid_t at_terminal(struct terminal *terminal, void (*play)(struct scene *scene))
{
    struct scene scene;
    pid_t child;

    terminal_open(terminal);
    child = terminal_fork(terminal, false);
    if (child > 0)
        return child;
    set_up(&scene);
    passwords_allow_prompt(scene.passwords);
    play(&scene);
    tear_down(&scene);
    _exit(EXIT_SUCCESS);
}

static void played_well(struct terminal *terminal, pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "status %x", (unsigned)status);
    ck_assert(terminal_echoes(terminal));
    terminal_close(terminal);
}

static void share(struct scene *scene)
{
    struct caller callers[2];

    fetch(scene, &fred, &callers[0]);
    fetch(scene, &fred, &callers[1]);
    unit_wait(scene->loop, both_were_called, callers);
    ck_assert_str_eq(callers[0].error, "");
    ck_assert_str_eq(passwords_known(scene->passwords, &fred), "hunter2");
    ck_assert_ptr_null(passwords_known(scene->passwords, &jane));
}

START_TEST(callers_share_one_question)
{
    struct terminal terminal;
    pid_t child = at_terminal(&terminal, share);

    terminal_see(&terminal, fred_is_asked, 1);
    ck_assert(!terminal_echoes(&terminal));
    terminal_type_text(&terminal, "hunter2\n");
    played_well(&terminal, child);
}
END_TEST

static void ask_both(struct scene *scene)
{
    struct caller callers[2];

    fetch(scene, &fred, &callers[0]);
    fetch(scene, &jane, &callers[1]);
    unit_wait(scene->loop, both_were_called, callers);
    ck_assert_str_eq(callers[0].error, "no password in the first line from the terminal");
    ck_assert_str_eq(callers[1].error, "");
    ck_assert_ptr_null(passwords_known(scene->passwords, &fred));
    ck_assert_str_eq(passwords_known(scene->passwords, &jane), "two");
}

START_TEST(questions_come_one_after_the_other)
{
    struct terminal terminal;
    pid_t child = at_terminal(&terminal, ask_both);

    terminal_see(&terminal, fred_is_asked, 1);
    ck_assert_ptr_null(strstr(terminal.seen, jane_is_asked));
    terminal_type_text(&terminal, "\n");
    terminal_see(&terminal, jane_is_asked, 1);
    terminal_type_text(&terminal, "two\n");
    played_well(&terminal, child);
}
END_TEST

static bool first_answer_then_refuse(void *arg)
{
    struct twice *twice = arg;

    if (!twice->caller.calls)
        return false;
    ck_assert_str_eq(passwords_known(twice->scene.passwords, &fred), "wrong");
    passwords_forget(twice->scene.passwords, &fred);
    fetch(&twice->scene, &fred, &twice->caller);
    return true;
}

static void ask_twice(struct scene *scene)
{
    static unit_step_fn *const steps[] = {first_answer_then_refuse, second_came, NULL};
    struct twice twice = {.scene = *scene};

    fetch(scene, &fred, &twice.caller);
    unit_walk(scene->loop, steps, &twice);
    ck_assert_str_eq(passwords_known(scene->passwords, &fred), "right");
}

START_TEST(a_refused_answer_is_asked_for_again)
{
    struct terminal terminal;
    pid_t child = at_terminal(&terminal, ask_twice);

    terminal_see(&terminal, fred_is_asked, 1);
    terminal_type_text(&terminal, "wrong\n");
    terminal_see(&terminal, fred_is_asked, 2);
    terminal_type_text(&terminal, "right\n");
    played_well(&terminal, child);
}
END_TEST

static void withdraw(struct scene *scene)
{
    struct caller callers[4];

    for (int i = 0; i < 4; i++)
        fetch(scene, i == 2 ? &jane : &fred, &callers[i]);
    password_cancel(callers[0].fetch);
    password_cancel(callers[3].fetch);
    password_cancel(callers[1].fetch);
    unit_wait(scene->loop, was_called, &callers[2]);
    ck_assert_uint_eq(callers[0].calls + callers[1].calls + callers[3].calls, 0);
    ck_assert_str_eq(passwords_known(scene->passwords, &jane), "two");
    fetch(scene, &fred, &callers[0]); /* stands open when all is freed */
}

START_TEST(a_question_that_nobody_waits_for_is_withdrawn)
{
    struct terminal terminal;
    pid_t child = at_terminal(&terminal, withdraw);

    terminal_see(&terminal, jane_is_asked, 1);
    terminal_type_text(&terminal, "two\n");
    terminal_see(&terminal, fred_is_asked, 2);
    played_well(&terminal, child);
}
END_TEST

/* At a terminal, but not allowed to; allowed to, but without one. */
START_TEST(nobody_is_asked_unless_allowed_and_there)
{
    static const char *const errors[] = {
        "no password for the user: set password-command, password-file or password",
        "no password, and no terminal to ask for one on: set password-command, password-file or password",
    };

    for (int allowed = 0; allowed <= 1; allowed++) {
        struct terminal terminal;
        pid_t child;

        terminal_open(&terminal);
        child = terminal_fork(&terminal, allowed);
        if (child == 0) {
            struct caller caller;
            struct scene scene;

            set_up(&scene);
            if (allowed)
                passwords_allow_prompt(scene.passwords);
            fetch(&scene, &fred, &caller);
            unit_wait(scene.loop, was_called, &caller);
            ck_assert_str_eq(caller.error, errors[allowed]);
            tear_down(&scene);
            _exit(EXIT_SUCCESS);
        }
        played_well(&terminal, child);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("secret");

    tcase_add_test(cases, one_of_the_configuration_is_at_hand);
    tcase_add_test(cases, the_first_line_of_a_command);
    tcase_add_test(cases, the_first_line_of_a_file);
    tcase_add_test(cases, the_longest_line_of_a_file);
    tcase_add_test(cases, a_credential);
    tcase_add_test(cases, callers_of_one_password_share_one_command);
    tcase_add_test(cases, a_forgotten_one_is_fetched_again);
    tcase_add_test(cases, a_command_that_fails_rests);
    tcase_add_test(cases, a_success_or_a_reload_ends_the_rest);
    tcase_add_test(cases, in_another_network_a_command_is_run_again);
    tcase_add_test(cases, only_that_proxys_is_forgotten);
    tcase_add_test(cases, a_cancelled_caller_is_not_called);
    tcase_add_test(cases, all_may_be_freed_while_callers_wait);
    tcase_add_test(cases, who_fetches_from_within_waits_for_a_fetch_of_its_own);
    tcase_add_test(cases, nobody_is_asked_unless_allowed_and_there);
    tcase_add_test(cases, callers_share_one_question);
    tcase_add_test(cases, questions_come_one_after_the_other);
    tcase_add_test(cases, a_refused_answer_is_asked_for_again);
    tcase_add_test(cases, a_question_that_nobody_waits_for_is_withdrawn);
    return unit_run();
}
