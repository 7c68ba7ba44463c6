#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

struct scene {
    struct loop *loop;
    struct secrets *secrets;
};

/* One caller. */
struct caller {
    struct secret_fetch *fetch;
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
    scene->secrets = secrets_new(scene->loop);
    ck_assert_ptr_nonnull(scene->secrets);
}

static void tear_down(struct scene *scene)
{
    secrets_free(scene->secrets);
    loop_free(scene->loop);
}

static void fetch(struct scene *scene, const struct proxy_config *proxy, struct caller *caller)
{
    memset(caller, 0, sizeof *caller);
    caller->fetch = secrets_fetch(scene->secrets, proxy, on_fetched, caller);
    ck_assert_ptr_nonnull(caller->fetch);
    ck_assert_uint_eq(caller->calls, 0);
}

/* Fetches the password of one proxy; then either error or what is known now is to be this. */
static void expect(const struct proxy_config *proxy, const char *password, const char *error)
{
    struct scene scene;
    struct caller caller;

    set_up(&scene);
    ck_assert_ptr_null(secrets_known(scene.secrets, proxy));
    fetch(&scene, proxy, &caller);
    unit_wait(scene.loop, was_called, &caller);
    ck_assert_uint_eq(caller.calls, 1);
    ck_assert_str_eq(caller.error, error);
    if (password)
        ck_assert_str_eq(secrets_known(scene.secrets, proxy), password);
    else
        ck_assert_ptr_null(secrets_known(scene.secrets, proxy));
    tear_down(&scene);
}

START_TEST(one_of_the_configuration_is_at_hand)
{
    char word[] = "hunter2";
    struct proxy_config proxy = {.password = word};
    struct scene scene;

    set_up(&scene);
    ck_assert_str_eq(secrets_known(scene.secrets, &proxy), "hunter2");
    secrets_forget(scene.secrets, &proxy);
    secrets_forget(scene.secrets, NULL);
    ck_assert_str_eq(secrets_known(scene.secrets, &proxy), "hunter2");
    tear_down(&scene);
    secrets_free(NULL);
    secret_cancel(NULL);
}
END_TEST

START_TEST(the_first_line_of_a_command)
{
    static const char long_one[] = "the password that password-command gives is too long or has a NUL in it";
    static const struct {
        const char *command, *password, *error;
    } rows[] = {
        {"echo hunter2", "hunter2", ""}, {"printf 'a b\\nc'", "a b", ""}, {"printf 'x\\r\\ny'", "x", ""},
        {"printf ' x '", " x ", ""}, {"true", NULL, "no password in what password-command gives"},
        {"echo; echo x", NULL, "no password in what password-command gives"},
        {"exit 3", NULL, "password-command ended with status 3"},
        {"echo x; exit 3", NULL, "password-command ended with status 3"},
        {"kill -9 $$", NULL, "password-command ended with signal 9"},
        {"printf 'a\\000b'", NULL, long_one}, {"head -c 4096 /dev/zero | tr '\\0' x", NULL, long_one},
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
    static const char long_one[] = "the password that password-file gives is too long or has a NUL in it";
    static const struct {
        const char *text;
        size_t length;
        mode_t mode;
        const char *password, *error;
    } rows[] = {
        {"hunter2\nmore\n", 13, 0600, "hunter2", ""}, {"hunter2", 7, 0400, "hunter2", ""},
        {"a;b \r\n", 6, 0600, "a;b ", ""},
        {"", 0, 0600, NULL, "no password in what password-file gives"}, {"\nx", 2, 0600, NULL, "no password in what "
                                                                                            "password-file gives"},
        {"a\0b\n", 4, 0600, NULL, long_one},
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
    ck_assert_str_eq(secrets_known(scene.secrets, &a), "x");
    ck_assert_str_eq(secrets_known(scene.secrets, &b), "x");
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
    ck_assert_str_eq(secrets_known(twice->scene.secrets, &twice->proxy), "1");
    secrets_forget(twice->scene.secrets, &twice->proxy);
    ck_assert_ptr_null(secrets_known(twice->scene.secrets, &twice->proxy));
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
    ck_assert_str_eq(secrets_known(twice.scene.secrets, &twice.proxy), "2");
    tear_down(&twice.scene);
    close(fd);
    unlink(path);
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
    secrets_forget(scene.secrets, &a);
    ck_assert_ptr_null(secrets_known(scene.secrets, &a));
    ck_assert_str_eq(secrets_known(scene.secrets, &b), "2");
    secrets_forget(scene.secrets, NULL);
    ck_assert_ptr_null(secrets_known(scene.secrets, &b));
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
    secret_cancel(callers[1].fetch);
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

int main(void)
{
    TCase *cases = unit_case("secret");

    tcase_add_test(cases, one_of_the_configuration_is_at_hand);
    tcase_add_test(cases, the_first_line_of_a_command);
    tcase_add_test(cases, the_first_line_of_a_file);
    tcase_add_test(cases, callers_of_one_password_share_one_command);
    tcase_add_test(cases, a_forgotten_one_is_fetched_again);
    tcase_add_test(cases, only_that_proxys_is_forgotten);
    tcase_add_test(cases, a_cancelled_caller_is_not_called);
    tcase_add_test(cases, all_may_be_freed_while_callers_wait);
    return unit_run();
}
