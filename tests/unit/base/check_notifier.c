/* SPDX-License-Identifier: ISC */
#include "base/notifier.h"

#include <stdio.h>
#include <string.h>

#include "base/secrets.h"
#include "base/subprocess.h"

#include "../stage.h"
#include "../unit.h"

/* What the linker puts in place of others: no program runs, the test says how it has ended; the log is read. */
struct subprocess *__wrap_subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                         subprocess_done_fn *done, void *arg, char *error, size_t size);
void __wrap_subprocess_cancel(struct subprocess *command);
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...);

static struct notifier *notifier;
static struct {
    unsigned runs, cancels;
    char words[2000]; /* of the last one, "/" between them */
    bool fails;       /* from now on it cannot be started */
    subprocess_done_fn *done; /* of the one that runs, or NULL */
    void *arg;
} program;
static struct {
    unsigned lines;
    enum log_level level;
    char text[200];
} heard;

struct subprocess *__wrap_subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                         subprocess_done_fn *done, void *arg, char *error, size_t size)
{
    ck_assert_ptr_eq(loop, stage_loop());
    ck_assert_ptr_null(extra);
    ck_assert_uint_eq(limit_ms, NOTIFIER_LIMIT_MS);
    ck_assert_msg(!program.done, "a second one was started");
    program.runs++;
    program.words[0] = '\0';
    for (size_t i = 0; argv[i]; i++)
        snprintf(program.words + strlen(program.words), sizeof program.words - strlen(program.words), "%s%s",
                 i ? "/" : "", argv[i]);
    if (program.fails) {
        snprintf(error, size, "cannot run %s: No such file or directory", argv[0]);
        return NULL;
    }
    program.done = done;
    program.arg = arg;
    return (struct subprocess *)&program;
}

void __wrap_subprocess_cancel(struct subprocess *command)
{
    program.cancels += command != NULL;
}

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    (void)name;
    heard.lines++;
    heard.level = level;
    va_start(values, format);
    vsnprintf(heard.text, sizeof heard.text, format, values);
    va_end(values);
}

static void set_up(const char *command)
{
    memset(&program, 0, sizeof program);
    memset(&heard, 0, sizeof heard);
    stage_set_up();
    notifier = notifier_new(stage_loop());
    ck_assert_ptr_nonnull(notifier);
    notifier_set(notifier, command, LEVEL_WARNING);
}

static void tear_down(void)
{
    notifier_free(notifier);
    stage_tear_down();
}

static void tell(unsigned subject, const char *title, const char *text)
{
    notifier_tell(notifier, subject, title, text);
    stage_settle();
}

/* The one that runs ends. */
static void end(int status, const char *error)
{
    subprocess_done_fn *done = program.done;

    ck_assert_ptr_nonnull(done);
    program.done = NULL;
    done(program.arg, status, "", 0, error);
    stage_settle();
}

START_TEST(title_and_text_come_after_the_words_of_the_command)
{
    static const char *const cases[][2] = {
        {"show", "show/Title/What has happened."},
        {"  /usr/bin/show -a\t sallyport ", "/usr/bin/show/-a/sallyport/Title/What has happened."},
        {"a b c", "a/b/c/Title/What has happened."},
        {"show $HOME;x \"q\"", "show/$HOME;x/\"q\"/Title/What has happened."}, /* no shell */
    };

    set_up(cases[_i][0]);
    tell(0, "Title", "What has happened.");
    ck_assert_str_eq(program.words, cases[_i][1]);
    end(0, NULL);
    ck_assert_uint_eq(heard.lines, 0);
    tear_down();
}
END_TEST

START_TEST(without_a_command_nothing_is_run)
{
    static const char *const commands[] = {NULL, "", " \t"};

    set_up(commands[_i]);
    ck_assert(!notifier_is_on(notifier));
    tell(0, "Title", "text");
    stage_advance(10 * NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 0);
    ck_assert_uint_eq(stage_timers(), 0);
    tear_down();
}
END_TEST

START_TEST(there_is_a_pause_between_two)
{
    set_up("show");
    ck_assert(notifier_is_on(notifier));
    tell(0, "first", "x");
    end(0, NULL);
    stage_advance(1000);
    tell(1, "second", "x");
    stage_advance(NOTIFIER_PAUSE_MS - 1001);
    ck_assert_uint_eq(program.runs, 1);
    stage_advance(1);
    ck_assert_str_eq(program.words, "show/second/x");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    tell(2, "third", "x");
    ck_assert_uint_eq(program.runs, 3);
    tear_down();
}
END_TEST

START_TEST(one_waits_for_another_to_end)
{
    set_up("show");
    tell(0, "first", "x");
    tell(1, "second", "x");
    stage_advance(5 * NOTIFIER_PAUSE_MS); /* the clock of its limit is the other part's */
    ck_assert_uint_eq(program.runs, 1);
    end(-1, "took too long");
    ck_assert_uint_eq(program.runs, 2);
    ck_assert_str_eq(heard.text, "notify-command: took too long");
    tear_down();
    ck_assert_uint_eq(program.cancels, 1);
}
END_TEST

START_TEST(of_a_subject_the_latest_waits_and_who_came_first_goes_first)
{
    set_up("show");
    tell(0, "shown", "x");
    tell(2, "old question", "x");
    tell(0, "password", "x");
    tell(1, "way", "x");
    tell(2, "new question", "x");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    ck_assert_str_eq(program.words, "show/password/x");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    ck_assert_str_eq(program.words, "show/way/x");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    ck_assert_str_eq(program.words, "show/new question/x");
    end(0, NULL);
    stage_advance(10 * NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 4);
    tear_down();
}
END_TEST

START_TEST(what_waits_can_be_taken_back)
{
    set_up("show");
    tell(0, "shown", "x");
    end(0, NULL);
    ck_assert(!notifier_withdraw(notifier, 0)); /* that one was shown */
    tell(1, "way", "x");
    ck_assert(notifier_withdraw(notifier, 1));
    ck_assert(!notifier_withdraw(notifier, 1));
    stage_advance(10 * NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 1);
    tear_down();
}
END_TEST

START_TEST(another_command_shows_what_waits)
{
    set_up("show");
    tell(0, "shown", "x");
    tell(1, "way", "x");
    notifier_set(notifier, "other", LEVEL_WARNING);
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    ck_assert_str_eq(program.words, "other/way/x");
    tell(0, "last", "x");
    notifier_set(notifier, NULL, LEVEL_WARNING);
    end(0, NULL);
    stage_advance(10 * NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 2);
    notifier_set(notifier, "other", LEVEL_WARNING);
    stage_advance(10 * NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 2);
    tear_down();
}
END_TEST

START_TEST(a_program_that_fails_is_complained_of_once)
{
    static const struct {
        int status;
        const char *error, *line;
    } cases[] = {
        {3 << 8, NULL, "notify-command: ended with status 3"},
        {11, NULL, "notify-command: ended with signal 11"},
        {-1, "took too long", "notify-command: took too long"},
    };

    set_up("show");
    for (int i = 0; i < 3; i++) {
        tell(0, "Title", "x");
        end(cases[_i].status, cases[_i].error);
        stage_advance(NOTIFIER_PAUSE_MS);
    }
    ck_assert_uint_eq(program.runs, 3);
    ck_assert_uint_eq(heard.lines, 1);
    ck_assert_str_eq(heard.text, cases[_i].line);
    ck_assert_int_eq(heard.level, LEVEL_WARNING);
    notifier_set(notifier, "show", LEVEL_DEBUG);
    tell(0, "Title", "x");
    end(cases[_i].status, cases[_i].error);
    ck_assert_uint_eq(heard.lines, 2);
    ck_assert_int_eq(heard.level, LEVEL_DEBUG);
    tear_down();
}
END_TEST

START_TEST(a_program_that_is_not_there_is_complained_of_once)
{
    set_up("show -x");
    program.fails = true;
    tell(0, "Title", "x");
    tell(1, "Title", "x");
    ck_assert_uint_eq(program.runs, 1); /* it is not tried more often than others */
    stage_advance(NOTIFIER_PAUSE_MS);
    ck_assert_uint_eq(program.runs, 2);
    ck_assert_uint_eq(heard.lines, 1);
    ck_assert_str_eq(heard.text, "notify-command: cannot run show: No such file or directory");
    tear_down();
}
END_TEST

START_TEST(texts_are_made_harmless)
{
    char many[3000], *end_of_title;

    set_up("show");
    tell(0, "a<b>\x1b[1m", "x & <a href=\"http://e\">y</a>\n\\074b\xc3\xa4~");
    ck_assert_str_eq(program.words, "show/a_b__[1m/x _ _a href=\"http://e\"_y_/a___074b__~");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    memset(many, 'y', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    tell(0, many, many);
    end_of_title = strchr(program.words + strlen("show/"), '/');
    ck_assert_uint_eq((size_t)(end_of_title - program.words), strlen("show/") + NOTIFIER_TITLE_MAX - 1);
    ck_assert_uint_eq(strlen(end_of_title + 1), NOTIFIER_TEXT_MAX - 1);
    tear_down();
}
END_TEST

START_TEST(secrets_are_withheld)
{
    char text[NOTIFIER_TEXT_MAX + 40];

    set_up("show");
    ck_assert(secrets_hold("open&sesame", 11));
    tell(0, "open&sesame", "it says open&sesame again");
    ck_assert_str_eq(program.words, "show/***********/it says *********** again");
    end(0, NULL);
    stage_advance(NOTIFIER_PAUSE_MS);
    memset(text, 'y', sizeof text);
    snprintf(text + NOTIFIER_TEXT_MAX - 5, 20, "open&sesame"); /* four bytes of it would have room */
    tell(0, "Title", text);
    ck_assert_ptr_null(strstr(program.words, "open"));
    secrets_drop("open&sesame", 11);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("notifier");

    tcase_add_loop_test(cases, title_and_text_come_after_the_words_of_the_command, 0, 4);
    tcase_add_loop_test(cases, without_a_command_nothing_is_run, 0, 3);
    tcase_add_test(cases, there_is_a_pause_between_two);
    tcase_add_test(cases, one_waits_for_another_to_end);
    tcase_add_test(cases, of_a_subject_the_latest_waits_and_who_came_first_goes_first);
    tcase_add_test(cases, what_waits_can_be_taken_back);
    tcase_add_test(cases, another_command_shows_what_waits);
    tcase_add_loop_test(cases, a_program_that_fails_is_complained_of_once, 0, 3);
    tcase_add_test(cases, a_program_that_is_not_there_is_complained_of_once);
    tcase_add_test(cases, texts_are_made_harmless);
    tcase_add_test(cases, secrets_are_withheld);
    return unit_run();
}
