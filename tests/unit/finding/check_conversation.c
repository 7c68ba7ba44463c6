/* SPDX-License-Identifier: ISC */
#include "finding/conversation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "finding/talk.h"
#include "net/own_address.h"

#include "../stage.h"
#include "../unit.h"

#define ANSWERS "say READY; while hear; do say \"ANSWER $said\"; done" /* says what it was asked */

static struct services *services;
static struct conversation *conversation;
static struct {
    unsigned told, ready, answers;
    enum conversation_news news; /* the last */
    char text[TALK_LINE_MAX];
} heard;

/* What the linker puts in place of the program's own: the log, and the addresses of this machine. */
void __wrap_log_event(enum log_level level, const char *name, const char *format, ...);
bool __wrap_log_wants(enum log_level level);
void __wrap_own_address_find(struct address_list *list);

static unsigned events;
static char event[1000];

bool __wrap_log_wants(enum log_level level)
{
    (void)level;
    return true;
}

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    ck_assert_int_eq(level, LEVEL_DEBUG);
    ck_assert_str_eq(name, "work");
    va_start(values, format);
    vsnprintf(event, sizeof event, format, values);
    va_end(values);
    events++;
}

void __wrap_own_address_find(struct address_list *list)
{
    list->count = 2;
    address_from_literal(&list->at[0], "192.0.2.7", 0);
    address_from_literal(&list->at[1], "2001:db8::7", 0);
}

static void on_news(void *arg, enum conversation_news news, const char *text, size_t length)
{
    ck_assert_ptr_eq(arg, &heard);
    ck_assert_uint_eq(strlen(text), length);
    heard.told++;
    heard.ready += news == CONVERSATION_READY;
    heard.answers += news == CONVERSATION_ANSWER;
    heard.news = news;
    snprintf(heard.text, sizeof heard.text, "%s", text);
}

static void set_up(void)
{
    services = stage_set_up();
    memset(&heard, 0, sizeof heard);
    events = 0;
}

static void tear_down(void)
{
    conversation_free(conversation);
    conversation = NULL;
    stage_tear_down();
    unit_no_child_left();
}

static void start_bytes(const char *script, size_t length)
{
    struct conversation_params params = {
        .loop = stage_loop(),
        .resolver = services->resolver,
        .resolve_ms = 10000,
        .program = PLAYED_HELPER,
        .name = "work",
        .script = script,
        .length = length,
        .news = on_news,
        .arg = &heard,
    };
    char error[300] = "";

    conversation = conversation_start(&params, error, sizeof error);
    ck_assert_msg(conversation != NULL, "%s", error);
    ck_assert_uint_eq(heard.told, 0);
}

static void start(const char *script)
{
    start_bytes(script, script ? strlen(script) : 0);
}

/* Waits for news, unless they have come already. */
static void await(enum conversation_news news, const char *text)
{
    stage_wait(&heard.told);
    heard.told = 0;
    ck_assert_msg(heard.news == news, "%d: %s", heard.news, heard.text);
    ck_assert_msg(!text || strstr(heard.text, text), "%s", heard.text);
}

/* Waits for its end, whatever it says before. */
static void await_end(void)
{
    while (heard.news != CONVERSATION_ENDED) {
        stage_wait(&heard.told);
        heard.told = 0;
    }
}

static void ask(const char *url, const char *host)
{
    ck_assert(conversation_ask(conversation, url, host));
}

START_TEST(it_is_asked_one_thing_after_the_other)
{
    start(ANSWERS);
    await(CONVERSATION_READY, NULL);
    ask("https://mail.example.net:993/", "mail.example.net");
    await(CONVERSATION_ANSWER, "ASK https://mail.example.net:993/ mail.example.net");
    ask("https://news.example.net:563/", "news.example.net");
    await(CONVERSATION_ANSWER, "ASK https://news.example.net:563/ news.example.net");
    ck_assert(!conversation_is_doubtful(conversation));
}
END_TEST

START_TEST(the_desktop_is_asked_without_a_script)
{
    start(NULL);
    await(CONVERSATION_READY, NULL);
    ask("https://mail.example.net/", NULL);
    await(CONVERSATION_ANSWER, "SYSTEM https://mail.example.net/");
    ask("https://pac.example.net/", NULL);
    await(CONVERSATION_PAC, "https://wpad.example.net/proxy.pac");
    ask("https://none.example.net/", NULL);
    await(CONVERSATION_FAULT, "the desktop says nothing");
}
END_TEST

/* As much as a PAC file may have; a pipe takes a part of it at a time. */
START_TEST(a_long_script_goes_over)
{
    static char script[TALK_SCRIPT_MAX];

    memset(script, '#', sizeof script);
    memcpy(script, ANSWERS "\n", strlen(ANSWERS "\n"));
    start_bytes(script, sizeof script);
    await(CONVERSATION_READY, NULL);
    ask("https://mail.example.net/", "mail.example.net");
    await(CONVERSATION_ANSWER, "ASK");
}
END_TEST

START_TEST(an_answer_is_told_as_it_came)
{
    start("say READY; hear; say 'ANSWER '; hear; say ANSWER; hear; say 'ANSWER  PROXY a:1; DIRECT'; hear;"
          "printf 'ANSWER \\303\\244\\n'; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, "");
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, "");
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, " PROXY a:1; DIRECT");
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, "\xc3\xa4");
}
END_TEST

START_TEST(a_fault_is_told)
{
    start("say FAULT line 3: no function; hear");
    await(CONVERSATION_FAULT, "line 3: no function");
    conversation_free(conversation);
    start("say READY; hear; say FAULT it threw; hear; say ANSWER a; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_FAULT, "it threw");
    ask("u", "h");
    await(CONVERSATION_ANSWER, "a");
}
END_TEST

/* --- names --- */

START_TEST(names_are_looked_up_for_it)
{
    stage_name("mail.example.net", "192.0.2.1 2001:db8::1");
    start("say RESOLVE mail.example.net; hear; loaded=$said; say READY; hear; say RESOLVE nowhere.example.net; hear;"
          "none=$said; say MINE; hear; say \"ANSWER $loaded, $none, $said\"; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, "ADDRESSES 192.0.2.1 2001:db8::1, ADDRESSES, ADDRESSES 192.0.2.7 2001:db8::7");
}
END_TEST

START_TEST(trouble_in_a_look_up_makes_doubtful)
{
    stage_name("gone.example.net", "!Domain name not found");
    stage_name("lost.example.net", "!Could not contact DNS servers");
    start("say READY; hear; say RESOLVE gone.example.net; hear; say ANSWER a; hear; say RESOLVE lost.example.net; hear;"
          "say ANSWER b; hear; say ANSWER c; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, "a");
    ck_assert(!conversation_is_doubtful(conversation));
    ask("u", "h");
    await(CONVERSATION_ANSWER, "b");
    ck_assert(conversation_is_doubtful(conversation));
    ask("u", "h");
    await(CONVERSATION_ANSWER, "c");
    ck_assert(!conversation_is_doubtful(conversation));
}
END_TEST

/* What the script found while it was read may be in each answer. */
START_TEST(trouble_while_the_script_is_read_makes_all_doubtful)
{
    stage_name("lost.example.net", "!Could not contact DNS servers");
    start("say RESOLVE lost.example.net; hear; say READY; while hear; do say ANSWER a; done");
    await(CONVERSATION_READY, NULL);
    for (int i = 0; i < 2; i++) {
        ask("u", "h");
        await(CONVERSATION_ANSWER, "a");
        ck_assert(conversation_is_doubtful(conversation));
    }
}
END_TEST

/* Turns the loop until the child has asked. */
static void await_lookup(void)
{
    for (int i = 0; i < 20000 && stage_lookups_open() == 0; i++) {
        stage_settle();
        usleep(100);
    }
    ck_assert_uint_eq(stage_lookups_open(), 1);
}

START_TEST(a_look_up_has_its_own_time)
{
    stage_name("silent.example.net", "");
    start("say READY; hear; say RESOLVE silent.example.net; hear; say \"ANSWER $said\"; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await_lookup();
    stage_advance(9000); /* more than it has itself */
    ck_assert_uint_eq(heard.answers, 0);
    ck_assert_uint_eq(heard.told, 0);
    stage_advance(1000);
    await(CONVERSATION_ANSWER, "ADDRESSES");
    ck_assert(conversation_is_doubtful(conversation));
}
END_TEST

START_TEST(look_ups_have_an_end)
{
    stage_name("silent.example.net", "");
    start("say READY; hear; while :; do say RESOLVE silent.example.net; hear; done");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    for (int i = 0; i < 3; i++) {
        await_lookup();
        stage_advance(10000);
    }
    await(CONVERSATION_ENDED, "the PAC file looks up names for longer than 30 s");
}
END_TEST

START_TEST(a_flood_of_questions_is_ended)
{
    stage_name("mail.example.net", "192.0.2.1");
    start(_i == 0 ? "say READY; hear; while :; do say RESOLVE mail.example.net; hear; done"
                  : "while :; do say MINE; hear; done");
    if (_i == 0) {
        await(CONVERSATION_READY, NULL);
        ask("u", "h");
    }
    await(CONVERSATION_ENDED, "the addresses of more than 256 names");
    if (_i == 0)
        ck_assert_uint_eq(stage_lookups(), 256);
}
END_TEST

START_TEST(alerts_are_logged_but_not_without_end)
{
    start("say ALERT 'a \"word\"'; say READY; hear; i=0; while [ $i -lt 100 ]; do say ALERT $i; i=$((i+1)); done;"
          "say ANSWER a; hear; say ALERT last; say ANSWER b; hear");
    await(CONVERSATION_READY, NULL);
    ck_assert_uint_eq(events, 1);
    ck_assert_str_eq(event, "alert text=\"a \\\"word\\\"\"");
    ask("u", "h");
    await(CONVERSATION_ANSWER, "a");
    ck_assert_uint_eq(events, 1 + TALK_ALERTS_MAX);
    ck_assert_str_eq(event, "alert text=\"15\"");
    ask("u", "h");
    await(CONVERSATION_ANSWER, "b");
    ck_assert_str_eq(event, "alert text=\"last\"");
}
END_TEST

/* --- what it must not do --- */

START_TEST(what_is_not_expected_ends_it)
{
    static const struct {
        const char *script;
        bool asked; /* it is ready, and asked */
    } rows[] = {
        {"say HELLO; hear", false},
        {"say ANSWER a; hear", false},
        {"say PAC https://a/; hear", false},
        {"say READY now; hear", false},
        {"say READY; say READY; hear", false},
        {"say ready; hear", false},
        {"say REA; hear", false},
        {"say; hear", false},
        {"say READYREADY; hear", false},
        {"say ' READY'; hear", false},
        {"printf 'READY\\r\\n'; hear", false},
        {"printf 'RESOLVE a\\000b\\n'; hear", false},
        {"printf 'READY\\000\\n'; hear", false},
        {"say MINE now; hear", false},
        {"say RESOLVE a; say RESOLVE b; hear", false}, /* before the reply */
        {"say READY; hear; say READY; hear", true},
        {"say READY; hear; say PAC https://a/; hear", true}, /* only the desktop says so */
        {"say READY; hear; printf 'ANSWER a\\tb\\n'; hear", true},
        {"say READY; hear; printf 'ANSWER a\\177\\n'; hear", true},
        {"say READY; hear; printf 'ANSWER a\\000b\\n'; hear", true},
        {"say READY; hear; say SCRIPT 5; hear", true},
        {"say READY; hear; say FAULTY; hear", true},
    };

    stage_name("a", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(rows[i].script);
        if (rows[i].asked) {
            await(CONVERSATION_READY, NULL);
            ask("u", "h");
        }
        do {
            stage_wait(&heard.told);
            heard.told = 0;
        } while (heard.news == CONVERSATION_READY);
        ck_assert_msg(heard.news == CONVERSATION_ENDED && strstr(heard.text, "not expected"), "%s: %s",
                      rows[i].script, heard.text);
        conversation_free(conversation);
        conversation = NULL;
        memset(&heard, 0, sizeof heard);
    }
}
END_TEST

START_TEST(a_second_answer_ends_it)
{
    start("say READY; hear; say 'ANSWER a\nANSWER b'; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    stage_wait(&heard.answers);
    await_end();
    ck_assert_ptr_nonnull(strstr(heard.text, "what was not expected: \"ANSWER b\""));
    ck_assert_uint_eq(heard.answers, 1);
}
END_TEST

START_TEST(a_line_without_end_ends_it)
{
    start("head -c 10000000 /dev/zero | tr '\\0' x; hear");
    await(CONVERSATION_ENDED, "a line of more than 8192 bytes");
}
END_TEST

START_TEST(a_line_may_be_as_long_as_that)
{
    start("say READY; hear; printf 'ANSWER '; head -c 8184 /dev/zero | tr '\\0' x; say; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_uint_eq(strlen(heard.text), 8184);
}
END_TEST

START_TEST(it_says_how_it_has_ended)
{
    static const struct {
        const char *script, *why;
    } rows[] = {
        {"exit 3", "has ended with status 3"},
        {"kill -XCPU $$; sleep 9", "takes too much time of the processor"},
        {"kill -SEGV $$; sleep 9", "signal 11, which too much memory"},
        {"kill -KILL $$; sleep 9", "has ended without an answer"},
        {"printf 'READ'; exit 0", "has ended with status 0"}, /* in the midst of a line */
        {"exec <&- >&-; sleep 60", "has ended without an answer"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(rows[i].script);
        await(CONVERSATION_ENDED, rows[i].why);
        conversation_free(conversation);
        conversation = NULL;
    }
}
END_TEST

START_TEST(it_may_say_why_it_ends)
{
    start("say LOST it is lost; hear");
    await(CONVERSATION_ENDED, NULL);
    ck_assert_str_eq(heard.text, "it is lost");
    conversation_free(conversation);
    start("say READY; hear; say LOST it is lost; exit 75");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ENDED, "it is lost");
    conversation_free(conversation);
    start("say READY; say LOST it is lost; exit 75"); /* with nothing asked */
    await_end();
    ck_assert_str_eq(heard.text, "it is lost");
}
END_TEST

/* The last words count, also if they are not read before its end is known: these take more reads than a turn
 * has, for not two of them fit into the buffer. */
START_TEST(an_answer_before_its_end_is_one)
{
    siginfo_t info;

    start("say READY; hear; text=$(head -c 4100 /dev/zero | tr '\\0' x); i=0;"
          "while [ $i -lt 20 ]; do say ALERT $text; i=$((i+1)); done; say ANSWER a; exit 0");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    stage_wait(&heard.answers);
    await_end();
    ck_assert_uint_eq(heard.answers, 1);
}
END_TEST

START_TEST(one_that_is_slow_is_killed)
{
    start(_i == 0 ? "sleep 60" : "say READY; hear; while :; do :; done");
    if (_i == 1) {
        await(CONVERSATION_READY, NULL);
        stage_advance(100000); /* it has nothing to do, and all time */
        ask("u", "h");
    }
    stage_advance(4999);
    ck_assert_uint_eq(heard.told, 0);
    stage_advance(1);
    await(CONVERSATION_ENDED, "the PAC file takes longer than 5 s");
}
END_TEST

START_TEST(a_flood_does_not_hold_us)
{
    start("say READY; hear; while :; do say ALERT again; done");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    for (int i = 0; i < 100; i++)
        stage_settle();
    stage_advance(5000);
    await(CONVERSATION_ENDED, "the PAC file takes longer than 5 s");
}
END_TEST

/* --- what it gets --- */

START_TEST(it_gets_none_of_our_variables_but_few)
{
    setenv("SALLYPORT_SECRET", "pass", 1);
    setenv("TZ", "Europe/Vienna", 1);
    start("say READY; hear; say \"ANSWER $SALLYPORT_SECRET $TZ\"; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, " Europe/Vienna");
    conversation_free(conversation);
    start(NULL); /* the desktop's settings are found by them */
    await(CONVERSATION_READY, NULL);
    ask("https://variable.example.net/", NULL);
    await(CONVERSATION_ANSWER, "pass");
    unsetenv("SALLYPORT_SECRET");
    unsetenv("TZ");
}
END_TEST

START_TEST(it_gets_no_descriptor_but_its_own)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0); /* without close-on-exec */
    start("say READY; hear; set -- $(ls /proc/self/fd); say ANSWER $*; hear");
    await(CONVERSATION_READY, NULL);
    ask("u", "h");
    await(CONVERSATION_ANSWER, NULL);
    ck_assert_str_eq(heard.text, "0 1 2 3"); /* that of ls */
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(what_cannot_be_said_is_not_asked)
{
    static char longest[TALK_LINE_MAX];

    start(ANSWERS);
    await(CONVERSATION_READY, NULL);
    ck_assert(!conversation_ask(conversation, "", "h"));
    ck_assert(!conversation_ask(conversation, "u", ""));
    ck_assert(!conversation_ask(conversation, "u u", "h"));
    ck_assert(!conversation_ask(conversation, "u", "h\nh"));
    ck_assert(!conversation_ask(conversation, "u\r", "h"));
    memset(longest, 'x', sizeof longest - 1);
    ck_assert(!conversation_ask(conversation, longest, "h"));
    ask("u", "h");
    await(CONVERSATION_ANSWER, "ASK u h");
}
END_TEST

START_TEST(a_program_that_is_not_there_is_told)
{
    struct conversation_params params = {
        .loop = stage_loop(), .resolver = services->resolver, .program = "/nonexistent/findproxy", .name = "work",
        .script = "", .news = on_news, .arg = &heard,
    };
    char error[300] = "";

    conversation = conversation_start(&params, error, sizeof error);
    if (conversation) { /* under valgrind, which cannot tell */
        await(CONVERSATION_ENDED, "status 127");
        return;
    }
    ck_assert_str_eq(error, "cannot run /nonexistent/findproxy: No such file or directory; it belongs to sallyport, "
                     "and is built where Duktape is found");
}
END_TEST

START_TEST(one_that_looks_up_a_name_can_be_freed)
{
    stage_name("silent.example.net", "");
    start("say RESOLVE silent.example.net; hear; say READY; hear");
    await_lookup();
    conversation_free(conversation);
    conversation = NULL;
    conversation_free(NULL);
    stage_settle();
    ck_assert_uint_eq(heard.told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("conversation");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, it_is_asked_one_thing_after_the_other);
    tcase_add_test(cases, the_desktop_is_asked_without_a_script);
    tcase_add_test(cases, a_long_script_goes_over);
    tcase_add_test(cases, an_answer_is_told_as_it_came);
    tcase_add_test(cases, a_fault_is_told);
    tcase_add_test(cases, names_are_looked_up_for_it);
    tcase_add_test(cases, trouble_in_a_look_up_makes_doubtful);
    tcase_add_test(cases, trouble_while_the_script_is_read_makes_all_doubtful);
    tcase_add_test(cases, a_look_up_has_its_own_time);
    tcase_add_test(cases, look_ups_have_an_end);
    tcase_add_loop_test(cases, a_flood_of_questions_is_ended, 0, 2);
    tcase_add_test(cases, alerts_are_logged_but_not_without_end);
    tcase_add_test(cases, what_is_not_expected_ends_it);
    tcase_add_test(cases, a_second_answer_ends_it);
    tcase_add_test(cases, a_line_without_end_ends_it);
    tcase_add_test(cases, a_line_may_be_as_long_as_that);
    tcase_add_test(cases, it_says_how_it_has_ended);
    tcase_add_test(cases, it_may_say_why_it_ends);
    tcase_add_test(cases, an_answer_before_its_end_is_one);
    tcase_add_loop_test(cases, one_that_is_slow_is_killed, 0, 2);
    tcase_add_test(cases, a_flood_does_not_hold_us);
    tcase_add_test(cases, it_gets_none_of_our_variables_but_few);
    tcase_add_test(cases, it_gets_no_descriptor_but_its_own);
    tcase_add_test(cases, what_cannot_be_said_is_not_asked);
    tcase_add_test(cases, a_program_that_is_not_there_is_told);
    tcase_add_test(cases, one_that_looks_up_a_name_can_be_freed);
    return unit_run();
}
