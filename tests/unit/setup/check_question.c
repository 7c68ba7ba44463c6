/* SPDX-License-Identifier: ISC */
#include "setup/question.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct {
    enum question question;
    const char *answer, *fault; /* fault: what is part of it; NULL: there is none */
} rows[] = {
    {QUESTION_ADDRESS, "me@example.net", NULL},
    {QUESTION_ADDRESS, "me", "@"},
    {QUESTION_ADDRESS, "", ""},
    {QUESTION_PROXY, "system", NULL},
    {QUESTION_PROXY, "", "nothing was typed"},
    {QUESTION_USER, "fred", NULL},
    {QUESTION_USER, "DOMAIN\\fred", NULL},
    {QUESTION_USER, "fred:x", "no colon"},
    {QUESTION_USER, "", "nothing was typed"},
    {QUESTION_KEEPING, "file", NULL},
    {QUESTION_KEEPING, "Command", NULL},
    {QUESTION_KEEPING, "ASK", NULL},
    {QUESTION_KEEPING, "files", "type file, command or ask"},
    {QUESTION_USER, "\"fred\"", "without quotes"},
    {QUESTION_USER, "\"", NULL},
    {QUESTION_USER, "fr\001ed", "control character"},
    {QUESTION_PASSWORD, "a b", NULL},
    {QUESTION_PASSWORD, "gr\303\274n", NULL},
    {QUESTION_PASSWORD, "", "nothing was typed"},
    {QUESTION_PASSWORD, " a", "blank at its ends"},
    {QUESTION_PASSWORD, "a ", "blank at its ends"},
    {QUESTION_PASSWORD, "a\tb", "control character"},
    {QUESTION_PASSWORD, "a\177", "control character"},
    {QUESTION_COMMAND, "pass show proxy", NULL},
    {QUESTION_COMMAND, "", "nothing was typed"},
    {QUESTION_SERVERS, "yes", NULL},
    {QUESTION_SERVERS, "N", NULL},
    {QUESTION_SERVERS, "perhaps", "type yes or no"},
    {QUESTION_SERVERS, "", "type yes or no"},
    {QUESTION_IMAP, "none", NULL},
    {QUESTION_IMAP, "mail.example.net", NULL},
    {QUESTION_IMAP, "[2001:db8::1]:993", NULL},
    {QUESTION_IMAP, "mail.example.net:0", "type a server's name"},
    {QUESTION_POP3, "two words", "type a server's name"},
    {QUESTION_SUBMISSION, "", "type a server's name"},
    {QUESTION_TLS, "STARTTLS", NULL},
    {QUESTION_TLS, "no", NULL},
    {QUESTION_TLS, "ssl", "type yes, starttls or no"},
    {QUESTION_OVERWRITE, "y", NULL},
    {QUESTION_PROGRAM, "Mutt", NULL},
    {QUESTION_PROGRAM, "none", NULL},
    {QUESTION_PROGRAM, "outlook", "there is no recipe"},
    {QUESTION_START, "yes", NULL},
};

START_TEST(what_is_an_answer)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct question_row *row = question_row(rows[i].question);
        char *exact = unit_exact(rows[i].answer, strlen(rows[i].answer) + 1);
        const char *fault = row->fault(exact, strlen(exact));

        if (rows[i].fault)
            ck_assert_msg(fault && strstr(fault, rows[i].fault), "%s: %s", rows[i].answer, fault);
        else
            ck_assert_msg(!fault, "%s: %s", rows[i].answer, fault);
        free(exact);
    }
}
END_TEST

START_TEST(each_row_is_complete)
{
    for (enum question question = QUESTION_ADDRESS; question <= QUESTION_START; question++) {
        const struct question_row *row = question_row(question);

        ck_assert(row->text && row->instead && row->fault);
        ck_assert_uint_lt(strlen(row->text), 50);
        ck_assert_int_eq(row->secret, question == QUESTION_PASSWORD);
    }
}
END_TEST

START_TEST(a_name_that_no_user_has)
{
    char name[QUESTION_USER_MAX + 2];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_ptr_nonnull(question_row(QUESTION_USER)->fault(name, strlen(name)));
    name[QUESTION_USER_MAX] = '\0';
    ck_assert_ptr_null(question_row(QUESTION_USER)->fault(name, strlen(name)));
}
END_TEST

START_TEST(words)
{
    ck_assert(question_is_yes("yes") && question_is_yes("Y") && !question_is_yes("no") && !question_is_yes(""));
    ck_assert(question_is_none("None") && !question_is_none("nonexistent"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("question");

    tcase_add_test(cases, what_is_an_answer);
    tcase_add_test(cases, each_row_is_complete);
    tcase_add_test(cases, a_name_that_no_user_has);
    tcase_add_test(cases, words);
    return unit_run();
}
