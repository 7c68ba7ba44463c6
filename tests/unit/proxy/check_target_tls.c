/* SPDX-License-Identifier: ISC */
#include "proxy/target_tls.h"

#include <stdio.h>

#include "../unit.h"
#include "config/config.h"

struct certified {
    bool srv;
    const char *wanted, *place, *name;
};

static const struct certified certified[] = {
    /* the configuration has named the server itself */
    {false, "mail.example.net", "mail.example.net", "mail.example.net"},
    {false, "mail.example.net", "192.0.2.1", "192.0.2.1"},

    /* the record's server is within the domain that was named */
    {true, "example.net", "example.net", "example.net"},
    {true, "example.net", "mail.example.net", "mail.example.net"},
    {true, "example.net", "a.b.EXAMPLE.net", "a.b.EXAMPLE.net"},
    {true, "example.net", "mail.example.net.", "mail.example.net."},
    {true, "example.net.", "mail.example.net", "mail.example.net"},

    /* or anywhere else: the record may be a lie */
    {true, "example.net", "mail.example.org", "example.net"},
    {true, "example.net", "badexample.net", "example.net"},
    {true, "example.net", "net", "example.net"},
    {true, "mail.example.net", "example.net", "mail.example.net"},
    {true, "example.net", "example.net.evil.example", "example.net"},
};

START_TEST(a_certificate_must_have_the_name_that_can_be_trusted)
{
    const struct certified *row = &certified[_i];
    struct listener_config listener = {.target.srv = row->srv};
    struct endpoint place = {.port = 143};
    const char *name;

    snprintf(listener.target.place.host, sizeof listener.target.place.host, "%s", row->wanted);
    snprintf(place.host, sizeof place.host, "%s", row->place);
    name = target_tls_name(&listener, &place);
    ck_assert_str_eq(name, row->name);
    ck_assert(name == place.host || name == listener.target.place.host); /* borrowed */
}
END_TEST

START_TEST(a_failure_says_where_and_what_to_set)
{
    struct config *config = unit_config("[proxy]\nurl=http://p\n[imap]\ntarget=mail.example.net:143\ntls=yes\n");
    const struct listener_config *listener = config_listener(config, "imap");
    struct failure failure;

    failure_set(&failure, FAILURE_PERMANENT, "does not speak TLS here");
    target_tls_place_failure(listener, &listener->target.place, _i == 0, &failure);
    ck_assert_str_eq(failure.where, "mail.example.net:143");
    ck_assert_str_eq(failure.what, _i == 0 ? "does not speak TLS here; this port expects plain text first: "
                                             "set tls = starttls" : "does not speak TLS here");
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("target_tls");

    tcase_add_loop_test(cases, a_certificate_must_have_the_name_that_can_be_trusted, 0,
                        sizeof certified / sizeof certified[0]);
    tcase_add_loop_test(cases, a_failure_says_where_and_what_to_set, 0, 2);
    return unit_run();
}
