/* SPDX-License-Identifier: ISC */
#include "config/listening.h"

#include "../unit.h"

START_TEST(all_that_listen_in_order)
{
    struct config *config = unit_config(
        "[public imaps]\nlisten = 127.0.0.1:1\nname = home:993\nallow = everyone\n"
        "[relay]\nlisten = 127.0.0.1:2 127.0.0.1:3\nusers = /dev/null\n"
        "[reverse home]\nrelay = https://r.example/x\ntarget = m.example:143\n"
        "[imap]\ntarget = m.example\nproxy = direct\n[nntp work]\ntarget = n.example\nproxy = direct\n"
        "[public]\nlisten = 127.0.0.1:4\nname = home:119\nallow = everyone\n");
    static const char *const names[] = {"imap", "nntp/work", "relay", "public/imaps", "public"};
    static const int lines[] = {11, 14, 5, 1, 17};
    struct listening listening;

    for (size_t i = 0; i < 5; i++) {
        ck_assert(listening_at(config, i, &listening));
        ck_assert_str_eq(listening.name, names[i]);
        ck_assert_int_eq(listening.line, lines[i]);
        ck_assert_ptr_eq(listening.listener, i < 2 ? &config->listeners[i] : NULL);
        ck_assert_ptr_eq(listening.relay, i == 2 ? &config->relays[0] : NULL);
        ck_assert_ptr_eq(listening.public_, i > 2 ? &config->publics[i - 3] : NULL);
        ck_assert_ptr_eq(listening.places, i < 2    ? &config->listeners[i].listen
                                           : i == 2 ? &config->relays[0].listen
                                                    : &config->publics[i - 3].listen);
    }
    ck_assert(!listening_at(config, 5, &listening));
    ck_assert(!listening_at(config, (size_t)-1, &listening));
    ck_assert_uint_eq(listening_count(config), 5);
    config_unref(config);
}
END_TEST

START_TEST(who_only_dials_out_does_not_listen)
{
    struct config *config = unit_config("[reverse]\nrelay = https://r.example/x\ntarget = m.example:143\n");
    struct listening listening;

    ck_assert(!listening_at(config, 0, &listening));
    ck_assert_uint_eq(listening_count(config), 0);
    config_unref(config);
}
END_TEST

static bool listens(const struct config *config, const char *host, uint16_t port)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, port));
    return listening_on(config, &address);
}

START_TEST(where_the_file_says)
{
    struct config *config = unit_config("[imap]\ntarget = m.example\nproxy = direct\nlisten = localhost:1143\n"
                                        "[nntp]\ntarget = n.example\nproxy = direct\nlisten = 127.0.0.2:1119\n"
                                        "[public]\nlisten = 127.0.0.3:4\nname = home:119\nallow = everyone\n"
                                        "[relay]\nlisten = 127.0.0.1:2\nusers = /dev/null\n");

    ck_assert(listens(config, "127.0.0.1", 1143));
    ck_assert(listens(config, "::1", 1143));
    ck_assert(listens(config, "::ffff:127.0.0.1", 1143));
    ck_assert(listens(config, "0.0.0.0", 1143));
    ck_assert(!listens(config, "192.0.2.1", 1143));
    ck_assert(!listens(config, "127.0.0.1", 1119));
    ck_assert(listens(config, "127.0.0.2", 1119));
    ck_assert(listens(config, "127.0.0.3", 4));
    ck_assert(listens(config, "127.0.0.1", 2));
    for (uint16_t port = 1; port < 2000; port++)
        ck_assert_int_eq(listening_names_port(config, port), port == 1143 || port == 1119 || port == 4 || port == 2);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("listening");

    tcase_add_test(cases, all_that_listen_in_order);
    tcase_add_test(cases, who_only_dials_out_does_not_listen);
    tcase_add_test(cases, where_the_file_says);
    return unit_run();
}
