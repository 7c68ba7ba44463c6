/* SPDX-License-Identifier: ISC */
#include "relay/enrolment.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "relay/relay_users.h"

#include "../terminal.h"
#include "../unit.h"

/* A terminal, a process that asks there, and what that has printed. */
struct scene {
    struct terminal terminal;
    FILE *printed;
    pid_t child;
    char line[1024];
};

static void start(struct scene *scene, const char *name, bool without_terminal)
{
    memset(scene, 0, sizeof *scene);
    terminal_open(&scene->terminal);
    scene->printed = tmpfile();
    ck_assert_ptr_nonnull(scene->printed);
    scene->child = terminal_fork(&scene->terminal, without_terminal);
    if (scene->child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        _exit(enrolment_run(name, scene->printed));
    }
}

/* Waits for the end: the exit status, and scene->line is what was printed. */
static int end(struct scene *scene)
{
    int status;

    ck_assert_int_eq(waitpid(scene->child, &status, 0), scene->child);
    ck_assert(WIFEXITED(status));
    rewind(scene->printed);
    if (!fgets(scene->line, sizeof scene->line, scene->printed))
        scene->line[0] = '\0';
    ck_assert_int_eq(fgetc(scene->printed), EOF);
    fclose(scene->printed);
    terminal_close(&scene->terminal);
    return WEXITSTATUS(status);
}

static void type(struct scene *scene, const char *first, const char *second)
{
    terminal_see(&scene->terminal, ": ", 1);
    terminal_type_text(&scene->terminal, first);
    if (second) {
        terminal_see(&scene->terminal, "again: ", 1);
        terminal_type_text(&scene->terminal, second);
    }
}

static void complain(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

/* What was printed is a line of a users file, once the rest is added, and the password fits. */
START_TEST(the_line_is_one_for_the_users_file)
{
    struct crypt_data data = {0};
    struct relay_users *users;
    struct scene scene;
    const char *hash;
    char text[1200];
    FILE *stream;

    start(&scene, "J\xc3\xb6rg M", false);
    type(&scene, "p\xc3\xa4ss w:rd\n", "p\xc3\xa4ss w:rd\n");
    ck_assert_int_eq(end(&scene), EX_OK);
    ck_assert_ptr_null(strstr(scene.terminal.seen, "ss w:rd"));
    ck_assert_ptr_nonnull(strstr(scene.terminal.seen, "New password for the relay's user J\xc3\xb6rg M: "));
    scene.line[strcspn(scene.line, "\n")] = '\0';
    snprintf(text, sizeof text, "%s:reach=*\n", scene.line);
    stream = fmemopen(text, strlen(text), "r");
    users = relay_users_parse(stream, "users", complain, NULL);
    fclose(stream);
    ck_assert_ptr_nonnull(users);
    hash = relay_user_hash(relay_users_find(users, "J\xc3\xb6rg M"));
    ck_assert_str_eq(crypt_r("p\xc3\xa4ss w:rd", hash, &data), hash);
    ck_assert_int_eq(strncmp(hash, "$y$", 3), 0);
    relay_users_unref(users);
}
END_TEST

START_TEST(each_line_has_a_salt_of_its_own)
{
    struct scene scenes[2];

    for (int i = 0; i < 2; i++) {
        start(&scenes[i], "a", false);
        type(&scenes[i], "pass\n", "pass\n");
        ck_assert_int_eq(end(&scenes[i]), EX_OK);
    }
    ck_assert_str_ne(scenes[0].line, scenes[1].line);
}
END_TEST

START_TEST(two_that_differ_print_nothing)
{
    static const char *const rows[][2] = {{"pass\n", "Pass\n"}, {"pass\n", "pas\n"}, {"pass\n", "passs\n"},
                                          {"pass\n", "\n"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;

        start(&scene, "a", false);
        type(&scene, rows[i][0], rows[i][1]);
        ck_assert_int_eq(end(&scene), EX_DATAERR);
        ck_assert_str_eq(scene.line, "");
    }
}
END_TEST

START_TEST(what_no_client_could_send_is_refused_at_once)
{
    char longest[ENROLMENT_PASSWORD_MAX + 3];
    struct scene scene;

    start(&scene, "a", false);
    type(&scene, "\n", NULL);
    ck_assert_int_eq(end(&scene), EX_DATAERR);
    start(&scene, "a", false);
    type(&scene, "a\tb\n", NULL);
    ck_assert_int_eq(end(&scene), EX_DATAERR);
    memset(longest, 'x', sizeof longest);
    longest[ENROLMENT_PASSWORD_MAX + 1] = '\n';
    longest[ENROLMENT_PASSWORD_MAX + 2] = '\0';
    start(&scene, "a", false);
    type(&scene, longest, NULL);
    ck_assert_int_eq(end(&scene), EX_DATAERR);
    start(&scene, "a", false);
    type(&scene, longest + 1, longest + 1);
    ck_assert_int_eq(end(&scene), EX_OK);
}
END_TEST

START_TEST(the_end_of_input_is_no_password)
{
    struct scene scene;

    start(&scene, "a", false);
    type(&scene, "\x04", NULL);
    ck_assert_int_eq(end(&scene), EX_NOINPUT);
    ck_assert_str_eq(scene.line, "");
    start(&scene, "a", false);
    type(&scene, "pass\n", "\x04");
    ck_assert_int_eq(end(&scene), EX_NOINPUT);
    ck_assert_str_eq(scene.line, "");
}
END_TEST

START_TEST(without_a_terminal_nobody_is_asked)
{
    struct scene scene;

    start(&scene, "a", true);
    ck_assert_int_eq(end(&scene), EX_NOINPUT);
    ck_assert_str_eq(scene.line, "");
}
END_TEST

START_TEST(a_name_that_the_file_cannot_have_is_refused)
{
    static const char *const names[] = {"", "a:b", "a\nb", "#a", "a "};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct scene scene;

        start(&scene, names[i], false);
        ck_assert_int_eq(end(&scene), EX_USAGE);
        ck_assert_str_eq(scene.line, "");
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("enrolment");

    tcase_add_test(cases, the_line_is_one_for_the_users_file);
    tcase_add_test(cases, each_line_has_a_salt_of_its_own);
    tcase_add_test(cases, two_that_differ_print_nothing);
    tcase_add_test(cases, what_no_client_could_send_is_refused_at_once);
    tcase_add_test(cases, the_end_of_input_is_no_password);
    tcase_add_test(cases, without_a_terminal_nobody_is_asked);
    tcase_add_test(cases, a_name_that_the_file_cannot_have_is_refused);
    return unit_run();
}
