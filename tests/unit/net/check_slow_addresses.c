/* SPDX-License-Identifier: ISC */
#include "net/slow_addresses.h"

#include "../unit.h"

#define NOW 5000u

static struct address place(unsigned port)
{
    struct address address;

    ck_assert(address_from_literal(&address, port % 2 ? "192.0.2.1" : "2001:db8::1", (uint16_t)port));
    return address;
}

START_TEST(for_a_while_it_comes_last)
{
    struct slow_addresses slow = {.next = 0};
    struct address one = place(993), other = place(995);

    ck_assert(!slow_addresses_has(&slow, &one, NOW));
    slow_addresses_note(&slow, &one, NOW);
    ck_assert(slow_addresses_has(&slow, &one, NOW + SLOW_ADDRESSES_MS - 1));
    ck_assert(!slow_addresses_has(&slow, &one, NOW + SLOW_ADDRESSES_MS));
    ck_assert(!slow_addresses_has(&slow, &other, NOW)); /* another port is another place */
    slow_addresses_note(&slow, &one, NOW + 10);
    ck_assert(slow_addresses_has(&slow, &one, NOW + SLOW_ADDRESSES_MS));
    ck_assert_uint_eq(slow.next, 1);
    slow_addresses_forget(&slow, &other);
    slow_addresses_forget(&slow, &one);
    ck_assert(!slow_addresses_has(&slow, &one, NOW));
}
END_TEST

START_TEST(the_oldest_gives_way)
{
    struct slow_addresses slow = {.next = 0};

    for (unsigned i = 0; i <= SLOW_ADDRESSES_MAX; i++) {
        struct address address = place(1000 + i);

        slow_addresses_note(&slow, &address, NOW);
    }
    for (unsigned i = 0; i <= SLOW_ADDRESSES_MAX; i++) {
        struct address address = place(1000 + i);

        ck_assert(slow_addresses_has(&slow, &address, NOW) == (i > 0));
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("slow addresses");

    tcase_add_test(cases, for_a_while_it_comes_last);
    tcase_add_test(cases, the_oldest_gives_way);
    return unit_run();
}
