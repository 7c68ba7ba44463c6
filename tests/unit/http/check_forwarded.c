/* SPDX-License-Identifier: ISC */
#include "http/forwarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const char *text_of(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    if (address->any.sa_family == AF_UNSPEC)
        snprintf(out, ADDRESS_TEXT_MAX, "-");
    else
        address_format(address, out);
    return out;
}

/* A field for each line of a cell, each value in memory of its very size; the caller's to free. */
static void set_fields(struct http_fields *fields, const struct unit_cell *cell)
{
    const char *at = cell->bytes, *end = at + cell->length;

    fields->count = 0;
    do {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        struct http_head_slice value = http_head_trim(at, stop);

        ck_assert_uint_lt(fields->count, HTTP_FIELDS_MAX);
        value.bytes = unit_exact(value.bytes, value.length);
        fields->at[fields->count].name = (struct http_head_slice){"forwarded", 9};
        fields->at[fields->count++].value = value;
        at = newline ? newline + 1 : NULL;
    } while (at);
}

static void free_fields(struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free((char *)(uintptr_t)fields->at[i].value.bytes);
}

/* forwarded.tsv: values, what they come to. */
static void read_row(const struct unit_cell *cells, const char *where)
{
    static const char *const words[] = {
        [FORWARDED_ABSENT] = "absent", [FORWARDED_SEVERAL] = "several", [FORWARDED_NO_ADDRESS] = "no address",
        [FORWARDED_UNREADABLE] = "unreadable",
    };
    char for_[ADDRESS_TEXT_MAX], by[ADDRESS_TEXT_MAX], out[2 * ADDRESS_TEXT_MAX];
    struct http_fields fields;
    struct forwarded forwarded;
    enum forwarded_result result;

    memset(&forwarded, 'x', sizeof forwarded);
    set_fields(&fields, &cells[0]);
    result = forwarded_read(&fields, &forwarded);
    free_fields(&fields);
    if (result == FORWARDED_USABLE) {
        snprintf(out, sizeof out, "%s %s", text_of(&forwarded.for_, for_), text_of(&forwarded.by, by));
    } else {
        snprintf(out, sizeof out, "%s", words[result]);
        ck_assert_int_eq(forwarded.for_.any.sa_family, AF_UNSPEC);
        ck_assert_int_eq(forwarded.by.any.sa_family, AF_UNSPEC);
    }
    ck_assert_msg(unit_cell_is(&cells[1], out), "%s: %s", where, out);
}

START_TEST(what_the_fields_come_to)
{
    unit_table("forwarded.tsv", 2, read_row);
}
END_TEST

START_TEST(no_field_is_absent)
{
    struct http_fields fields = {.count = 1, .at[0] = {{"X-Forwarded-For", 15}, {"192.0.2.1", 9}}};
    struct forwarded forwarded;

    ck_assert_int_eq(forwarded_read(&fields, &forwarded), FORWARDED_ABSENT);
    ck_assert_int_eq(forwarded.for_.any.sa_family, AF_UNSPEC);
}
END_TEST

/* --- writing --- */

static struct address address_of(const char *host, uint16_t port)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, port));
    return address;
}

START_TEST(it_is_written_as_it_is_read)
{
    static const struct {
        const char *for_, *by, *text;
    } rows[] = {
        {"192.0.2.1", "198.51.100.2", "for=\"192.0.2.1:50000\";by=\"198.51.100.2:993\""},
        {"2001:db8::1", "2001:db8::2", "for=\"[2001:db8::1]:50000\";by=\"[2001:db8::2]:993\""},
        {"::ffff:192.0.2.1", "::ffff:198.51.100.2", "for=\"192.0.2.1:50000\";by=\"198.51.100.2:993\""},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", "for=\"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:50000\";"
         "by=\"[::]:993\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address for_ = address_of(rows[i].for_, 50000), by = address_of(rows[i].by, 993);
        char out[FORWARDED_TEXT_MAX], seen[ADDRESS_TEXT_MAX];
        struct http_fields fields = {.count = 1};
        struct forwarded forwarded;

        ck_assert_str_eq(forwarded_write(&for_, &by, out), rows[i].text);
        fields.at[0].name = (struct http_head_slice){"Forwarded", 9};
        fields.at[0].value = (struct http_head_slice){out, strlen(out)};
        ck_assert_int_eq(forwarded_read(&fields, &forwarded), FORWARDED_USABLE);
        ck_assert_ptr_nonnull(strstr(rows[i].text, text_of(&forwarded.for_, seen)));
        ck_assert_ptr_nonnull(strstr(rows[i].text, text_of(&forwarded.by, seen)));
    }
}
END_TEST

START_TEST(by_may_be_left_out_and_so_may_ports)
{
    struct address for_ = address_of("192.0.2.1", 1), by = address_of("2001:db8::1", 0);
    char out[FORWARDED_TEXT_MAX];

    ck_assert_str_eq(forwarded_write(&for_, NULL, out), "for=\"192.0.2.1:1\"");
    address_set_port(&for_, 0);
    ck_assert_str_eq(forwarded_write(&for_, &by, out), "for=\"192.0.2.1\";by=\"[2001:db8::1]\"");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("forwarded");

    tcase_add_test(cases, what_the_fields_come_to);
    tcase_add_test(cases, no_field_is_absent);
    tcase_add_test(cases, it_is_written_as_it_is_read);
    tcase_add_test(cases, by_may_be_left_out_and_so_may_ports);
    return unit_run();
}
