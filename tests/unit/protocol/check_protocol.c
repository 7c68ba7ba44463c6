/* SPDX-License-Identifier: ISC */
#include "protocol/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct protocol *row_of(const char *section)
{
    const struct protocol *protocol = protocol_find(section, strlen(section));

    ck_assert_msg(protocol != NULL, "no protocol %s", section);
    return protocol;
}

START_TEST(each_section_has_its_row)
{
    static const struct {
        const char *section, *token;
        uint16_t listen_port, target_port;
        bool server_first;
    } rows[] = {
        {"imap", "IMAP", 1143, 143, true},         {"smtp", "SMTP", 1025, 25, true},
        {"submission", "SMTP", 1587, 587, true},   {"nntp", "NNTP", 1119, 119, true},
        {"pop3", "POP3", 1110, 110, true},         {"managesieve", "SIEVE", 14190, 4190, true},
        {"forward", NULL, 0, 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct protocol *protocol = row_of(rows[i].section);

        ck_assert_str_eq(protocol->section, rows[i].section);
        if (rows[i].token)
            ck_assert_str_eq(protocol->token, rows[i].token);
        else
            ck_assert_ptr_null(protocol->token);
        ck_assert_uint_eq(protocol->listen_port, rows[i].listen_port);
        ck_assert_uint_eq(protocol->target_port, rows[i].target_port);
        ck_assert(protocol->server_first == rows[i].server_first);
    }
}
END_TEST

/* The registered ids of RFC 7301's registry; SMTP has none. */
START_TEST(alpn_ids)
{
    ck_assert_str_eq(row_of("imap")->alpn, "imap");
    ck_assert_str_eq(row_of("pop3")->alpn, "pop3");
    ck_assert_str_eq(row_of("nntp")->alpn, "nntp");
    ck_assert_str_eq(row_of("managesieve")->alpn, "managesieve");
    ck_assert_ptr_null(row_of("smtp")->alpn);
    ck_assert_ptr_null(row_of("submission")->alpn);
    ck_assert_ptr_null(row_of("forward")->alpn);
}
END_TEST

START_TEST(ports_of_schemes)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } rows[] = {
        {"imap", 143}, {"imaps", 993}, {"smtp", 25}, {"smtps", 465}, {"nntp", 119}, {"nntps", 563}, {"pop3", 110},
        {"pop3s", 995}, {"sieve", 4190}, {"", 0}, {"s", 0}, {"IMAP", 143}, {"IMAPS", 0}, {"imapss", 0},
        {"gopher", 0}, {"ima", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(protocol_default_port(rows[i].scheme) == rows[i].port, "%s: %u", rows[i].scheme,
                      (unsigned)protocol_default_port(rows[i].scheme));
}
END_TEST

START_TEST(ports_where_tls_is_expected)
{
    ck_assert(protocol_expects_tls(row_of("imap"), 993));
    ck_assert(!protocol_expects_tls(row_of("imap"), 143));
    ck_assert(!protocol_expects_tls(row_of("imap"), 995));
    ck_assert(protocol_expects_tls(row_of("submission"), 465));
    ck_assert(!protocol_expects_tls(row_of("submission"), 587));
    ck_assert(protocol_expects_tls(row_of("pop3"), 995));
    ck_assert(protocol_expects_tls(row_of("nntp"), 563));
    ck_assert(!protocol_expects_tls(row_of("managesieve"), 4190));
    ck_assert(!protocol_expects_tls(row_of("forward"), 993));
    ck_assert(!protocol_expects_tls(row_of("forward"), 0));
    ck_assert(protocol_expects_plain(row_of("imap"), 143));
    ck_assert(!protocol_expects_plain(row_of("imap"), 993));
    ck_assert(!protocol_expects_plain(row_of("imap"), 110));
    ck_assert(protocol_expects_plain(row_of("smtp"), 587));
    ck_assert(protocol_expects_plain(row_of("submission"), 25));
    ck_assert(!protocol_expects_plain(row_of("submission"), 465));
    ck_assert(protocol_expects_plain(row_of("managesieve"), 4190));
    ck_assert(!protocol_expects_plain(row_of("forward"), 0));
}
END_TEST

START_TEST(names_are_whole_and_exact)
{
    static const char *const rows[] = {"", "ima", "imaps", "IMAP", "imap ", "proxy", "sallyport"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *name = unit_exact(rows[i], strlen(rows[i]));

        ck_assert_ptr_null(protocol_find(name, strlen(rows[i])));
        free(name);
    }
    ck_assert_ptr_eq(protocol_find("imaps", 4), row_of("imap"));
}
END_TEST

START_TEST(greetings_that_mean_yes)
{
    static const struct {
        const char *section, *greeting;
        bool welcome;
    } rows[] = {
        {"imap", "* OK IMAP4rev1 ready", true}, {"imap", "* PREAUTH", true}, {"imap", "* BYE go away", false},
        {"imap", "* ok", false}, {"imap", "", false}, {"imap", "220 x", false}, {"imap", "* O", false},
        {"smtp", "220 mail ESMTP", true}, {"smtp", "220-mail", true}, {"smtp", "554 no", false}, {"smtp", "22", false},
        {"submission", "220 x", true}, {"submission", "421 x", false},
        {"nntp", "200 posting", true}, {"nntp", "201 no posting", true}, {"nntp", "400 x", false},
        {"nntp", "502 x", false}, {"pop3", "+OK", true}, {"pop3", "-ERR", false}, {"pop3", "+ok", false},
        {"managesieve", "\"IMPLEMENTATION\" \"x\"", true}, {"forward", "anything", true}, {"forward", "", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *greeting = unit_exact(rows[i].greeting, strlen(rows[i].greeting) + 1);

        ck_assert_msg(protocol_welcomes(row_of(rows[i].section), greeting) == rows[i].welcome, "%s: %s",
                      rows[i].section, greeting);
        free(greeting);
    }
}
END_TEST

/* What a server says first, given byte by byte: known as soon as it can be, and not before. */
START_TEST(how_servers_begin)
{
    static const struct {
        const char *section, *said;
        size_t known; /* after so many bytes it is what a server says; 0: it is not */
        size_t not;   /* then: after so many it is known not to be */
    } rows[] = {
        {"imap", "* OK ready", 4, 0},  {"imap", "* ok", 4, 0},       {"imap", "* PREAUTH", 9, 0},
        {"imap", "* BYE", 5, 0},       {"imap", "* NO", 0, 3},       {"imap", "220 ", 0, 1},
        {"smtp", "220 mail", 3, 0},    {"smtp", "421", 3, 0},        {"smtp", "554", 3, 0},
        {"smtp", "250", 0, 2},         {"submission", "220", 3, 0},  {"submission", "554", 3, 0},
        {"nntp", "200", 3, 0},         {"nntp", "201", 3, 0},        {"nntp", "400", 3, 0},
        {"nntp", "502", 3, 0},         {"nntp", "220", 0, 2},        {"pop3", "+OK", 3, 0},
        {"pop3", "-ERR", 4, 0},        {"pop3", "+ERR", 0, 2},
        {"managesieve", "\"IMPLEMENTATION\" \"x\"", 16, 0},        {"managesieve", "\"Sieve\"", 7, 0},
        {"managesieve", "\"SASL\"", 6, 0}, {"managesieve", "\"VERSION\"", 9, 0},
        {"managesieve", "\"STARTTLS\"", 10, 0}, {"managesieve", "\"x\"", 0, 2}, {"forward", "* OK", 0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t length = 1; length <= strlen(rows[i].said); length++) {
            char *said = unit_exact(rows[i].said, length);
            enum protocol_beginning expected = PROTOCOL_BEGINS_MAYBE;

            if (rows[i].known ? length >= rows[i].known : length >= rows[i].not)
                expected = rows[i].known ? PROTOCOL_BEGINS : PROTOCOL_BEGINS_NOT;
            ck_assert_msg(protocol_begins(row_of(rows[i].section), said, length) == expected, "%s: %zu bytes of %s",
                          rows[i].section, length, rows[i].said);
            free(said);
        }
    }
}
END_TEST

/* A protocol whose server speaks first has something to be told by, every greeting of it included; none is longer than
 * what is kept of it, and none is one of the capsules of connect-tcp (0x08 and 0x09), nor begins with a byte that
 * says that the type of a capsule goes on in the next. */
START_TEST(how_servers_begin_is_told_from_capsules)
{
    const struct protocol *protocol;

    for (size_t row = 0; (protocol = protocol_row(row)); row++) {
        ck_assert(protocol->server_first == (protocol->beginnings[0] != NULL));
        for (size_t i = 0; i < 2 && protocol->greetings[i]; i++)
            ck_assert_int_eq(protocol_begins(protocol, protocol->greetings[i], strlen(protocol->greetings[i])),
                             PROTOCOL_BEGINS);
        for (size_t i = 0; i < PROTOCOL_BEGINNINGS_MAX && protocol->beginnings[i]; i++) {
            ck_assert_uint_gt(strlen(protocol->beginnings[i]), 2);
            ck_assert_uint_le(strlen(protocol->beginnings[i]), PROTOCOL_BEGINNING_BYTES);
        }
        for (unsigned byte = 0; byte <= 0xff; byte++) {
            const char first = (char)byte;

            if (byte == 0x08 || byte == 0x09 || byte >= 0x40) {
                ck_assert_int_eq(protocol_begins(protocol, &first, 1), PROTOCOL_BEGINS_NOT);
                ck_assert_int_eq(protocol_begins_tls(&first, 1), PROTOCOL_BEGINS_NOT);
            }
        }
    }
}
END_TEST

START_TEST(how_tls_begins)
{
    static const struct {
        char said[7];
        size_t length;
        enum protocol_beginning expected;
    } rows[] = {
        {"\x16\x03\x03\x00\x7a", 5, PROTOCOL_BEGINS},   {"\x16\x03\x01\x48\xff\x02", 6, PROTOCOL_BEGINS},
        {"\x15\x03\x03\x00\x02", 5, PROTOCOL_BEGINS},   {"\x14\x03\x03\x00\x01", 5, PROTOCOL_BEGINS},
        {"\x17\x03\x04\x00\x01", 5, PROTOCOL_BEGINS},   {"\x13\x03\x03\x00\x02", 5, PROTOCOL_BEGINS_NOT},
        {"\x18\x03\x03\x00\x02", 5, PROTOCOL_BEGINS_NOT}, {"\x16\x02\x03\x00\x02", 5, PROTOCOL_BEGINS_NOT},
        {"\x16\x04\x03\x00\x02", 5, PROTOCOL_BEGINS_NOT}, {"\x16\x03\x00\x00\x02", 5, PROTOCOL_BEGINS_NOT},
        {"\x16\x03\x05\x00\x02", 5, PROTOCOL_BEGINS_NOT}, {"\x16\x03\x03\x49\x00", 5, PROTOCOL_BEGINS_NOT},
        {"\x16", 1, PROTOCOL_BEGINS_MAYBE},               {"\x16\x03\x03\x00", 4, PROTOCOL_BEGINS_MAYBE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *said = unit_exact(rows[i].said, rows[i].length);

        ck_assert_msg(protocol_begins_tls(said, rows[i].length) == rows[i].expected, "row %zu", i);
        free(said);
    }
}
END_TEST

/* refusal.tsv: section, class, where, what, the line. */
static void refusal_row(const struct unit_cell *cells, const char *where)
{
    enum failure_class class = unit_cell_is(&cells[1], "permanent") ? FAILURE_PERMANENT : FAILURE_TEMPORARY;
    char *out = malloc(PROTOCOL_REFUSAL_MAX + 1);
    struct failure failure;
    size_t length;

    failure_set(&failure, class, "%s", cells[3].bytes);
    failure_at(&failure, "http", cells[2].bytes);
    out[0] = '\0';
    length = protocol_refusal(row_of(cells[0].bytes), &failure, out);
    ck_assert_msg(length == cells[4].length && memcmp(out, cells[4].bytes, length) == 0, "%s: %s", where, out);
    free(out);
}

START_TEST(lockout_of_each_protocol_and_class)
{
    unit_table("refusal.tsv", 5, refusal_row);
}
END_TEST

static bool is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

/* Whatever is in a failure, and however long it is, the line is one line, printable, ends as it must, and fits. */
START_TEST(a_refusal_is_one_printable_line_of_at_most_200_bytes)
{
    static const char *const sections[] = {"imap", "smtp", "submission", "nntp", "pop3", "managesieve", "forward"};

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        for (unsigned length = 0; length < 255; length++) {
            static const char bytes[] = {'a', '"', '\\', '\n', '\x1f', '\x7f', '\x80', '\xff'};

            for (size_t byte = 0; byte < sizeof bytes; byte++) {
                const struct protocol *protocol = row_of(sections[i]);
                char *out = malloc(PROTOCOL_REFUSAL_MAX + 1);
                struct failure failure = {.class = length % 2 ? FAILURE_TEMPORARY : FAILURE_PERMANENT};
                size_t written;

                memset(failure.where, bytes[byte], length / 2);
                memset(failure.what, bytes[byte], length);
                written = protocol_refusal(protocol, &failure, out);
                if (!protocol->temporary) {
                    ck_assert_uint_eq(written, 0);
                    free(out);
                    continue;
                }
                ck_assert_uint_le(written, PROTOCOL_REFUSAL_MAX);
                ck_assert_uint_eq(strlen(out), written);
                ck_assert_str_eq(out + written - 2, "\r\n");
                ck_assert_int_eq(strncmp(out + written - 2 - strlen(protocol->end), protocol->end,
                                         strlen(protocol->end)), 0);
                ck_assert(is_printable(out, written - 2));
                if (length > 200)
                    ck_assert_uint_ge(written, PROTOCOL_REFUSAL_MAX - 1); /* cut, but not short */
                free(out);
            }
        }
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("protocol");

    tcase_add_test(cases, each_section_has_its_row);
    tcase_add_test(cases, alpn_ids);
    tcase_add_test(cases, ports_of_schemes);
    tcase_add_test(cases, ports_where_tls_is_expected);
    tcase_add_test(cases, names_are_whole_and_exact);
    tcase_add_test(cases, greetings_that_mean_yes);
    tcase_add_test(cases, how_servers_begin);
    tcase_add_test(cases, how_servers_begin_is_told_from_capsules);
    tcase_add_test(cases, how_tls_begins);
    tcase_add_test(cases, lockout_of_each_protocol_and_class);
    tcase_add_test(cases, a_refusal_is_one_printable_line_of_at_most_200_bytes);
    return unit_run();
}
