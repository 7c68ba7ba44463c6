/* SPDX-License-Identifier: ISC */
#include "discover/tunnel_plan.h"

#include <string.h>

#include "../unit.h"

static const struct endpoint place = {.host = "mail.example.net", .port = 993, .tls = true, .resource = 7};
static struct proxy_config proxy;
static struct tunnel_plan plan;

static const struct protocol *protocol(const char *section)
{
    return protocol_find(section, strlen(section));
}

static void check_place(void)
{
    ck_assert_str_eq(plan.listener.target.place.host, "mail.example.net");
    ck_assert_uint_eq(plan.listener.target.place.port, 993);
    ck_assert(!plan.listener.target.place.tls);
    ck_assert_uint_eq(plan.listener.target.place.resource, 0);
    ck_assert(!plan.listener.target.srv);
    ck_assert_ptr_eq(plan.listener.proxy, &proxy);
    ck_assert(plan.listener.tls_verify);
}

START_TEST(a_web_server_is_not_announced)
{
    tunnel_plan_web(&plan, &proxy, &place);
    check_place();
    ck_assert_ptr_eq(plan.listener.protocol, protocol("forward"));
    ck_assert(plan.listener.unannounced);
    ck_assert_int_eq(plan.listener.tls, TLS_NO);
    ck_assert_str_eq(plan.listener.scheme, "https");
    ck_assert_ptr_null(plan.listener.token);
}
END_TEST

/* As of the listeners of a configuration that reads so. */
START_TEST(a_mail_server_is_announced_as_by_a_listener)
{
    static const struct {
        const char *section, *word;
        enum listener_tls tls;
    } rows[] = {
        {"imap", "yes", TLS_YES}, {"imap", "starttls", TLS_STARTTLS}, {"pop3", "yes", TLS_YES},
        {"submission", "yes", TLS_YES}, {"submission", "starttls", TLS_STARTTLS},
    };
    char ca_file[] = "ca.pem";

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct listener_config *listener;
        struct config *config;
        char text[200];

        snprintf(text, sizeof text, "[proxy]\nurl = http://a:1\n[%s]\ntarget = mail.example.net:993\ntls = %s\n",
                 rows[i].section, rows[i].word);
        config = unit_config(text);
        listener = &config->listeners[0];
        tunnel_plan_mail(&plan, &proxy, protocol(rows[i].section), &place, rows[i].tls, ca_file);
        check_place();
        ck_assert_ptr_eq(plan.listener.protocol, listener->protocol);
        ck_assert_str_eq(plan.listener.token, listener->token);
        ck_assert_str_eq(plan.listener.scheme, listener->scheme);
        ck_assert_uint_eq(plan.listener.tls, listener->tls);
        ck_assert_ptr_eq(plan.listener.tls_ca_file, ca_file);
        ck_assert(!plan.listener.unannounced);
        config_unref(config);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel_plan");

    tcase_add_test(cases, a_web_server_is_not_announced);
    tcase_add_test(cases, a_mail_server_is_announced_as_by_a_listener);
    return unit_run();
}
