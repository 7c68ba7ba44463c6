/* SPDX-License-Identifier: ISC */
#include "http/capsule_reader.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define HELLO "\x08\x05hello"
#define END "\x09\x00"

/* A stream of capsules, and what it says. */
struct row {
    const char *bytes;
    size_t length;
    const char *payload;
    bool ended;
    enum capsule_fault fault, at_end; /* when all has been read; when the stream ends there */
};

#define ROW(bytes, ...) {bytes, sizeof bytes - 1, __VA_ARGS__}

static const struct row rows[] = {
    ROW("", "", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW(HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW(HELLO HELLO, "hellohello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW(HELLO END, "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW("\x09\x05hello", "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW(HELLO "\x09\x05hello", "hellohello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW(END, "", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW("\x08\x00" HELLO "\x08\x00" END, "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    /* varints of each size, shortest or not */
    ROW("\x08\x40\x05hello", "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x40\x08\x80\x00\x00\x05hello", "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x80\x00\x00\x08\xc0\x00\x00\x00\x00\x00\x00\x05hello", "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\xc0\x00\x00\x00\x00\x00\x00\x09\x40\x05hello", "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW("\x40\x09\xc0\x00\x00\x00\x00\x00\x00\x00", "", true, CAPSULE_WELL, CAPSULE_WELL),
    /* types that nobody knows */
    ROW("\x00\x03xyz" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x00\x00" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x0a\x01x" HELLO "\x07\x01x", "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x17\x03xyz" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x17\x03\x03yz" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x48\x08\x02xy" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\xff\xff\xff\xff\xff\xff\xff\xff\x01x" HELLO END, "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW(HELLO END "\x00\x03xyz\x2a\x00", "hello", true, CAPSULE_WELL, CAPSULE_WELL),
    ROW("\x00\xff\xff\xff\xff\xff\xff\xff\xffxyz", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x08\xff\xff\xff\xff\xff\xff\xff\xffxyz", "xyz", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x09\xff\xff\xff\xff\xff\xff\xff\xffxyz", "xyz", false, CAPSULE_WELL, CAPSULE_CUT),
    /* cut */
    ROW("\x08", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x40", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x08\x40", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x08\x05hell", "hell", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x09\x05hell", "hell", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x09", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW(END "\x00\x03xy", "", true, CAPSULE_WELL, CAPSULE_CUT),
    ROW(END "\x80", "", true, CAPSULE_WELL, CAPSULE_CUT),
    /* behind the end */
    ROW(HELLO END END, "hello", true, CAPSULE_SECOND_END, CAPSULE_SECOND_END),
    ROW(HELLO END HELLO, "hello", true, CAPSULE_DATA_BEHIND_END, CAPSULE_DATA_BEHIND_END),
    ROW(END "\x40\x08", "", true, CAPSULE_DATA_BEHIND_END, CAPSULE_DATA_BEHIND_END),
    ROW(END "\x00\x00" "\x08\x00", "", true, CAPSULE_DATA_BEHIND_END, CAPSULE_DATA_BEHIND_END),
    ROW(END END HELLO, "", true, CAPSULE_SECOND_END, CAPSULE_SECOND_END),
    /* no capsules */
    ROW("* OK ready\r\n", "", false, CAPSULE_RAW, CAPSULE_RAW),
    ROW("* BYE no\r\n", "", false, CAPSULE_RAW, CAPSULE_RAW),
    ROW("\x16\x03\x03\x00\x7a\x02\x00\x00\x76", "", false, CAPSULE_RAW, CAPSULE_RAW),
    ROW("\x15\x03\x03\x00\x02\x02\x28", "", false, CAPSULE_RAW, CAPSULE_RAW),
    /* but these are */
    ROW("\x2a\x20" "123456789 123456789 123456789 12" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x2a\x20O" "123456789 123456789 123456789 1" HELLO, "hello", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW(HELLO "* OK", "hello", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x00\x00* OK", "", false, CAPSULE_WELL, CAPSULE_CUT),
    ROW("\x08\x04* OK", "* OK", false, CAPSULE_WELL, CAPSULE_NO_END),
    ROW("\x08\x05\x16\x03\x03\x00\x02", "\x16\x03\x03", false, CAPSULE_WELL, CAPSULE_NO_END),
};

/* Reads it in pieces of that many bytes, each in memory of its very size, the first of another size. */
static void read_in_pieces(const struct row *row, size_t first, size_t piece)
{
    struct capsule_reader reader;
    char *said = calloc(1, row->length + 1);
    size_t length = 0;

    capsule_reader_start(&reader, protocol_find("imap", 4));
    for (size_t at = 0, some; at < row->length; at += some) {
        size_t payload;
        char *bytes;

        some = at == 0 && first > 0 ? first : piece;
        some = some < row->length - at ? some : row->length - at;
        bytes = unit_exact(row->bytes + at, some);
        payload = capsule_reader_strip(&reader, bytes, some);
        ck_assert_uint_le(payload, some);
        memcpy(said + length, bytes, payload);
        length += payload;
        free(bytes);
    }
    ck_assert_msg(strncmp(said, row->payload, length) == 0 && length >= strlen(row->payload), "row %zu: %s",
                  (size_t)(row - rows), said);
    ck_assert_msg(reader.ended == row->ended, "row %zu", (size_t)(row - rows));
    ck_assert_msg(reader.fault == row->fault, "row %zu: %u", (size_t)(row - rows), reader.fault);
    capsule_reader_end(&reader);
    ck_assert_msg(reader.fault == row->at_end, "row %zu: %u", (size_t)(row - rows), reader.fault);
    free(said);
}

START_TEST(what_a_stream_says)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        read_in_pieces(&rows[i], 0, SIZE_MAX);
}
END_TEST

START_TEST(the_pieces_do_not_matter)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t cut = 1; cut < rows[i].length; cut++)
            read_in_pieces(&rows[i], cut, SIZE_MAX);
        for (size_t piece = 1; piece < rows[i].length; piece++)
            read_in_pieces(&rows[i], 0, piece);
    }
}
END_TEST

/* Only the longest length there is fits behind it, and then the capsule is over, not one byte earlier. */
START_TEST(a_value_of_2_to_the_62_is_passed_over)
{
    struct capsule_reader reader;
    char head[] = "\x00\xff\xff\xff\xff\xff\xff\xff\xff", last[] = "xyz\x08\x01!";

    capsule_reader_start(&reader, NULL);
    ck_assert_uint_eq(capsule_reader_strip(&reader, head, 9), 0);
    ck_assert(reader.left == (UINT64_C(1) << 62) - 1 && reader.place == CAPSULE_AT_PASSED);
    reader.left = 3; /* nobody has the time to send the others */
    ck_assert_uint_eq(capsule_reader_strip(&reader, last, 6), 1);
    ck_assert_int_eq(last[0], '!');
}
END_TEST

START_TEST(a_greeting_counts_only_where_the_server_speaks_first)
{
    static const struct {
        const char *section; /* NULL: nobody knows the protocol */
        const char *said;
        enum capsule_fault fault;
    } cases[] = {
        {"imap", "* OK", CAPSULE_RAW},        {"imap", "* PREAUTH", CAPSULE_RAW}, {"imap", "220 x", CAPSULE_WELL},
        {"smtp", "220 x", CAPSULE_RAW},       {"smtp", "554 x", CAPSULE_RAW},     {"submission", "421", CAPSULE_RAW},
        {"nntp", "201", CAPSULE_RAW},         {"nntp", "502", CAPSULE_RAW},       {"pop3", "+OK", CAPSULE_RAW},
        {"pop3", "-ERR", CAPSULE_RAW},        {"managesieve", "\"IMPLEMENTATION\"", CAPSULE_RAW},
        {"forward", "* OK", CAPSULE_WELL},    {NULL, "* OK", CAPSULE_WELL},
        {"forward", "\x16\x03\x03\x01\x01", CAPSULE_RAW}, {NULL, "\x15\x03\x03\x01\x02", CAPSULE_RAW},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *section = cases[i].section;
        size_t length = strlen(cases[i].said);
        char *bytes = unit_exact(cases[i].said, length);
        struct capsule_reader reader;

        capsule_reader_start(&reader, section ? protocol_find(section, strlen(section)) : NULL);
        ck_assert_uint_eq(capsule_reader_strip(&reader, bytes, length), 0);
        ck_assert_msg(reader.fault == cases[i].fault, "row %zu", i);
        free(bytes);
    }
}
END_TEST

/* Whatever its first byte: a stream that begins with DATA is read, of whatever protocol. */
START_TEST(a_first_capsule_of_data_is_never_taken_for_something_else)
{
    for (size_t row = 0; protocol_row(row); row++) {
        for (unsigned length = 0; length < 0x100; length++) {
            for (unsigned byte = 0; byte < 0x100; byte += 15) {
                struct capsule_reader reader;
                char bytes[] = {0x40, 0x08, 0x40, (char)length, (char)byte, (char)byte};
                size_t skip = length % 2; /* the type in one byte or two */

                capsule_reader_start(&reader, protocol_row(row));
                capsule_reader_strip(&reader, bytes + skip, sizeof bytes - skip);
                ck_assert_uint_ne(reader.fault, CAPSULE_RAW);
                ck_assert(reader.known);
            }
        }
    }
}
END_TEST

START_TEST(heads_that_we_write_are_read)
{
    static const size_t lengths[] = {0, 1, 63, 64, 16383, 16384, 65536, CAPSULE_VALUE_MAX - 1, CAPSULE_VALUE_MAX};
    static const size_t sizes[] = {2, 2, 2, 3, 3, 5, 5, 5, 5};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct capsule_reader reader;
        char *head = malloc(CAPSULE_HEAD_MAX);
        size_t size = capsule_head(head, i % 2 ? CAPSULE_DATA : CAPSULE_FINAL_DATA, lengths[i]);

        ck_assert_uint_eq(size, sizes[i]);
        capsule_reader_start(&reader, NULL);
        ck_assert_uint_eq(capsule_reader_strip(&reader, head, size), 0);
        ck_assert_uint_eq(reader.left, lengths[i]);
        ck_assert_uint_eq(reader.place, lengths[i] > 0 ? CAPSULE_AT_PAYLOAD : CAPSULE_AT_TYPE);
        ck_assert(reader.final == (i % 2 == 0));
        free(head);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("capsule_reader");

    tcase_add_test(cases, what_a_stream_says);
    tcase_add_test(cases, the_pieces_do_not_matter);
    tcase_add_test(cases, a_value_of_2_to_the_62_is_passed_over);
    tcase_add_test(cases, a_greeting_counts_only_where_the_server_speaks_first);
    tcase_add_test(cases, a_first_capsule_of_data_is_never_taken_for_something_else);
    tcase_add_test(cases, heads_that_we_write_are_read);
    return unit_run();
}
