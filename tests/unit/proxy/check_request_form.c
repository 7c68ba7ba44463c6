/* SPDX-License-Identifier: ISC */
#include "proxy/request_form.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "http/uri_template.h"

static const struct endpoint target = {.host = "mail.example.net", .port = 143};

static struct config *config;
static struct request_form form;
static struct connect_request request;

/* A section of these lines, which a listener has; announce: all there is. */
static const struct proxy_config *set_up(const char *lines)
{
    char text[1000];

    snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    memset(&form, 0, sizeof form);
    request = (struct connect_request){.method = config->proxies[0].method, .target = &target,
                                       .announce = ANNOUNCE_UPGRADE | ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL};
    return &config->proxies[0];
}

static void tear_down(void)
{
    request_form_release(&form);
    request_form_release(&form);
    config_unref(config);
}

/* The form for each place of a section. */
static const struct form_row {
    const char *lines;
    size_t place;
    unsigned method, announce;
    const char *path, *origin; /* NULL: none */
} rows[] = {
    {"url = http://p", 0, METHOD_CONNECT, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, NULL, NULL},
    {"url = http://p\nmethod = proxy", 0, METHOD_PROXY, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, NULL,
     NULL},
    {"url = http://p http://q/{target_host}/{target_port}", 0, METHOD_CONNECT,
     ANNOUNCE_UPGRADE | ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, NULL, NULL},
    {"url = http://p http://q/{target_host}/{target_port}", 1, METHOD_CONNECT_TCP,
     ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, "/mail.example.net/143", NULL},
    {"url = http://q/t{?target_host,target_port}\nmethod = connect-uri", 0, METHOD_CONNECT_TCP,
     ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, "/t?target_host=mail.example.net&target_port=143", NULL},
    {"url = http://q/a%20b?c\nmethod = tcpconnection\norigin = example.com", 0, METHOD_TCPCONNECTION, ANNOUNCE_ALPN,
     "/a%20b?c", "example.com"},
    {"url = http://q\nmethod = tcpconnection", 0, METHOD_TCPCONNECTION, ANNOUNCE_ALPN, "/", NULL},
    {"url = http://q/{target_host}/{target_port}\nmethod = tcpconnection", 0, METHOD_TCPCONNECTION, ANNOUNCE_ALPN,
     "/mail.example.net/143", NULL},
};

START_TEST(each_place_has_its_form)
{
    const struct form_row *row = &rows[_i];
    const struct proxy_config *own = set_up(row->lines);
    const struct endpoint *proxy = &own->urls.at[row->place];

    ck_assert(request_form_set(&form, own, proxy, &request));
    ck_assert_uint_eq(request.method, row->method);
    ck_assert_uint_eq(request.announce, row->announce);
    ck_assert_str_eq(request.path ? request.path : "-", row->path ? row->path : "-");
    ck_assert_str_eq(request.origin ? request.origin : "-", row->origin ? row->origin : "-");
    ck_assert(endpoint_equal(&form.proxy, proxy));
    ck_assert(!row->path || endpoint_equal(request.proxy, proxy));
    ck_assert_int_eq(proxy->resource != 0, row->path != NULL);
    tear_down();
}
END_TEST

/* A redirect may lead from either to a proxy that has another section or none. */
START_TEST(a_proxy_that_a_redirect_names_is_asked_by_connect)
{
    static const struct endpoint learned = {.host = "other.example.net", .port = 3128};
    const struct proxy_config *own = set_up("url = http://q/{target_host}/{target_port}\nmethod = tcpconnection");

    ck_assert(request_form_set(&form, NULL, &learned, &request));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    request.method = METHOD_TCPCONNECTION;
    ck_assert(request_form_set(&form, own, &learned, &request));
    ck_assert_uint_eq(request.method, METHOD_CONNECT);
    request.method = METHOD_CONNECT_URI; /* the form of the section goes on */
    ck_assert(request_form_set(&form, NULL, &learned, &request));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_URI);
    ck_assert_ptr_null(form.path);
    tear_down();
}
END_TEST

START_TEST(the_default_template_is_for_a_proxy_without_one)
{
    const struct proxy_config *own = set_up("url = https://p:8443");

    ck_assert(request_form_set_default(&form, &own->urls.at[0], &request));
    ck_assert_uint_eq(request.method, METHOD_CONNECT_TCP);
    ck_assert_uint_eq(request.announce, ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL);
    ck_assert_str_eq(request.path, "/.well-known/masque/tcp/mail.example.net/143/");
    ck_assert_str_eq(request.proxy->host, "p");
    ck_assert_uint_eq(request.proxy->port, 8443);
    ck_assert(request.proxy->tls);
    ck_assert_uint_eq(form.proxy.resource, endpoint_resource(URI_TEMPLATE_DEFAULT));
    ck_assert(!endpoint_equal(&form.proxy, &own->urls.at[0])); /* what is remembered is of the other form */
    tear_down();
}
END_TEST

/* The proxy before the server can be asked for its resource only where there is one, and where it can read the request;
 * TLS is begun where there is none, and by us. */
START_TEST(the_absolute_form_and_tls_by_upgrade)
{
    static const struct {
        enum proxy_form form;
        bool has_via, tls, tls_upgrade;
        bool absolute, answer_owed;
    } ways[] = {
        {FORM_ABSOLUTE, true, false, false, true, false},
        {FORM_ABSOLUTE, true, true, false, false, false},
        {FORM_ABSOLUTE, false, false, false, false, false},
        {FORM_ORIGIN, true, false, false, false, false},
        {FORM_ORIGIN, false, false, true, false, true},
        {FORM_ORIGIN, false, true, true, false, false},
        {FORM_ABSOLUTE, true, false, true, true, false},
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        static const struct proxy_config via;
        struct proxy_config *own;

        set_up("url = http://q/mail\nmethod = tcpconnection");
        own = &config->proxies[0];
        own->form = ways[i].form;
        own->via = ways[i].has_via ? &via : NULL;
        own->tls_upgrade = ways[i].tls_upgrade;
        own->urls.at[0].tls = ways[i].tls;
        ck_assert(request_form_set(&form, own, &own->urls.at[0], &request));
        ck_assert_msg(form.absolute == ways[i].absolute, "row %zu", i);
        ck_assert_msg(request.answer_owed == ways[i].answer_owed, "row %zu", i);
        own->via = NULL;
        tear_down();
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("request_form");

    tcase_add_loop_test(cases, each_place_has_its_form, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, a_proxy_that_a_redirect_names_is_asked_by_connect);
    tcase_add_test(cases, the_absolute_form_and_tls_by_upgrade);
    tcase_add_test(cases, the_default_template_is_for_a_proxy_without_one);
    return unit_run();
}
