/* SPDX-License-Identifier: ISC */
#include "relay/who.h"

#include <string.h>

#include "../unit.h"

START_TEST(a_line_says_from_where_and_who)
{
    struct address address;
    char out[WHO_MAX], user[256];

    ck_assert(address_from_literal(&address, "192.0.2.7", 50000));
    ck_assert_str_eq(who_write(&address, NULL, out), "from=192.0.2.7:50000");
    ck_assert_str_eq(who_write(&address, "bo\"b\n", out), "from=192.0.2.7:50000 user=\"bo\\\"b\\n\"");
    ck_assert(address_from_literal(&address, "2001:db8::7", 0));
    ck_assert_str_eq(who_write(&address, "bob", out), "from=2001:db8::7 user=\"bob\"");
    address.any.sa_family = AF_UNSPEC;
    ck_assert_str_eq(who_write(&address, NULL, out), "from=unknown");
    memset(user, '\xff', sizeof user - 1);
    user[sizeof user - 1] = '\0';
    who_write(&address, user, out);
    ck_assert_uint_lt(strlen(out), WHO_MAX);
    ck_assert_int_eq(out[strlen(out) - 1], '"'); /* cut, but whole */
}
END_TEST

int main(void)
{
    tcase_add_test(unit_case("who"), a_line_says_from_where_and_who);
    return unit_run();
}
