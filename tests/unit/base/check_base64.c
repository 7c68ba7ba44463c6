/* SPDX-License-Identifier: ISC */
#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* RFC 4648 section 10, and the digits that are no letters. */
START_TEST(texts_of_the_standard)
{
    static const char *const rows[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i][0]);
        char *bytes = unit_exact(rows[i][0], length), *out = malloc(BASE64_SIZE(length));

        ck_assert_uint_eq(base64_encode(bytes, length, out), strlen(rows[i][1]));
        ck_assert_str_eq(out, rows[i][1]);
        free(bytes);
        free(out);
    }
}
END_TEST

/* What is written is read again; each length, each last byte. */
START_TEST(what_is_encoded_comes_back)
{
    for (size_t length = 0; length < 10; length++)
        for (unsigned last = 0; last < 256; last++) {
            unsigned char bytes[10] = {0xff, 0, 0x80};
            char text[BASE64_SIZE(10)], *exact;
            size_t written, decoded;

            if (length > 0)
                bytes[length - 1] = (unsigned char)last;
            written = base64_encode(bytes, length, text);
            exact = malloc(written / 4 * 3 + 1);
            ck_assert(base64_decode(text, written, exact, &decoded));
            ck_assert_uint_eq(decoded, length);
            ck_assert_int_eq(memcmp(exact, bytes, length), 0);
            free(exact);
        }
}
END_TEST

START_TEST(what_is_not_quite_base64_is_refused)
{
    static const char *const rows[] = {
        "Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Zg==Zg==", "Z===", "Zh==", "Zm9=", "Zm8-", "Zm_v", "Zm9v\n",
        " Zm9", "Z=9v", "Zg=v", "Zm9v====", "Zm\x80v",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[16];
        size_t decoded, length = strlen(rows[i]);
        char *exact = unit_exact(rows[i], length);

        if (base64_decode(exact, length, out, &decoded))
            ck_abort_msg("taken: %s", rows[i]);
        free(exact);
    }
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
    char out[3];
    size_t decoded;

    ck_assert(!base64_decode("Zm\0v", 4, out, &decoded));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("base64");

    tcase_add_test(cases, texts_of_the_standard);
    tcase_add_test(cases, what_is_encoded_comes_back);
    tcase_add_test(cases, what_is_not_quite_base64_is_refused);
    tcase_add_test(cases, a_nul_is_no_digit);
    return unit_run();
}
