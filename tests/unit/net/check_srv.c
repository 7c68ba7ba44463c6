/* SPDX-License-Identifier: ISC */
#include "net/srv.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- messages by hand (RFC 1035 section 4) --- */

#define QUESTION "\x04_sub\x04_tcp\x07" "example\x03net\0\0\x21\0\x01"
#define NAME_OF_QUESTION "\xc0\x0c" /* a pointer to byte 12 */

struct message {
    unsigned char bytes[4096];
    size_t length;
};

static void put(struct message *message, const void *bytes, size_t length)
{
    ck_assert_uint_le(message->length + length, sizeof message->bytes);
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void put16(struct message *message, unsigned number)
{
    const unsigned char bytes[] = {(unsigned char)(number >> 8), (unsigned char)number};

    put(message, bytes, 2);
}

/* A header with that many answers, and the question. */
static void start(struct message *message, unsigned answers)
{
    message->length = 0;
    put(message, "\x12\x34\x81\x80\0\x01", 6);
    put16(message, answers);
    put(message, "\0\0\0\0", 4);
    put(message, QUESTION, sizeof QUESTION - 1);
}

/* An answer; target is a name in its wire form. */
static void answer(struct message *message, uint32_t ttl, unsigned priority, unsigned weight, unsigned port,
                   const char *wire, size_t length)
{
    put(message, NAME_OF_QUESTION "\0\x21\0\x01", 6);
    put16(message, ttl >> 16);
    put16(message, ttl & 0xffff);
    put16(message, (unsigned)(6 + length));
    put16(message, priority);
    put16(message, weight);
    put16(message, port);
    put(message, wire, length);
}

#define ANSWER(message, ttl, priority, weight, port, wire) \
    answer(message, ttl, priority, weight, port, wire, sizeof wire - 1)

/* Reads from a buffer of the message's very size. */
static bool read_message(struct srv_list *list, const struct message *message)
{
    char *exact = unit_exact(message->bytes, message->length);
    bool good;

    memset(list, 'x', sizeof *list);
    good = srv_read(list, (unsigned char *)exact, message->length);
    free(exact);
    return good;
}

START_TEST(record_bio_are_read_whole)
{
    struct message message;
    struct srv_list list;

    start(&message, 2);
    ANSWER(&message, 300, 10, 20, 587, "\x04mail\x07" "example\x03net\0");
    ANSWER(&message, 600, 65535, 0, 65535, "\x04MAIL\xc0\x16"); /* compressed: "example.net" of the question */
    ck_assert(read_message(&list, &message));
    ck_assert_uint_eq(list.count, 2);
    ck_assert(!list.unavailable);
    ck_assert_uint_eq(list.ttl, 300);
    ck_assert_str_eq(list.at[0].place.host, "mail.example.net");
    ck_assert_uint_eq(list.at[0].place.port, 587);
    ck_assert_uint_eq(list.at[0].priority, 10);
    ck_assert_uint_eq(list.at[0].weight, 20);
    ck_assert_str_eq(list.at[1].place.host, "MAIL.example.net");
    ck_assert_uint_eq(list.at[1].place.port, 65535);
    ck_assert_uint_eq(list.at[1].priority, 65535);
}
END_TEST

START_TEST(the_root_as_target_means_no_such_service)
{
    struct message message;
    struct srv_list list;

    start(&message, 1);
    ANSWER(&message, 77, 0, 0, 0, "\0");
    ck_assert(read_message(&list, &message));
    ck_assert(list.unavailable);
    ck_assert_uint_eq(list.count, 0);
    ck_assert_uint_eq(list.ttl, 77);

    start(&message, 1);
    ANSWER(&message, 77, 0, 0, 143, "\0"); /* whatever the port says */
    ck_assert(read_message(&list, &message));
    ck_assert(list.unavailable);

    /* beside a record that can be used it means nothing, in either order (RFC 2782) */
    start(&message, 2);
    ANSWER(&message, 77, 0, 0, 0, "\0");
    ANSWER(&message, 77, 0, 0, 143, "\x01" "a\0");
    ck_assert(read_message(&list, &message));
    ck_assert(!list.unavailable);
    ck_assert_uint_eq(list.count, 1);
    start(&message, 2);
    ANSWER(&message, 77, 0, 0, 143, "\x01" "a\0");
    ANSWER(&message, 77, 0, 0, 0, "\0");
    ck_assert(read_message(&list, &message));
    ck_assert(!list.unavailable);
    ck_assert_uint_eq(list.count, 1);
}
END_TEST

START_TEST(record_bio_of_no_use_are_left_out)
{
    struct message message;
    struct srv_list list;

    start(&message, 4);
    ANSWER(&message, 60, 0, 0, 0, "\x01" "a\0");               /* port 0 */
    ANSWER(&message, 60, 0, 0, 143, "\x03" "a b\0");           /* no host name */
    ANSWER(&message, 60, 0, 0, 143, "\x03" "a.b\0");           /* a dot within a label */
    ANSWER(&message, 60, 1, 0, 143, "\x04good\0");
    ck_assert(read_message(&list, &message));
    ck_assert_str_eq(list.at[list.count - 1].place.host, "good");
    for (size_t i = 0; i < list.count; i++) {
        ck_assert_uint_gt(list.at[i].place.port, 0);
        ck_assert_ptr_null(strchr(list.at[i].place.host, ' '));
    }

    start(&message, 1);
    ANSWER(&message, 60, 0, 0, 0, "\x01" "a\0");
    ck_assert(!read_message(&list, &message)); /* nothing left, and no word that there is no service */
    start(&message, 0);
    ck_assert(!read_message(&list, &message));
}
END_TEST

START_TEST(at_most_so_many_records_are_kept)
{
    struct message message;
    struct srv_list list;

    start(&message, SRV_LIST_MAX + 5);
    for (unsigned i = 0; i < SRV_LIST_MAX + 5; i++)
        ANSWER(&message, 100 - i, 0, 0, 1 + i, "\x01" "a\0");
    ck_assert(read_message(&list, &message));
    ck_assert_uint_eq(list.count, SRV_LIST_MAX);
    ck_assert_uint_eq(list.ttl, 100 - (SRV_LIST_MAX + 4)); /* of all of them */
}
END_TEST

START_TEST(the_least_ttl_counts_and_the_top_bit_means_none)
{
    static const struct {
        uint32_t first, second, least;
    } rows[] = {{5, 9, 5}, {9, 5, 5}, {0, 5, 0}, {0x7fffffff, 0x7fffffff, 0x7fffffff}, {0x80000000, 0xffffffff, 0},
               {5, 0x80000000, 0}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message message;
        struct srv_list list;

        start(&message, 2);
        ANSWER(&message, rows[i].first, 0, 0, 1, "\x01" "a\0");
        ANSWER(&message, rows[i].second, 0, 0, 2, "\x01" "a\0");
        ck_assert(read_message(&list, &message));
        ck_assert_msg(list.ttl == rows[i].least, "row %zu: %u", i, list.ttl);
    }
}
END_TEST

/* An alias on the way to the records is no record, but it has a TTL, too. */
START_TEST(an_alias_is_passed_over)
{
    struct message message;
    struct srv_list list;

    start(&message, 2);
    put(&message, NAME_OF_QUESTION "\0\x05\0\x01\0\0\0\x09\0\x02\xc0\x16", 14);
    ANSWER(&message, 60, 1, 2, 143, "\x01" "a\0");
    ck_assert(read_message(&list, &message));
    ck_assert_uint_eq(list.count, 1);
    ck_assert_str_eq(list.at[0].place.host, "a");
    ck_assert_uint_eq(list.ttl, 9);
    start(&message, 1);
    put(&message, NAME_OF_QUESTION "\0\x05\0\x01\0\0\0\x09\0\x02\xc0\x16", 14);
    ck_assert(!read_message(&list, &message));
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

/* --- hostile messages --- */

/* The list of a broken message is empty, however many good records stand before the broken one. */
START_TEST(what_is_broken_is_broken_whole)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"\0\0\0\0\0\x07" "\x01" "b\0", 6},     /* no room for a target */
        {"\0\0\0\0\0\x07" "\x01" "b\0", 7},     /* the target ends behind the record */
        {"\0\0\0\0\0\x07" "\x7f" "b\0", 9},     /* a label of 127 bytes */
        {"\0\0\0\0\0\x07" "\x01" "b\0", 60},    /* the record ends behind the message */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message message;
        struct srv_list list;

        start(&message, 2);
        ANSWER(&message, 60, 1, 2, 143, "\x01" "a\0");
        put(&message, NAME_OF_QUESTION "\0\x21\0\x01\0\0\0\x09\0", 11);
        put(&message, (const unsigned char[]){(unsigned char)rows[i].length}, 1);
        put(&message, rows[i].bytes, 9);
        ck_assert_msg(!read_message(&list, &message), "row %zu", i);
        ck_assert_uint_eq(list.count, 0);
        ck_assert(!list.unavailable);
    }
}
END_TEST

START_TEST(two_questions_are_no_answer)
{
    struct message message;
    struct srv_list list;

    start(&message, 1);
    ANSWER(&message, 60, 1, 2, 143, "\x01" "a\0");
    ck_assert(read_message(&list, &message));
    message.bytes[5] = 2;
    ck_assert(!read_message(&list, &message));
    message.bytes[5] = 0;
    ck_assert(!read_message(&list, &message));
}
END_TEST

START_TEST(every_beginning_of_a_message_is_refused_or_harmless)
{
    struct message whole, cut;
    struct srv_list list;

    start(&whole, 2);
    ANSWER(&whole, 300, 10, 20, 587, "\x04mail\x07" "example\x03net\0");
    ANSWER(&whole, 600, 0, 0, 1, "\x04mail\xc0\x16");
    cut = whole;
    for (cut.length = 0; cut.length < whole.length; cut.length++)
        ck_assert_msg(!read_message(&list, &cut), "%zu bytes", cut.length);
    ck_assert(read_message(&list, &whole));
}
END_TEST

START_TEST(every_byte_may_be_another)
{
    struct message whole, changed;
    struct srv_list list;

    start(&whole, 2);
    ANSWER(&whole, 300, 10, 20, 587, "\x04mail\x07" "example\x03net\0");
    ANSWER(&whole, 600, 0, 0, 1, "\x04mail\xc0\x16");
    for (size_t at = 0; at < whole.length; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            changed = whole;
            changed.bytes[at] = (unsigned char)byte;
            if (!read_message(&list, &changed))
                continue;
            ck_assert_uint_le(list.count, SRV_LIST_MAX);
            for (size_t i = 0; i < list.count; i++)
                ck_assert(list.at[i].place.port > 0 && list.at[i].place.host[0] != '\0');
        }
    }
}
END_TEST

START_TEST(names_that_point_in_circles_end)
{
    struct message message;
    struct srv_list list;
    size_t here;

    start(&message, 1);
    here = message.length + 18;
    ANSWER(&message, 1, 0, 0, 1, "\xc0\0");
    message.bytes[here] = (unsigned char)(0xc0 | here >> 8);
    message.bytes[here + 1] = (unsigned char)here;
    ck_assert(!read_message(&list, &message));
}
END_TEST

START_TEST(text_is_no_message)
{
    struct message message = {.length = 0};
    struct srv_list list;

    put(&message, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
    ck_assert(!read_message(&list, &message));
    memset(message.bytes, 0xff, message.length = sizeof message.bytes);
    ck_assert(!read_message(&list, &message));
    memset(message.bytes, 0, message.length);
    ck_assert(!read_message(&list, &message));
}
END_TEST

/* --- order --- */

static struct srv_list records(const unsigned (*rows)[2], size_t count)
{
    struct srv_list list = {.count = count};

    for (size_t i = 0; i < count; i++) {
        list.at[i].priority = (uint16_t)rows[i][0];
        list.at[i].weight = (uint16_t)rows[i][1];
        list.at[i].place.port = (uint16_t)(i + 1);
    }
    return list;
}

START_TEST(the_least_priority_comes_first_and_none_is_lost)
{
    static const unsigned rows[][2] = {{30, 5}, {10, 0}, {20, 9}, {10, 100}, {20, 0}, {0, 0}, {65535, 65535}};
    const size_t count = sizeof rows / sizeof rows[0];

    for (uint32_t seed = 0; seed < 500; seed++) {
        struct srv_list list = records(rows, count);
        unsigned seen = 0;

        srv_order(&list, seed * 2654435761u);
        for (size_t i = 0; i < count; i++) {
            seen |= 1u << list.at[i].place.port;
            if (i > 0)
                ck_assert_uint_ge(list.at[i].priority, list.at[i - 1].priority);
        }
        ck_assert_uint_eq(seen, (1u << (count + 1)) - 2);
    }
}
END_TEST

START_TEST(among_equals_the_heavier_comes_first_more_often)
{
    static const unsigned rows[][2] = {{1, 0}, {1, 25}, {1, 75}};
    unsigned first[4] = {0};

    for (uint32_t seed = 0; seed < 10000; seed++) {
        struct srv_list list = records(rows, 3);

        srv_order(&list, seed * 2654435761u);
        first[list.at[0].place.port]++;
    }
    ck_assert_uint_gt(first[1], 0); /* weight 0: a small chance */
    ck_assert_uint_lt(first[1], 500);
    ck_assert(first[2] > 2000 && first[2] < 3000);
    ck_assert(first[3] > 6800 && first[3] < 8000);
}
END_TEST

START_TEST(one_seed_gives_one_order)
{
    static const unsigned rows[][2] = {{1, 5}, {1, 5}, {1, 5}, {1, 5}};
    struct srv_list a = records(rows, 4), b = records(rows, 4), none = {.count = 0};

    srv_order(&a, 42);
    srv_order(&b, 42);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(a.at[i].place.port, b.at[i].place.port);
    srv_order(&none, 42);
    ck_assert_uint_eq(none.count, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("srv");

    tcase_add_test(cases, record_bio_are_read_whole);
    tcase_add_test(cases, the_root_as_target_means_no_such_service);
    tcase_add_test(cases, record_bio_of_no_use_are_left_out);
    tcase_add_test(cases, at_most_so_many_records_are_kept);
    tcase_add_test(cases, the_least_ttl_counts_and_the_top_bit_means_none);
    tcase_add_test(cases, an_alias_is_passed_over);
    tcase_add_test(cases, what_is_broken_is_broken_whole);
    tcase_add_test(cases, two_questions_are_no_answer);
    tcase_add_test(cases, every_beginning_of_a_message_is_refused_or_harmless);
    tcase_add_test(cases, every_byte_may_be_another);
    tcase_add_test(cases, names_that_point_in_circles_end);
    tcase_add_test(cases, text_is_no_message);
    tcase_add_test(cases, the_least_priority_comes_first_and_none_is_lost);
    tcase_add_test(cases, among_equals_the_heavier_comes_first_more_often);
    tcase_add_test(cases, one_seed_gives_one_order);
    return unit_run();
}
