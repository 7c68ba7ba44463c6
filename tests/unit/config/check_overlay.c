/* SPDX-License-Identifier: ISC */
#include "config/overlay.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "sections_text.h"

static struct ini_sections lower, upper;
static struct diagnostics complaints;
static char told[4096];

static void teardown(void)
{
    ini_sections_release(&lower);
    ini_sections_release(&upper);
}

/* File 1 beneath file 0. */
static void read_both(const char *below, const char *above)
{
    teardown();
    sections_text_read(&lower, below, 1, &complaints);
    sections_text_read(&upper, above, 0, &complaints);
    ck_assert_uint_eq(complaints.count, 0);
}

static const char *put(const char *below, const char *above)
{
    read_both(below, above);
    overlay_put(&lower, &upper);
    ck_assert_str_eq(sections_text_of(&upper), "");
    return sections_text_of(&lower);
}

START_TEST(keys_of_the_upper_one_win)
{
    ck_assert_str_eq(put("[a]\nk = 1\nl = 2\n[b]\nk = 3\n", "[c]\nx = 1\n[a]\nm = 4\nl = 5\n"),
                     "0:3 [a]\n1:2 k=1\n0:4 m=4\n0:5 l=5\n1:4 [b]\n1:5 k=3\n0:1 [c]\n0:2 x=1\n");
    ck_assert_str_eq(put("[a x]\nk = 1\n", "[a]\nk = 2\n"), "1:1 [a x]\n1:2 k=1\n0:1 [a]\n0:2 k=2\n");
    ck_assert_str_eq(put("", "[a]\nk = 2\n"), "0:1 [a]\n0:2 k=2\n");
    ck_assert_str_eq(put("[a]\nk = 2\n", ""), "1:1 [a]\n1:2 k=2\n");
    ck_assert_str_eq(put("[a]\nk = 2\n", "[a]\n"), "0:1 [a]\n1:2 k=2\n");
}
END_TEST

START_TEST(a_list_is_replaced_and_not_added_to)
{
    ck_assert_str_eq(put("[a]\nurl = 1\n 2\nheader = A: 1\nheader = B: 1\npath /a = x:1\n",
                         "[a]\nurl = 3\nheader = C: 1\npath = /b = y:1\n"),
                     "0:1 [a]\n0:2 url=3\n0:3 header=C: 1\n0:4 path=/b = y:1\n");
}
END_TEST

START_TEST(a_password_takes_the_place_of_where_another_is_kept)
{
    ck_assert_str_eq(put("[a]\npassword-file = /x\nuser = u\n", "[a]\npassword-command = y\n"),
                     "0:1 [a]\n1:3 user=u\n0:2 password-command=y\n");
    ck_assert_str_eq(put("[a]\npassword = x\n", "[a]\npassword-file = /y\n"), "0:1 [a]\n0:2 password-file=/y\n");
    ck_assert_str_eq(put("[a]\npassword = x\n", "[a]\nuser = y\n"), "0:1 [a]\n1:2 password=x\n0:2 user=y\n");
}
END_TEST

START_TEST(sections_of_the_first_files_come_first)
{
    put("[a]\n[b]\n[c]\n", "[d]\n[b]\n");
    overlay_sort(&lower, 1);
    ck_assert_str_eq(sections_text_of(&lower), "0:2 [b]\n0:1 [d]\n1:1 [a]\n1:3 [c]\n");
    overlay_sort(&lower, 0);
    ck_assert_str_eq(sections_text_of(&lower), "0:2 [b]\n0:1 [d]\n1:1 [a]\n1:3 [c]\n");
}
END_TEST

static void note(void *arg, const struct overlay_refusal *refusal)
{
    ck_assert_ptr_eq(arg, told);
    snprintf(told + strlen(told), sizeof told - strlen(told), "%d %s %s %d:%d\n",
             refusal->key ? refusal->key->where : refusal->section->where, refusal->section->header,
             refusal->key ? refusal->key->key : "-", (int)sources_file(refusal->final_where),
             sources_line(refusal->final_where));
}

static bool binds(const char *below, const char *above)
{
    read_both(below, above);
    return overlay_binds(&lower, &upper);
}

/* What of above stays beneath which nothing is laid yet. */
static const char *enforce(const char *below, const char *above)
{
    read_both(below, above);
    told[0] = '\0';
    overlay_enforce(&lower, &upper, note, told);
    return sections_text_of(&upper);
}

#define FINAL "[sallyport]\nfinal = proxy redirects\n"

START_TEST(nothing_is_final_unless_it_is_said)
{
    ck_assert_str_eq(enforce("[proxy]\nurl = 1\n", "[proxy]\nurl = 2\n"), "0:1 [proxy]\n0:2 url=2\n");
    ck_assert_str_eq(enforce("[sallyport]\nfinal = imap\n", "[proxy]\nurl = 2\n"), "0:1 [proxy]\n0:2 url=2\n");
    ck_assert_str_eq(enforce("[sallyport x]\nfinal = proxy\n", "[proxy]\nurl = 2\n"), "0:1 [proxy]\n0:2 url=2\n");
    ck_assert_str_eq(told, "");
}
END_TEST

START_TEST(a_kind_that_is_final_is_found)
{
    ck_assert(binds(FINAL, "[imap]\n[proxy b ]\n"));
    ck_assert(binds("[sallyport]\nfinal = imap\n  redirects\n", "[redirects]\n"));
    ck_assert(!binds(FINAL, "[imap proxy]\n"));
    ck_assert(!binds(FINAL, ""));
    ck_assert(!binds("[proxy]\n", "[proxy]\n"));
}
END_TEST

START_TEST(what_is_final_is_passed_over_and_told)
{
    ck_assert_str_eq(enforce(FINAL "[proxy]\nurl = 1\n",
                             "[proxy]\nurl = 2\n 3\nfallback = direct\n[imap]\ntarget = t\n[redirects]\n"
                             "wider = accept\n"),
                     "0:5 [imap]\n0:6 target=t\n");
    ck_assert_str_eq(told, "2 [proxy] url 1:2\n4 [proxy] fallback 1:2\n7 [redirects] - 1:2\n");
}
END_TEST

START_TEST(no_other_spelling_or_label_gets_round_it)
{
    ck_assert_str_eq(enforce(FINAL "[proxy]\nurl = 1\n[proxy b]\nurl = 1\n",
                             "[proxy\t ]\nurl = 2\n[proxy b ]\nurl = 3\n[proxy mine]\nurl = 4\n"), "");
    ck_assert_str_eq(told, "2 [proxy\t ] url 1:2\n4 [proxy b ] url 1:2\n5 [proxy mine] - 1:2\n");
    ck_assert_str_eq(enforce("[sallyport]\nfinal = redirects\n  smtp\n\tproxy\n", "[proxy]\nurl = 1\n[smtp]\n"), "");
    ck_assert_str_eq(told, "1 [proxy] - 1:2\n3 [smtp] - 1:2\n");
}
END_TEST

START_TEST(who_the_user_is_stays_where_it_is_left_open)
{
    ck_assert_str_eq(enforce(FINAL "[proxy]\nurl = 1\n",
                             "[proxy]\nurl = 2\nuser = me\npassword-command = x\ncert-file = /c\nkey-file = /k\n"
                             "ca-file = /a\n"),
                     "0:1 [proxy]\n0:3 user=me\n0:4 password-command=x\n0:5 cert-file=/c\n0:6 key-file=/k\n");
    ck_assert_str_eq(told, "2 [proxy] url 1:2\n7 [proxy] ca-file 1:2\n");
    ck_assert_str_eq(enforce(FINAL "[proxy]\nurl = 1\nuser = all\npassword-file = /p\n",
                             "[proxy]\nuser = me\npassword = x\n[proxy b]\nuser = me\n"), "");
    ck_assert_str_eq(told, "2 [proxy] user 1:2\n3 [proxy] password 1:2\n4 [proxy b] - 1:2\n");
}
END_TEST

START_TEST(include_is_read_where_the_program_s_own_section_is_final)
{
    ck_assert_str_eq(enforce("[sallyport]\nfinal = sallyport\n", "[sallyport]\ninclude = system\nsame-user = no\n"),
                     "0:1 [sallyport]\n0:2 include=system\n");
    ck_assert_str_eq(told, "3 [sallyport] same-user 1:2\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("overlay");

    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, keys_of_the_upper_one_win);
    tcase_add_test(cases, a_list_is_replaced_and_not_added_to);
    tcase_add_test(cases, a_password_takes_the_place_of_where_another_is_kept);
    tcase_add_test(cases, sections_of_the_first_files_come_first);
    tcase_add_test(cases, nothing_is_final_unless_it_is_said);
    tcase_add_test(cases, a_kind_that_is_final_is_found);
    tcase_add_test(cases, what_is_final_is_passed_over_and_told);
    tcase_add_test(cases, no_other_spelling_or_label_gets_round_it);
    tcase_add_test(cases, who_the_user_is_stays_where_it_is_left_open);
    tcase_add_test(cases, include_is_read_where_the_program_s_own_section_is_final);
    return unit_run();
}
