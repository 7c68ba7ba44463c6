/* SPDX-License-Identifier: ISC */
#include "config/ini_sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "sections_text.h"

static struct ini_sections sections;
static struct diagnostics complaints;
static char told[4096];

static void note(void *arg, const char *line)
{
    (void)arg;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", line);
}

/* What is wrong with the text, which was read as file 0. */
static const char *read_it(const char *text)
{
    told[0] = '\0';
    sections_text_read(&sections, text, 0, &complaints);
    diagnostics_tell(&complaints, "f", note, NULL);
    return told;
}

static void teardown(void)
{
    ini_sections_release(&sections);
    ck_assert_ptr_null(sections.first);
}

START_TEST(what_stands_in_a_file_is_kept_as_it_stands)
{
    ck_assert_str_eq(read_it("# x\n[ imap  work ]\nlisten = a;b\n  c\nfoo=\n[nonsense\n\n[proxy]\nurl = x\n"), "");
    ck_assert_str_eq(sections_text_of(&sections), "0:2 [ imap  work ]\n0:3 listen=a;b\n0:4 +c\n0:5 foo=\n"
                                                  "0:6 [nonsense\n0:8 [proxy]\n0:9 url=x\n");
    ini_sections_release(&sections);
    sections_text_read(&sections, "[proxy]\n", 5, &complaints);
    ck_assert_str_eq(sections_text_of(&sections), "5:1 [proxy]\n");
    ck_assert_uint_eq(complaints.count, 0);
}
END_TEST

START_TEST(what_has_no_place_is_told)
{
    ck_assert_str_eq(read_it("a = 1\n[b]\nc = 1\n[b]\nd = 1\n[ b ]\n[b x]\n[b\tx ]\n"),
                     "f:1: `a` stands before the first section\nf:4: [b] stands a second time\n"
                     "f:8: [b x] stands a second time\n");
    ck_assert_str_eq(sections_text_of(&sections), "0:2 [b]\n0:3 c=1\n0:5 d=1\n0:6 [ b ]\n0:7 [b x]\n");
}
END_TEST

START_TEST(sections_and_lines_have_a_bound)
{
    const size_t size = 200000;
    char *text = malloc(size);
    size_t length = 0;

    for (int i = 0; i < INI_SECTIONS_MAX + 2; i++)
        length += (size_t)snprintf(text + length, size - length, "[x%d]\na=1\n", i);
    ck_assert_str_eq(read_it(text), "f:4097: more sections than fit\n");
    ck_assert_uint_eq(sections.count, INI_SECTIONS_MAX);
    ini_sections_release(&sections);
    length = (size_t)snprintf(text, size, "[x]\n");
    for (int i = 0; i < INI_SECTION_LINES_MAX + 2; i++)
        length += (size_t)snprintf(text + length, size - length, "a=1\n");
    snprintf(text + length, size - length, "[y]\nb=1\n");
    ck_assert_str_eq(read_it(text), "f:1026: more lines than fit into a section\n");
    ck_assert_ptr_nonnull(ini_sections_key(&sections, "[y]", "b"));
    length = 0;
    for (const struct ini_key *key = sections.first->first; key; key = key->next)
        length++;
    ck_assert_uint_eq(length, INI_SECTION_LINES_MAX);
    free(text);
}
END_TEST

START_TEST(a_header_has_a_word_and_maybe_a_label)
{
    static const struct {
        const char *header, *title; /* title NULL: it has not the form */
    } rows[] = {
        {"[a]", "[a]"}, {"[a b]", "[a b]"}, {"[a\t b ]  ", "[a b]"}, {"[a b c]", NULL}, {"[a", NULL}, {"[]", NULL},
        {"[ a]", NULL}, {"[a] x", NULL}, {"[a]]", NULL}, {"[", NULL}, {"[a b", NULL},
        {"[123456789012345678901 x]", "[12345678901234567890 x]"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *header = unit_exact(rows[i].header, strlen(rows[i].header) + 1), text[INI_TITLE_MAX];
        struct ini_title title;

        ck_assert_msg(ini_title_read(&title, header) == (rows[i].title != NULL), "%s", header);
        if (rows[i].title)
            ck_assert_str_eq(ini_title_format(&title, text), rows[i].title);
        free(header);
    }
}
END_TEST

START_TEST(sections_and_keys_are_found)
{
    read_it("[a]\nk = 1\nk = 2\n  3\n[a b]\nk = 4\n");
    ck_assert_ptr_eq(ini_sections_find(&sections, "[a  b ]"), sections.first->next);
    ck_assert_ptr_null(ini_sections_find(&sections, "[b]"));
    ck_assert_ptr_null(ini_sections_find(&sections, "[a b c]"));
    ck_assert_str_eq(ini_sections_key(&sections, "[a]", "k")->value, "2");
    ck_assert_ptr_null(ini_sections_key(&sections, "[a]", "l"));
    ck_assert_ptr_null(ini_sections_key(&sections, "[c]", "k"));
}
END_TEST

static bool is_of_line(void *arg, const struct ini_key *key)
{
    return key->where == *(int *)arg;
}

START_TEST(keys_and_sections_can_be_taken_out)
{
    static const int order[] = {4, 2, 3};

    read_it("[a]\nk=1\nl=2\nm=3\n[b]\n[c]\n");
    for (size_t i = 0; i < 3; i++) {
        int line = order[i];

        ini_section_strike(sections.first, is_of_line, &line);
        sections_text_of(&sections);
    }
    ck_assert_str_eq(sections_text_of(&sections), "0:1 [a]\n0:5 [b]\n0:6 [c]\n");
    ini_sections_remove(&sections, &sections.first->next->next);
    ck_assert_str_eq(sections_text_of(&sections), "0:1 [a]\n0:5 [b]\n");
    ini_sections_remove(&sections, &sections.first);
    ck_assert_str_eq(sections_text_of(&sections), "0:5 [b]\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("ini_sections");

    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, what_stands_in_a_file_is_kept_as_it_stands);
    tcase_add_test(cases, what_has_no_place_is_told);
    tcase_add_test(cases, sections_and_lines_have_a_bound);
    tcase_add_test(cases, a_header_has_a_word_and_maybe_a_label);
    tcase_add_test(cases, sections_and_keys_are_found);
    tcase_add_test(cases, keys_and_sections_can_be_taken_out);
    return unit_run();
}
