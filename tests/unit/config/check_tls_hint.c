/* SPDX-License-Identifier: ISC */
#include "config/tls_hint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#include "../unit.h"

#define TO_YES "this port expects TLS: set tls = yes, or let the client do TLS itself"
#define TO_YES_NOT_STARTTLS "this port expects TLS from the first byte: set tls = yes"
#define TO_STARTTLS "this port expects plain text first: set tls = starttls"

static const struct {
    const char *section;
    enum listener_tls tls;
    uint16_t port;
    const char *hint; /* or NULL */
} ports[] = {
    {"imap", TLS_NO, 993, TO_YES}, {"smtp", TLS_NO, 465, TO_YES}, {"submission", TLS_NO, 465, TO_YES},
    {"pop3", TLS_NO, 995, TO_YES}, {"nntp", TLS_NO, 563, TO_YES},
    {"imap", TLS_STARTTLS, 993, TO_YES_NOT_STARTTLS}, {"nntp", TLS_STARTTLS, 563, TO_YES_NOT_STARTTLS},
    {"imap", TLS_YES, 143, TO_STARTTLS}, {"nntp", TLS_YES, 119, TO_STARTTLS}, {"pop3", TLS_YES, 110, TO_STARTTLS},
    {"submission", TLS_YES, 587, TO_STARTTLS}, {"smtp", TLS_YES, 587, TO_STARTTLS}, {"smtp", TLS_YES, 25, TO_STARTTLS},
    {"managesieve", TLS_YES, 4190, TO_STARTTLS},
    {"imap", TLS_YES, 993, NULL}, {"imap", TLS_NO, 143, NULL}, {"imap", TLS_STARTTLS, 143, NULL},
    {"imap", TLS_NO, 4711, NULL}, {"imap", TLS_YES, 4711, NULL}, {"imap", TLS_STARTTLS, 4711, NULL},
    {"imap", TLS_NO, 995, NULL}, {"imap", TLS_YES, 110, NULL},
    {"forward", TLS_NO, 993, NULL}, {"forward", TLS_YES, 143, NULL},
};

static struct listener_config listener_of(size_t i)
{
    return (struct listener_config){.protocol = protocol_find(ports[i].section, strlen(ports[i].section)),
                                    .tls = ports[i].tls};
}

START_TEST(a_port_says_what_it_expects)
{
    const struct listener_config listener = listener_of((size_t)_i);

    ck_assert_pstr_eq(tls_hint(&listener, ports[_i].port), ports[_i].hint);
}
END_TEST

START_TEST(a_failure_gets_the_hint)
{
    const struct listener_config listener = listener_of((size_t)_i);
    struct failure failure;
    char what[sizeof failure.what];

    failure_set(&failure, FAILURE_PERMANENT, "does not speak TLS here");
    snprintf(failure.detail, sizeof failure.detail, " answer=\"x\"");
    tls_hint_add(&listener, ports[_i].port, &failure);
    snprintf(what, sizeof what, "does not speak TLS here%s%s", ports[_i].hint ? "; " : "",
             ports[_i].hint ? ports[_i].hint : "");
    ck_assert_str_eq(failure.what, what);
    ck_assert_str_eq(failure.detail, " answer=\"x\"");
}
END_TEST

/* It is cut to the failure, and not added where TLS was spoken. */
START_TEST(a_failure_may_be_no_place_for_it)
{
    const struct listener_config listener = listener_of(0);
    struct failure failure;

    failure_set(&failure, FAILURE_PERMANENT, "certificate has expired");
    snprintf(failure.detail, sizeof failure.detail, " certificate=\"x\"");
    tls_hint_add(&listener, ports[0].port, &failure);
    ck_assert_str_eq(failure.what, "certificate has expired");
    failure_set(&failure, FAILURE_PERMANENT, "%255s", "x");
    tls_hint_add(&listener, ports[0].port, &failure);
    ck_assert_uint_eq(strlen(failure.what), sizeof failure.what - 1);
}
END_TEST

START_TEST(all_are_printed_as_comments)
{
    struct config *config = unit_config("[proxy]\nurl=http://p\n[imap]\ntarget=mail.example.net:993\n"
                                        "[smtp]\ntarget=mail.example.net\n[nntp]\ntarget=srv:example.net\n"
                                        "[pop3 work]\ntarget=mail.example.net:110\ntls=yes\n");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    tls_hint_print(config, out);
    fclose(out);
    ck_assert_str_eq(text, "# imap to mail.example.net:993: " TO_YES "\n"
                           "# pop3/work to mail.example.net:110: " TO_STARTTLS "\n");
    free(text);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_hint");

    tcase_add_loop_test(cases, a_port_says_what_it_expects, 0, sizeof ports / sizeof ports[0]);
    tcase_add_loop_test(cases, a_failure_gets_the_hint, 0, sizeof ports / sizeof ports[0]);
    tcase_add_test(cases, a_failure_may_be_no_place_for_it);
    tcase_add_test(cases, all_are_printed_as_comments);
    return unit_run();
}
