/* SPDX-License-Identifier: ISC */
#include "auth/basic.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The reverse of what is tested, written for clarity.  Returns the number of bytes. */
static size_t decode(const char *text, unsigned char *out)
{
    size_t length = strlen(text), at = 0;
    unsigned bits = 0, held = 0;

    ck_assert_uint_eq(length % 4, 0);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '=' && i + 2 >= length && (i + 1 == length || text[i + 1] == '='))
            break;
        if (digit(text[i]) < 0)
            ck_abort_msg("no digit of base64: %c", text[i]);
        held = held << 6 | (unsigned)digit(text[i]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (unsigned char)(held >> bits & 0xff);
        }
    }
    return at;
}

START_TEST(the_examples_of_rfc_7617)
{
    char out[BASIC_MAX];

    ck_assert_uint_eq(basic_format("Aladdin", "open sesame", out), strlen("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    ck_assert_str_eq(out, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    ck_assert_uint_gt(basic_format("test", "123\xc2\xa3", out), 0);
    ck_assert_str_eq(out, "Basic dGVzdDoxMjPCow==");
}
END_TEST

START_TEST(padding_and_empty_parts)
{
    static const struct {
        const char *user, *password, *value;
    } rows[] = {
        {"", "", "Basic Og=="},       {"a", "", "Basic YTo="},     {"a", "b", "Basic YTpi"},
        {"", "ab", "Basic OmFi"},     {"a", "bc", "Basic YTpiYw=="}, {"a", "b:c", "Basic YTpiOmM="},
        {"\xff", "\xff\xff", "Basic /zr//w=="}, {">", "?>", "Basic Pjo/Pg=="},
    };
    char out[BASIC_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_uint_eq(basic_format(rows[i].user, rows[i].password, out), strlen(rows[i].value));
        ck_assert_str_eq(out, rows[i].value);
    }
}
END_TEST

/* Every length of password, until it does not fit, in a buffer without a byte to spare. */
START_TEST(every_length_comes_back_until_it_does_not_fit)
{
    char password[BASIC_MAX + 1], *out = malloc(BASIC_MAX);
    unsigned char pair[BASIC_MAX];
    size_t length, written, fitted = 0;

    for (length = 0; length < BASIC_MAX; length++) {
        memset(password, 0, sizeof password);
        for (size_t i = 0; i < length; i++)
            password[i] = (char)(i % 255 + 1);
        written = basic_format("user", password, out);
        if (written == 0)
            break;
        ck_assert_uint_eq(written, strlen(out));
        ck_assert_uint_lt(written, BASIC_MAX);
        ck_assert_int_eq(strncmp(out, "Basic ", 6), 0);
        ck_assert_uint_eq(decode(out + 6, pair), 5 + length);
        ck_assert_int_eq(memcmp(pair, "user:", 5), 0);
        ck_assert_int_eq(memcmp(pair + 5, password, length), 0);
        fitted = length;
    }
    ck_assert_uint_ge(fitted, 1500);
    for (; length < BASIC_MAX - 4; length++) {
        memset(password, 'x', length + 4);
        password[length + 4] = '\0';
        ck_assert_uint_eq(basic_format(password, "", out), 0);
        password[length] = '\0';
        ck_assert_uint_eq(basic_format("user", password, out), 0);
    }
    free(out);
}
END_TEST

/* What a server makes of it. */
START_TEST(user_and_password_are_read_as_they_were_written)
{
    static const char *const rows[][2] = {
        {"Aladdin", "open sesame"}, {"", ""}, {"a", ""}, {"", "b"}, {"a", "b:c:"}, {"j\xc3\xb6rg", "\xff"},
    };
    char value[BASIC_MAX], pair[BASIC_PAIR_MAX];
    const char *user, *password;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        basic_format(rows[i][0], rows[i][1], value);
        ck_assert(basic_read(value, pair, &user, &password));
        ck_assert_str_eq(user, rows[i][0]);
        ck_assert_str_eq(password, rows[i][1]);
    }
    ck_assert(basic_read("bASIC   YTpi", pair, &user, &password));
    ck_assert_str_eq(password, "b");
}
END_TEST

START_TEST(what_is_no_pair_is_not_read)
{
    static const char *const rows[] = {
        "", "Basic", "Basic ", "BasicYTpi", "Digest YTpi", "Basic YWI=" /* ab */, "Basic YTpi x", "Basic YTpi ",
        "Basic YTpi=", "Basic YTo", "Basic YToA" /* a NUL */, "Basic YQo6Yg==" /* a newline */, "Basic YTp/" /* DEL */,
        "Basic\tYTpi",
    };
    char pair[BASIC_PAIR_MAX];
    const char *user, *password;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (basic_read(rows[i], pair, &user, &password))
            ck_abort_msg("taken: %s", rows[i]);
}
END_TEST

START_TEST(a_pair_may_be_as_long_as_this)
{
    char value[BASIC_MAX], pair[BASIC_PAIR_MAX], longest[BASIC_PAIR_MAX + 1];
    const char *user, *password;

    memset(longest, 'x', sizeof longest);
    for (size_t more = 0; more < 4; more++) {
        longest[BASIC_PAIR_MAX - 3 + more] = '\0';
        ck_assert_uint_gt(basic_format("u", longest, value), 0);
        ck_assert(basic_read(value, pair, &user, &password) == (more == 0));
        if (more == 0)
            ck_assert_str_eq(password, longest);
        longest[BASIC_PAIR_MAX - 3 + more] = 'x';
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("basic");

    tcase_add_test(cases, the_examples_of_rfc_7617);
    tcase_add_test(cases, padding_and_empty_parts);
    tcase_add_test(cases, every_length_comes_back_until_it_does_not_fit);
    tcase_add_test(cases, user_and_password_are_read_as_they_were_written);
    tcase_add_test(cases, what_is_no_pair_is_not_read);
    tcase_add_test(cases, a_pair_may_be_as_long_as_this);
    return unit_run();
}
