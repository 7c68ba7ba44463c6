/* SPDX-License-Identifier: ISC */
#include "setup/page.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/secrets.h"

#define NINE "123456789 "
#define SEVENTY NINE NINE NINE NINE NINE NINE NINE

static char *written; /* what a test's page has */
static size_t size;

static struct page open_page(void)
{
    struct page page = {open_memstream(&written, &size), NULL};

    page.errors = page.out;
    ck_assert_ptr_nonnull(page.out);
    return page;
}

static void expect(const struct page *page, const char *text)
{
    fclose(page->out);
    ck_assert_str_eq(written, text);
    free(written);
}

START_TEST(a_line_that_fits_stays)
{
    struct page page = open_page();

    page_say(&page, "%s", SEVENTY "1234567890");
    page_say(&page, "%s", "");
    expect(&page, SEVENTY "1234567890\n\n");
}
END_TEST

START_TEST(a_longer_one_is_folded_at_a_blank)
{
    struct page page = open_page();

    page_say(&page, "  %s", SEVENTY "123456789 and more");
    expect(&page, "  " NINE NINE NINE NINE NINE NINE "123456789\n  123456789 and more\n");
}
END_TEST

START_TEST(a_word_without_end_is_broken)
{
    char word[101], wanted[110];
    struct page page = open_page();

    memset(word, 'x', 100);
    word[100] = '\0';
    snprintf(wanted, sizeof wanted, "%.80s\n%.20s\n", word, word);
    page_say(&page, "%s", word);
    expect(&page, wanted);
}
END_TEST

/* Which are pasted. */
START_TEST(commands_are_not_broken)
{
    struct page page = open_page();

    page_say(&page, "%s", NINE NINE NINE NINE NINE NINE "Next: `sallyport -c /x/y run`.  More ` and more.");
    page_say(&page, "%s", "Next: `" SEVENTY SEVENTY "`, that is it.");
    expect(&page, NINE NINE NINE NINE NINE NINE "Next:\n`sallyport -c /x/y run`.  More ` and more.\n"
                  "Next:\n`" SEVENTY SEVENTY "`,\nthat is it.\n");
}
END_TEST

START_TEST(letters_count_and_not_bytes)
{
    struct page page = open_page();

    page_say(&page, "%s", SEVENTY "12345678\303\274\303\274");
    page_say(&page, "%s", SEVENTY "12345678\303\274\303\274\303\274");
    expect(&page, SEVENTY "12345678\303\274\303\274\n"
                  NINE NINE NINE NINE NINE NINE "123456789\n12345678\303\274\303\274\303\274\n");
}
END_TEST

START_TEST(steps_have_a_column)
{
    struct page page = open_page();

    page_step(&page, "srv", SEVENTY);
    expect(&page, "  srv           " NINE NINE NINE NINE NINE "123456789\n                123456789\n");
}
END_TEST

START_TEST(a_failure_has_the_programs_name)
{
    struct page page = open_page();

    page_fail(&page, "%s of %d", "one", 2);
    expect(&page, "sallyport: one of 2\n");
}
END_TEST

START_TEST(nothing_that_a_terminal_obeys)
{
    struct page page = open_page();

    page_say(&page, "a\033[31mb\nc\302\233d\177");
    page_step(&page, "x", "\033]0;\a");
    expect(&page, "a?[31mb?c?\233d?\n  x             ?]0;?\n");
}
END_TEST

START_TEST(no_secret_that_others_repeat)
{
    struct page page = open_page();

    ck_assert(secrets_hold_password("the proxy"));
    page_step(&page, "reply", "it is the proxy");
    page_say(&page, "Then the proxy answers.");
    page_gap(&page);
    secrets_drop_password("the proxy");
    expect(&page, "  reply         it is *********\nThen the proxy answers.\n\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("page");

    tcase_add_test(cases, a_line_that_fits_stays);
    tcase_add_test(cases, a_longer_one_is_folded_at_a_blank);
    tcase_add_test(cases, a_word_without_end_is_broken);
    tcase_add_test(cases, commands_are_not_broken);
    tcase_add_test(cases, letters_count_and_not_bytes);
    tcase_add_test(cases, steps_have_a_column);
    tcase_add_test(cases, a_failure_has_the_programs_name);
    tcase_add_test(cases, nothing_that_a_terminal_obeys);
    tcase_add_test(cases, no_secret_that_others_repeat);
    return unit_run();
}
