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

int main(void)
{
    tcase_add_test(unit_case("base64"), texts_of_the_standard);
    return unit_run();
}
