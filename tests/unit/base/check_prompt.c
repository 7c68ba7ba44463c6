/* SPDX-License-Identifier: ISC */
#include "base/prompt.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../terminal.h"
#include "../unit.h"

#define QUESTION "Password of fred: "
#define ALIVE 7 /* exit status of a process that asked and lived on */

/* A terminal, a process that asks on it, and the pipe over which it tells what came of it. */
struct scene {
    struct terminal terminal;
    int told, tell;
    pid_t child;
};

/* What the asking process is told to be like. */
struct asker {
    const struct scene *scene;
    int ignored, caught; /* a signal, or 0 */
    unsigned times_caught;
    bool in_background, without_terminal, cancels, shown;
    struct loop *loop;
    struct loop_timer end;
    struct prompt *prompt;
};

/* --- the process that asks --- */

static void __attribute__((format(printf, 2, 3))) tell(const struct asker *asker, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vdprintf(asker->scene->tell, format, values);
    va_end(values);
}

static void on_time_to_stop(void *arg)
{
    struct asker *asker = arg;

    loop_stop(asker->loop);
}

static void on_done(void *arg, const char *line, size_t length, const char *error)
{
    struct asker *asker = arg;

    if (line)
        tell(asker, "%zu:%s\n", length, line[length] ? "no NUL behind it" : line);
    else
        tell(asker, "%s\n", error);
    loop_timer_start(asker->loop, &asker->end, 1, on_time_to_stop, asker); /* a signal sent just now comes before */
}

static void on_caught(void *arg, int number)
{
    struct asker *asker = arg;

    asker->times_caught += number == asker->caught;
}

static void on_time_to_cancel(void *arg)
{
    struct asker *asker = arg;

    prompt_cancel(asker->prompt);
    tell(asker, "cancelled\n");
    loop_stop(asker->loop);
}

static void __attribute__((noreturn)) ask(struct asker *asker)
{
    struct loop_signal other = {.call = NULL};
    struct loop_timer timer = {.call = NULL};

    asker->loop = loop_new();
    if (asker->ignored)
        signal(asker->ignored, SIG_IGN);
    if (asker->caught)
        loop_signal_start(asker->loop, &other, asker->caught, on_caught, asker);
    asker->prompt = (asker->shown ? prompt_start_shown : prompt_start)(asker->loop, QUESTION, on_done, asker);
    if (!asker->prompt)
        tell(asker, "nobody to ask\n");
    if (asker->cancels)
        loop_timer_start(asker->loop, &timer, 0, on_time_to_cancel, asker);
    if (asker->prompt)
        loop_run(asker->loop);
    if (asker->caught)
        tell(asker, "caught %u\n", asker->times_caught);
    loop_signal_stop(&other);
    loop_free(asker->loop);
    _exit(ALIVE);
}

/* In the background, the one that asks is a child of the one that leads the session. */
static void __attribute__((noreturn)) live(struct asker *asker)
{
    int status;
    pid_t child;

    if (!asker->in_background)
        ask(asker);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        ask(asker);
    }
    waitpid(child, &status, WUNTRACED);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

/* --- the person --- */

static void set_up(struct scene *scene)
{
    int ends[2];

    terminal_open(&scene->terminal);
    ck_assert_int_eq(pipe(ends), 0);
    scene->told = ends[0];
    scene->tell = ends[1];
}

static void start(struct scene *scene, struct asker asker)
{
    asker.scene = scene;
    scene->child = terminal_fork(&scene->terminal, asker.without_terminal);
    if (scene->child == 0)
        live(&asker);
    close(scene->tell);
}

/* The asking process has told this; it lived on or died of that signal; the terminal is as before and holds nothing. */
static void expect(struct scene *scene, const char *told, int death)
{
    char text[2048];
    size_t length = 0;
    ssize_t got;
    int status;

    while ((got = read(scene->told, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    ck_assert_str_eq(text, told);
    ck_assert_int_eq(waitpid(scene->child, &status, 0), scene->child);
    if (death) {
        ck_assert_msg(WIFSIGNALED(status), "status %x, not by signal %d", (unsigned)status, death);
        ck_assert_int_eq(WTERMSIG(status), death);
    } else {
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == ALIVE, "status %x", (unsigned)status);
    }
    ck_assert(terminal_echoes(&scene->terminal));
    ck_assert_int_eq(terminal_unread(&scene->terminal), 0);
    terminal_close(&scene->terminal);
    close(scene->told);
}

/* A scene in which the question has been read. */
static void begin(struct scene *scene, struct asker asker)
{
    set_up(scene);
    start(scene, asker);
    terminal_see(&scene->terminal, QUESTION, 1);
    ck_assert(!terminal_echoes(&scene->terminal));
}

/* --- answers --- */

START_TEST(a_line_is_read_and_not_shown)
{
    static const struct {
        const char *typed, *told;
    } rows[] = {
        {"hunter2\n", "7:hunter2\n"}, {"hunter2\r", "7:hunter2\n"}, {" a b \n", "5: a b \n"}, {"\n", "0:\n"},
        {"x;\"'#\\%n\n", "8:x;\"'#\\%n\n"}, {"gr\303\274n\377\n", "6:gr\303\274n\377\n"},
        {"wrong\025right\n", "5:right\n"}, {"one\ntwo\n", "3:one\n"}, {"a\004b\n", "2:ab\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;

        begin(&scene, (struct asker){.ignored = 0});
        terminal_type_text(&scene.terminal, rows[i].typed);
        terminal_see(&scene.terminal, QUESTION "\r\n", 1);
        ck_assert_str_eq(scene.terminal.seen, QUESTION "\r\n");
        expect(&scene, rows[i].told, 0);
    }
}
END_TEST

START_TEST(a_nul_is_counted)
{
    struct scene scene;

    begin(&scene, (struct asker){.ignored = 0});
    terminal_type(&scene.terminal, "a\0b\n", 4);
    expect(&scene, "3:a\n", 0);
}
END_TEST

START_TEST(the_longest_line_and_one_longer)
{
    for (size_t length = PROMPT_LINE_MAX; length <= PROMPT_LINE_MAX + 1; length++) {
        char typed[PROMPT_LINE_MAX + 2], told[PROMPT_LINE_MAX + 16];
        struct scene scene;

        memset(typed, 'x', length);
        typed[length] = '\n';
        begin(&scene, (struct asker){.ignored = 0});
        terminal_type(&scene.terminal, typed, length + 1);
        snprintf(told, sizeof told, "%zu:%.*s\n", length, (int)length, typed);
        expect(&scene, length > PROMPT_LINE_MAX ? "what was typed is too long\n" : told, 0);
    }
}
END_TEST

START_TEST(an_end_of_file_is_no_answer)
{
    struct scene scene;

    begin(&scene, (struct asker){.ignored = 0});
    terminal_type_text(&scene.terminal, "\004");
    expect(&scene, "nothing was typed\n", 0);
}
END_TEST

START_TEST(what_was_typed_before_is_no_answer)
{
    struct scene scene;

    set_up(&scene);
    terminal_type_text(&scene.terminal, "early\n");
    terminal_see(&scene.terminal, "early\r\n", 1);
    start(&scene, (struct asker){.ignored = 0});
    terminal_see(&scene.terminal, QUESTION, 1);
    terminal_type_text(&scene.terminal, "late\n");
    expect(&scene, "4:late\n", 0);
}
END_TEST

/* A mail program that has the whole screen lets no line end by itself. */
START_TEST(a_raw_terminal_is_asked_too)
{
    struct termios raw, after;
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(tcgetattr(scene.terminal.device, &raw), 0);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ISIG);
    raw.c_iflag &= ~(tcflag_t)ICRNL;
    ck_assert_int_eq(tcsetattr(scene.terminal.device, TCSANOW, &raw), 0);
    start(&scene, (struct asker){.ignored = 0});
    terminal_see(&scene.terminal, QUESTION, 1);
    terminal_type_text(&scene.terminal, "wrong\025hunter2\r");
    terminal_see(&scene.terminal, "\r\n", 1);
    while (!terminal_echoes(&scene.terminal))
        poll(NULL, 0, 1);
    ck_assert_int_eq(tcgetattr(scene.terminal.device, &after), 0);
    ck_assert_uint_eq(after.c_lflag, raw.c_lflag);
    ck_assert_uint_eq(after.c_iflag, raw.c_iflag);
    expect(&scene, "7:hunter2\n", 0);
}
END_TEST

/* What is no secret is seen while it is typed, and its newline once. */
START_TEST(what_is_no_secret_is_shown)
{
    static const struct {
        const char *typed, *seen, *told;
    } rows[] = {
        {"fred\n", QUESTION "fred\r\n", "4:fred\n"},
        {"\n", QUESTION "\r\n", "0:\n"},
        {"half\004\004", QUESTION "half\r\n", "nothing was typed\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;

        set_up(&scene);
        start(&scene, (struct asker){.shown = true});
        terminal_see(&scene.terminal, QUESTION, 1);
        ck_assert(terminal_echoes(&scene.terminal));
        terminal_type_text(&scene.terminal, rows[i].typed);
        terminal_see(&scene.terminal, rows[i].seen, 1);
        expect(&scene, rows[i].told, 0);
        ck_assert_str_eq(scene.terminal.seen, rows[i].seen);
    }
}
END_TEST

START_TEST(a_silent_terminal_shows_it_too)
{
    struct termios silent, after;
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(tcgetattr(scene.terminal.device, &silent), 0);
    silent.c_lflag &= ~(tcflag_t)ECHO;
    ck_assert_int_eq(tcsetattr(scene.terminal.device, TCSANOW, &silent), 0);
    start(&scene, (struct asker){.shown = true});
    terminal_see(&scene.terminal, QUESTION, 1);
    terminal_type_text(&scene.terminal, "fred\n");
    terminal_see(&scene.terminal, QUESTION "fred\r\n", 1);
    while (terminal_echoes(&scene.terminal))
        poll(NULL, 0, 1);
    ck_assert_int_eq(tcgetattr(scene.terminal.device, &after), 0);
    ck_assert_uint_eq(after.c_lflag, silent.c_lflag);
    after.c_lflag |= ECHO; /* as expect wants it */
    ck_assert_int_eq(tcsetattr(scene.terminal.device, TCSANOW, &after), 0);
    expect(&scene, "4:fred\n", 0);
}
END_TEST

START_TEST(a_signal_ends_a_shown_question_too)
{
    struct scene scene;

    set_up(&scene);
    start(&scene, (struct asker){.shown = true});
    terminal_see(&scene.terminal, QUESTION, 1);
    terminal_type_text(&scene.terminal, "half\003");
    expect(&scene, "", SIGINT);
}
END_TEST

/* --- other ends --- */

START_TEST(a_signal_does_what_it_always_does)
{
    static const struct {
        const char *typed; /* NULL: it is sent */
        int number;
    } rows[] = {
        {"\003", SIGINT}, {"half\003", SIGINT}, {"\034", SIGQUIT}, {NULL, SIGTERM}, {NULL, SIGHUP}, {NULL, SIGINT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;

        begin(&scene, (struct asker){.ignored = 0});
        if (rows[i].typed)
            terminal_type_text(&scene.terminal, rows[i].typed);
        else
            ck_assert_int_eq(kill(scene.child, rows[i].number), 0);
        expect(&scene, "", rows[i].number);
    }
}
END_TEST

START_TEST(one_that_is_ignored_stays_so)
{
    struct scene scene;

    begin(&scene, (struct asker){.ignored = SIGHUP});
    ck_assert_int_eq(kill(scene.child, SIGHUP), 0);
    terminal_type_text(&scene.terminal, "hunter2\n");
    expect(&scene, "7:hunter2\n", 0);
}
END_TEST

START_TEST(one_that_others_wait_for_ends_only_the_question)
{
    struct scene scene;

    begin(&scene, (struct asker){.caught = SIGTERM});
    ck_assert_int_eq(kill(scene.child, SIGTERM), 0);
    expect(&scene, "interrupted\ncaught 1\n", 0);
}
END_TEST

/* Nobody can bring back a process that leads its session: the kernel does not stop it, so it asks again at once. */
START_TEST(who_comes_back_is_asked_again)
{
    struct scene scene;

    begin(&scene, (struct asker){.ignored = 0});
    terminal_type_text(&scene.terminal, "half\032");
    terminal_see(&scene.terminal, QUESTION, 2);
    ck_assert(!terminal_echoes(&scene.terminal));
    terminal_type_text(&scene.terminal, "\032");
    terminal_see(&scene.terminal, QUESTION, 3);
    terminal_type_text(&scene.terminal, "hunter2\n");
    expect(&scene, "7:hunter2\n", 0);
}
END_TEST

START_TEST(a_cancelled_one_leaves_the_terminal_as_it_was)
{
    struct scene scene;

    set_up(&scene);
    start(&scene, (struct asker){.cancels = true});
    terminal_see(&scene.terminal, QUESTION, 1);
    expect(&scene, "cancelled\n", 0);
    prompt_cancel(NULL);
}
END_TEST

START_TEST(without_a_terminal_there_is_nobody_to_ask)
{
    struct scene scene;

    set_up(&scene);
    start(&scene, (struct asker){.without_terminal = true});
    expect(&scene, "nobody to ask\n", 0);
}
END_TEST

START_TEST(in_the_background_nobody_is_disturbed)
{
    struct scene scene;

    set_up(&scene);
    start(&scene, (struct asker){.in_background = true});
    expect(&scene, "nobody to ask\n", 0);
}
END_TEST

START_TEST(a_terminal_that_goes_away)
{
    struct scene scene;
    char text[64] = "";
    int status;

    begin(&scene, (struct asker){.ignored = SIGHUP});
    close(scene.terminal.person);
    ck_assert_int_gt((int)read(scene.told, text, sizeof text - 1), 0);
    ck_assert(strcmp(text, "the terminal is gone\n") == 0 || strcmp(text, "nothing was typed\n") == 0);
    ck_assert_int_eq(waitpid(scene.child, &status, 0), scene.child);
    ck_assert(WIFEXITED(status));
    close(scene.terminal.device);
    close(scene.told);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("prompt");

    tcase_add_test(cases, a_line_is_read_and_not_shown);
    tcase_add_test(cases, a_nul_is_counted);
    tcase_add_test(cases, the_longest_line_and_one_longer);
    tcase_add_test(cases, an_end_of_file_is_no_answer);
    tcase_add_test(cases, what_was_typed_before_is_no_answer);
    tcase_add_test(cases, a_raw_terminal_is_asked_too);
    tcase_add_test(cases, what_is_no_secret_is_shown);
    tcase_add_test(cases, a_silent_terminal_shows_it_too);
    tcase_add_test(cases, a_signal_ends_a_shown_question_too);
    tcase_add_test(cases, a_signal_does_what_it_always_does);
    tcase_add_test(cases, one_that_is_ignored_stays_so);
    tcase_add_test(cases, one_that_others_wait_for_ends_only_the_question);
    tcase_add_test(cases, who_comes_back_is_asked_again);
    tcase_add_test(cases, a_cancelled_one_leaves_the_terminal_as_it_was);
    tcase_add_test(cases, without_a_terminal_there_is_nobody_to_ask);
    tcase_add_test(cases, in_the_background_nobody_is_disturbed);
    tcase_add_test(cases, a_terminal_that_goes_away);
    return unit_run();
}
