/* SPDX-License-Identifier: ISC */
#include "setup/interview.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "asked.h"

static struct asked asked;

static int ask_tls(struct desk *desk, FILE *told)
{
    char answer[QUESTION_ANSWER_MAX + 1];
    bool well = interview_ask(&desk->interview, QUESTION_TLS, "starttls", answer);

    fprintf(told, "%s\n", well ? answer : "none");
    return desk->interview.asks ? 0 : 98;
}

static int ask_user(struct desk *desk, FILE *told)
{
    char answer[QUESTION_ANSWER_MAX + 1];
    bool well = interview_ask(&desk->interview, QUESTION_USER, NULL, answer);

    fprintf(told, "%s\n", well ? answer : "none");
    return 0;
}

static int ask_password(struct desk *desk, FILE *told)
{
    char answer[QUESTION_ANSWER_MAX + 1];
    bool well = interview_ask(&desk->interview, QUESTION_PASSWORD, NULL, answer);

    fprintf(told, "%s\n", well ? answer : "none");
    return 0;
}

static int confirm(struct desk *desk, FILE *told)
{
    bool yes, well = interview_confirm(&desk->interview, QUESTION_SERVERS, true, &yes);

    fprintf(told, "%s\n", !well ? "none" : yes ? "yes" : "no");
    return 0;
}

START_TEST(enter_takes_the_default)
{
    asked_start(&asked, ask_tls);
    asked_answer(&asked, "TLS with it (yes, starttls, no) [starttls]: ", "\n");
    asked_expect(&asked, "starttls\n", 0);
}
END_TEST

START_TEST(blanks_do_not_count)
{
    asked_start(&asked, ask_tls);
    asked_answer(&asked, "[starttls]: ", "  no \t\n");
    asked_expect(&asked, "no\n", 0);
    asked_start(&asked, ask_tls);
    asked_answer(&asked, "[starttls]: ", "  \n");
    asked_expect(&asked, "starttls\n", 0);
}
END_TEST

START_TEST(what_is_no_answer_is_asked_again)
{
    asked_start(&asked, ask_tls);
    asked_answer(&asked, "[starttls]: ", "ssl\n");
    asked_answer(&asked, "That is no answer: type yes, starttls or no.\r\nTLS with it", "yes\n");
    asked_expect(&asked, "yes\n", 0);
}
END_TEST

START_TEST(but_not_for_ever)
{
    asked_start(&asked, ask_tls);
    for (unsigned i = 0; i < INTERVIEW_TRIES; i++)
        asked_answer(&asked, "[starttls]: ", "ssl\n");
    asked_answer(&asked, "sallyport: no answer after 5 attempts\r\n", NULL);
    asked_expect(&asked, "none\n", 0);
}
END_TEST

START_TEST(without_a_default_something_is_typed)
{
    asked_start(&asked, ask_user);
    asked_answer(&asked, "Your user name at the proxy: ", "\n");
    asked_answer(&asked, "nothing was typed; Ctrl-C ends setup.\r\nYour user name at the proxy: ", "fred\n");
    asked_expect(&asked, "fred\n", 0);
}
END_TEST

START_TEST(a_secret_is_not_shown)
{
    asked_start(&asked, ask_password);
    asked_answer(&asked, "Your password at the proxy: ", "open sesame\n");
    asked_answer(&asked, "\r\n", NULL);
    ck_assert_ptr_null(strstr(asked.terminal.seen, "sesame"));
    asked_expect(&asked, "open sesame\n", 0);
    asked_start(&asked, ask_user);
    asked_answer(&asked, "at the proxy: ", "fred\n");
    asked_answer(&asked, "fred\r\n", NULL);
    asked_expect(&asked, "fred\n", 0);
}
END_TEST

START_TEST(the_end_of_input_is_no_answer)
{
    asked_start(&asked, ask_tls);
    asked_answer(&asked, "[starttls]: ", "\004");
    asked_answer(&asked, "sallyport: no answer: nothing was typed\r\n", NULL);
    asked_expect(&asked, "none\n", 0);
}
END_TEST

START_TEST(yes_or_no)
{
    static const struct {
        const char *typed, *told;
    } rows[] = {{"\n", "yes\n"}, {"n\n", "no\n"}, {"YES\n", "yes\n"}, {"\004", "none\n"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asked_start(&asked, confirm);
        asked_answer(&asked, "Use these servers [yes]: ", rows[i].typed);
        asked_expect(&asked, rows[i].told, 0);
    }
}
END_TEST

START_TEST(nobody_is_asked)
{
    char answer[QUESTION_ANSWER_MAX + 1];
    struct desk *desk = asked_desk(false);
    bool yes;

    ck_assert(interview_ask(&desk->interview, QUESTION_TLS, "starttls", answer));
    ck_assert_str_eq(answer, "starttls");
    ck_assert(!interview_ask(&desk->interview, QUESTION_ADDRESS, NULL, answer));
    ck_assert(interview_confirm(&desk->interview, QUESTION_START, true, &yes) && !yes);
    ck_assert_str_eq(asked_said(), "TLS with it (yes, starttls, no): starttls\n"
                     "sallyport: Your mail address: not known, and nobody is to be asked; give\n--address\n"
                     "Start it now, and whenever you log in: no\n");
    desk->interview.agrees = true;
    ck_assert(interview_confirm(&desk->interview, QUESTION_OVERWRITE, false, &yes) && yes);
    asked_release();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("interview");

    tcase_add_test(cases, enter_takes_the_default);
    tcase_add_test(cases, blanks_do_not_count);
    tcase_add_test(cases, what_is_no_answer_is_asked_again);
    tcase_add_test(cases, but_not_for_ever);
    tcase_add_test(cases, without_a_default_something_is_typed);
    tcase_add_test(cases, a_secret_is_not_shown);
    tcase_add_test(cases, the_end_of_input_is_no_answer);
    tcase_add_test(cases, yes_or_no);
    tcase_add_test(cases, nobody_is_asked);
    return unit_run();
}
