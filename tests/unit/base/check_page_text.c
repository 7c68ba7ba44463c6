/* SPDX-License-Identifier: ISC */
#include "base/page_text.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct {
    const char *page, *text;
} rows[] = {
    {"", ""},
    {"  try\r\n\tlater  ", "try later"},
    {"<html><head><title>Access denied</title></head><body><p>by policy</p></body></html>", "by policy"},
    {"<h1>Error</h1><H2 class='x'>no</H2>the<br>cause", "the cause"},
    {"<style>x{}</style>a<script>alert('<p>')</script>b<unclosed", "a b"},
    {"a<!-- <b>not</b> this -->c", "a c"},
    {"<!-- open to the end", ""},
    {"<title>a title is never closed", "a title is never closed"},
    {"<title>only</title><h1>a title</h1>", "only a title"},
    {"<header>this is no heading</header><h10>nor this</h10>", "this is no heading nor this"},
    {"5 &lt; 6 &amp;&amp; &quot;x&quot; &nbsp; &#39;&unknown; & so", "5 < 6 && \"x\" '&unknown; & so"},
    {"<", ""},
    {"a<", "a"},
    {"<>b", "b"},
    {"</style>c", "c"},
    {"<style", ""},
    {"<style></style", ""},
    {"&", "&"},
};

START_TEST(what_is_neither_title_nor_style_nor_heading)
{
    char out[200];
    char *page = unit_exact(rows[_i].page, strlen(rows[_i].page));

    ck_assert_uint_eq(page_text(page, strlen(rows[_i].page), out, sizeof out), strlen(rows[_i].text));
    ck_assert_str_eq(out, rows[_i].text);
    free(page);
}
END_TEST

/* What follows in the caller's buffer is not of the page. */
START_TEST(nothing_is_read_behind_the_end)
{
    static const char bytes[] = "<title>x?style>?style>";
    char out[200];

    ck_assert_uint_eq(page_text(bytes, strlen("<title>x"), out, sizeof out), 1);
    ck_assert_str_eq(out, "x");
}
END_TEST

START_TEST(it_is_cut_to_size)
{
    for (size_t size = 1; size < 20; size++) {
        char *out = malloc(size);

        ck_assert_uint_lt(page_text("<b>one two</b> three", 20, out, size), size);
        ck_assert_int_eq(strncmp("one two three", out, strlen(out)), 0);
        free(out);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("page_text");

    tcase_add_loop_test(cases, what_is_neither_title_nor_style_nor_heading, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, nothing_is_read_behind_the_end);
    tcase_add_test(cases, it_is_cut_to_size);
    return unit_run();
}
