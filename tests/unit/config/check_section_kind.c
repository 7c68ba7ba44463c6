/* SPDX-License-Identifier: ISC */
#include "config/section_kind.h"

#include <string.h>

#include "../unit.h"

START_TEST(each_word_is_a_kind)
{
    static const enum option_section kinds[] = {OPTION_GLOBAL, OPTION_PROXY, OPTION_REDIRECTS, OPTION_REVERSE,
                                                OPTION_RELAY, OPTION_PUBLIC};
    const struct protocol *protocol;
    enum option_section kind;
    size_t count = 0;

    for (; section_kind_words[count]; count++) {
        const char *word = section_kind_words[count];

        ck_assert(section_kind_find(word, strlen(word), &kind, &protocol));
        ck_assert_int_eq(kind, count < 6 ? kinds[count] : OPTION_LISTENER);
        if (count < 6)
            ck_assert_ptr_null(protocol);
        else
            ck_assert_str_eq(protocol->section, word);
    }
    for (size_t i = 0; protocol_row(i); i++)
        count--;
    ck_assert_uint_eq(count, 6); /* no listener is missing */
}
END_TEST

START_TEST(what_is_no_word_is_no_kind)
{
    static const char *const words[] = {"", "Proxy", "prox", "proxyy", "listener", "imap work"};
    const struct protocol *protocol;
    enum option_section kind;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ck_assert_msg(!section_kind_find(words[i], strlen(words[i]), &kind, &protocol), "%s", words[i]);
    ck_assert(section_kind_find("imap work", 4, &kind, &protocol));
    ck_assert_str_eq(protocol->section, "imap");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("section_kind");

    tcase_add_test(cases, each_word_is_a_kind);
    tcase_add_test(cases, what_is_no_word_is_no_kind);
    return unit_run();
}
