/* SPDX-License-Identifier: ISC */
#include "config/proxy_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/machine_id.h"
#include "config/config.h"
#include "config/deal.h"
#include "http/uri_template.h"

#include "../unit.h"

#define LISTENER "[imap]\ntarget = mail.example.net\n" /* asks the unlabelled proxy */
#define OUTER "[proxy outer]\nurl = http://o.example\n"
#define TEMPLATE "http://t.example/{target_host}/{target_port}"
#define LOGIN "user = me\npassword = x\n"

static char told[8000]; /* one a line */

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    ck_assert_uint_lt(length + strlen(line) + 1, sizeof told);
    snprintf(told + length, sizeof told - length, "%s%s", length ? "\n" : "", line);
}

static enum config_use use = CONFIG_TO_CHECK;

/* Reads "[proxy]" with these keys, a listener, and the sections that follow.  NULL: it was refused, and told. */
static struct config *read_proxy(const char *keys, const char *sections)
{
    static char text[16384];
    int length = snprintf(text, sizeof text, "[proxy]\n%s" LISTENER "%s", keys, sections);
    FILE *stream;
    struct config *config;

    ck_assert_int_lt(length, (int)sizeof text);
    stream = fmemopen(text, (size_t)length, "r");
    ck_assert_ptr_nonnull(stream);
    told[0] = '\0';
    config = config_parse(stream, "f", use, note, NULL);
    fclose(stream);
    return config;
}

struct rule {
    const char *keys, *sections, *told;
};

#define ONLY(key) key " goes with method = tcpconnection alone"
#define SERVER "url = http://s.example/imap\nmethod = tcpconnection\n"
#define SWITCH "f:1: [proxy]: require-switch needs upgrade in announce: nothing else can be answered by a switch"
#define NO_METHOD(line, name) "f:" line ": http = 2: HTTP/2 has no method = " name "; connect is for both versions"
#define NO_TEMPLATE(url) "url: " url ": a proxy's URL ends behind the port; for connect-tcp its path says where the " \
                         "target goes, as in /.well-known/masque/tcp/{target_host}/{target_port}/; for the URL of " \
                         "one server, set method = tcpconnection"

static const struct rule rules[] = {
    /* urls with a path */
    {"url = " TEMPLATE "\n", "", ""},
    {"url = http://p.example " TEMPLATE " https://q.example\n", "", ""},
    {"url = http://p.example/imap\n", "", "f:2: " NO_TEMPLATE("http://p.example:80/imap")},
    {"url = http://p.example/imap\nmethod = proxy\n", "", "f:2: " NO_TEMPLATE("http://p.example:80/imap")},
    {"url = http://p.example\n  " TEMPLATE "\n  https://q.example/?x\n", "",
     "f:2: " NO_TEMPLATE("https://q.example:443/?x")},
    {"url = http://p.example/{target_host}\n", "",
     "f:2: url: the template does not say where the target's port goes: write {target_port} there"},
    {SERVER, "", ""},
    {"method = tcpconnection\nurl = http://s.example\n", "", ""},
    {"method = tcpconnection\nurl = http://s.example/{target_host}\n", "",
     "f:3: url: the template does not say where the target's port goes: write {target_port} there"},
    {"method = tcpconnection\nurl = environment\n", "",
     "f:2: method = tcpconnection needs a `url` of its own, not the environment's"},
    {"url = socks5h://s.example/x\n", "", "f:2: url: a socks5h:// URL ends behind the port"},
    /* what goes with TCPConnection alone */
    {SERVER "origin = example.com\n", "", ""},
    {SERVER "origin = http://example.com\n", "", "f:4: origin: an origin is sent as http://HOST: write the host alone"},
    {SERVER "origin = *.example.com\n", "", "f:4: origin: an origin is one host, no pattern"},
    {SERVER "header = origin: http://a.example\norigin = example.com\n", "", "f:5: origin writes the field Origin: "
     "leave it out of header"},
    {SERVER "header = Origin: http://a.example\n", "", ""},
    {"url = " TEMPLATE "\norigin = example.com\n", "", "f:3: " ONLY("origin")},
    {"url = http://p.example\nform = absolute\nvia = outer\n", OUTER, "f:3: form = absolute goes with method = "
     "tcpconnection alone"},
    {"url = http://p.example\nform = origin\ntls-upgrade = no\n", "", ""},
    {SERVER "form = absolute\nvia = outer\n", OUTER, ""},
    {SERVER "form = absolute\n", "", "f:4: form = absolute needs a `via`: it is the proxy before the server that is "
     "asked so"},
    {"url = http://s.example https://s.example\nmethod = tcpconnection\nform = absolute\nvia = outer\n", OUTER,
     "f:4: form = absolute goes with http:// urls alone: through TLS the proxy before the server could not read it"},
    {SERVER "tls-upgrade = yes\n", "", ""},
    {"url = http://p.example\ntls-upgrade = yes\n", "", "f:3: " ONLY("tls-upgrade")},
    {"url = https://s.example\nmethod = tcpconnection\ntls-upgrade = yes\n", "",
     "f:4: tls-upgrade goes with http:// urls alone: an https:// server has TLS from the first byte"},
    {SERVER "tls-upgrade = yes\nform = absolute\nvia = outer\n", OUTER,
     "f:4: tls-upgrade does not go with form = absolute: TLS would end at the proxy before the server"},
    /* authentication */
    {"url = " TEMPLATE "\nauth = ntlm\n" LOGIN, "", "f:3: auth = ntlm: not with connect-tcp; basic and digest are"},
    {"url = " TEMPLATE "\nauth = negotiate\n", "", "f:3: auth = negotiate: not with connect-tcp; basic and digest are"},
    {"url = " TEMPLATE "\nauth = digest\n" LOGIN, "", ""},
    {"url = " TEMPLATE "\nauth = basic\n" LOGIN, "", ""},
    {"url = " TEMPLATE " http://p.example\nauth = ntlm\n" LOGIN, "", ""},
    {SERVER "auth = ntlm\n" LOGIN, "", "f:4: auth = ntlm: not with TCPConnection; basic and digest are"},
    {SERVER "auth = negotiate\n", "", "f:4: auth = negotiate: not with TCPConnection; basic and digest are"},
    {SERVER "auth = digest\n" LOGIN, "", ""},
    {SERVER "form = absolute\nvia = outer\nauth = digest\n" LOGIN, OUTER, ""},
    {SERVER "form = absolute\nvia = outer\nauth = ntlm\n" LOGIN, OUTER,
     "f:6: auth = ntlm: not with TCPConnection; basic and digest are"},
    {SERVER "form = absolute\nvia = outer\nauth = basic\n" LOGIN, OUTER, ""},
    {"url = http://p.example\nmethod = proxy\nauth = digest\n" LOGIN, "", "f:4: auth = digest needs method = connect"},
    {"url = " TEMPLATE " http://p.example\nmethod = proxy\nauth = digest\n" LOGIN, "",
     "f:4: auth = digest needs method = connect"},
    {"url = " TEMPLATE "\nmethod = proxy\nauth = digest\n" LOGIN, "", ""},
    /* a switch */
    {"url = " TEMPLATE "\nannounce = none\nrequire-switch = yes\n", "", ""},
    {"url = " TEMPLATE " http://p.example\nannounce = none\nrequire-switch = yes\n", "", SWITCH},
    {SERVER "announce = alpn\nrequire-switch = yes\n", "", ""},
    {"url = environment\nannounce = alpn\nrequire-switch = yes\n", "", SWITCH},
    /* versions of HTTP */
    {"url = http://p.example\nhttp = 3\n", "", "f:3: http: takes 1.1, auto, 2"},
    {"url = http://p.example\nhttp = 2\n", "", ""},
    {"url = https://p.example " TEMPLATE "\nhttp = 2\n", "", ""},
    {"url = https://p.example\nhttp = 2\nrequire-switch = yes\n", "", "f:3: http = 2 does not go with require-switch: "
     "HTTP/2 has no Upgrade that a proxy could answer by a switch"},
    {"url = https://p.example\nhttp = auto\nrequire-switch = yes\n", "", ""},
    {"url = https://p.example\nhttp = 1.1\nrequire-switch = yes\n", "", ""},
    {"url = environment\nhttp = 2\n", "", "f:3: http = 2 needs a `url` of its own, not the environment's"},
    {"url = https://p.example\nhttp = 2\nmethod = proxy\n", "", NO_METHOD("3", "proxy")},
    {"url = https://p.example\nhttp = 2\nmethod = connect-uri\n", "", NO_METHOD("3", "connect-uri")},
    {"url = " TEMPLATE "\nhttp = 2\nmethod = proxy\n", "", ""},
    {"url = " TEMPLATE " https://p.example\nhttp = 2\nmethod = proxy\n", "", NO_METHOD("3", "proxy")},
    {SERVER "http = 2\n", "", NO_METHOD("4", "tcpconnection")},
    {SERVER "http = 2\nform = absolute\nvia = outer\n", OUTER, NO_METHOD("4", "tcpconnection")},
    {SERVER "http = 2\ntls-upgrade = yes\n", "", NO_METHOD("4", "tcpconnection")},
    {SERVER "http = auto\n", "", ""},
    {"url = https://p.example\nhttp = 2\nauth = ntlm\n" LOGIN, "",
     "f:3: http = 2 does not go with auth = ntlm, a login of one connection in HTTP/1.1"},
    {"url = https://p.example\nhttp = 2\nauth = negotiate\n", "",
     "f:3: http = 2 does not go with auth = negotiate, a login of one connection in HTTP/1.1"},
    {"url = https://p.example\nhttp = auto\nauth = ntlm\n" LOGIN, "", ""},
    {"url = https://p.example\nhttp = 2\nauth = digest\n" LOGIN, "", ""},
    {"url = https://p.example\nhttp = 2\n" LOGIN, "", ""},
    /* connections made ahead */
    {"url = " TEMPLATE "\npreconnect = 2\n", "", ""},
    {SERVER "preconnect = 2\n", "", ""},
};

START_TEST(each_rule)
{
    const struct rule *rule = &rules[_i];
    struct config *config = read_proxy(rule->keys, rule->sections);

    ck_assert_msg(strcmp(told, rule->told) == 0, "%s\n-> %s\n<> %s", rule->keys, told, rule->told);
    config_unref(config);
}
END_TEST

/* One that only stands before others. */
START_TEST(no_http2_by_socks)
{
    struct config *config = read_proxy("url = http://p.example\nvia = outer\n",
                                       "[proxy outer]\nurl = socks5h://s.example https://t.example\nhttp = 2\n");

    ck_assert_ptr_null(config);
    ck_assert_str_eq(told, "f:8: http = 2: not for a socks5h:// proxy");
}
END_TEST

/* It cannot be the proxy of a listener either, which is another's error. */
START_TEST(no_tcpconnection_by_socks)
{
    struct config *config = read_proxy("url = http://s.example socks5h://s.example\nmethod = tcpconnection\n", "");

    ck_assert_ptr_null(config);
    ck_assert_ptr_nonnull(strstr(told, "f:3: method = tcpconnection: not for a socks5h:// proxy"));
}
END_TEST

/* Each URL of TCPConnection has a path in the end, and each counts as a place of its own. */
START_TEST(no_path_is_the_path_of_a_slash)
{
    struct config *config = read_proxy("url = http://s.example http://s.example/a http://r.example/\n"
                                       "method = tcpconnection\n", "");
    const struct value_places *urls;

    ck_assert_msg(config != NULL, "%s", told);
    urls = &config->proxies[0].urls;
    ck_assert_uint_eq(urls->count, 3);
    ck_assert_str_eq(urls->paths[0], "/");
    ck_assert_str_eq(urls->paths[1], "/a");
    ck_assert_str_eq(urls->paths[2], "/");
    ck_assert_uint_ne(urls->at[0].resource, 0);
    ck_assert(!endpoint_equal(&urls->at[0], &urls->at[1]));
    config_unref(config);
    config = read_proxy("url = http://s.example http://r.example/\n", ""); /* and of a proxy none */
    ck_assert_ptr_null(config->proxies[0].urls.paths[1]);
    ck_assert_uint_eq(config->proxies[0].urls.at[1].resource, 0);
    config_unref(config);
}
END_TEST

START_TEST(via_has_its_line)
{
    struct config *config = read_proxy("url = http://p.example\nvia = outer\n", OUTER);

    ck_assert_int_eq(config->proxies[0].via_line, 3);
    ck_assert_int_eq(config->proxies[1].via_line, 0);
    config_unref(config);
}
END_TEST

/* A URL as long as one may be is shown by its beginning. */
START_TEST(a_long_url_is_cut_in_words_alone)
{
    static char keys[8000];
    int length = snprintf(keys, sizeof keys, "url = http://p.example/");

    memset(keys + length, 'x', URI_TEMPLATE_MAX - 2);
    snprintf(keys + length + URI_TEMPLATE_MAX - 2, 2, "\n");
    ck_assert_ptr_null(read_proxy(keys, ""));
    ck_assert_ptr_nonnull(strstr(told, "f:2: url: http://p.example:80/xxx"));
    ck_assert_ptr_nonnull(strstr(told, "xxx: a proxy's URL ends behind the port; for connect-tcp"));
    ck_assert_uint_lt(strlen(told), 500);
}
END_TEST

/* Whether libcurl does (-Wl,--wrap=curl_features_ntlm). */
static bool has_ntlm = true;

bool __wrap_curl_features_ntlm(void);

bool __wrap_curl_features_ntlm(void)
{
    return has_ntlm;
}

/* What the log gets while the keys are read; the caller's to free. */
static char *remarks_on(const char *keys, const char *sections)
{
    int saved = dup(STDERR_FILENO);
    FILE *said = tmpfile();
    char *text = calloc(1, 1000);
    struct config *config;

    ck_assert(said && text);
    ck_assert_int_ge(dup2(fileno(said), STDERR_FILENO), 0);
    log_setup(LEVEL_WARNING, false, false);
    config = read_proxy(keys, sections);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    ck_assert_msg(config != NULL, "%s", told);
    config_unref(config);
    rewind(said);
    ck_assert_uint_lt(fread(text, 1, 999, said), 999);
    fclose(said);
    return text;
}

START_TEST(a_scheme_that_libcurl_lacks_is_remarked_on)
{
    static const struct {
        bool lacks;
        const char *keys, *remark;
    } rows[] = {
        {true, "url = http://p.example\nauth = ntlm\n" LOGIN, "sallyport: warning: f:3: auth = ntlm: this machine's "
         "libcurl has no NTLM, so that no proxy of [proxy] lets us in; ask what else it takes: negotiate, or digest or "
         "basic\n"},
        {true, "url = http://p.example\nauth = any\n" LOGIN, ""},
        {true, "url = http://p.example\nauth = digest\n" LOGIN, ""},
        {true, "url = http://p.example\nauth = negotiate\n", ""},
        {false, "url = http://p.example\nauth = ntlm\n" LOGIN, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text;

        has_ntlm = !rows[i].lacks;
        text = remarks_on(rows[i].keys, "");
        ck_assert_msg(strcmp(text, rows[i].remark) == 0, "row %zu: %s", i, text);
        free(text);
        has_ntlm = true;
    }
}
END_TEST

START_TEST(a_method_that_nobody_is_asked_by_is_remarked_on)
{
    static const struct {
        const char *keys, *remark;
    } rows[] = {
        {"url = " TEMPLATE "\nmethod = proxy\n", "sallyport: warning: f:3: method = proxy has no effect: each url of "
         "[proxy] is a template and is asked by connect-tcp\n"},
        {"url = " TEMPLATE "\nmethod = connect-uri\n", "sallyport: warning: f:3: method = connect-uri has no effect: "
         "each url of [proxy] is a template and is asked by connect-tcp\n"},
        {"url = " TEMPLATE "\nmethod = connect\n", ""}, /* as `check` prints it always */
        {"url = " TEMPLATE "\n", ""},
        {"url = " TEMPLATE " http://p.example\nmethod = proxy\n", ""},
        {"url = " TEMPLATE "\nmethod = tcpconnection\n", ""},
        {"url = http://p.example\nmethod = proxy\n", ""},
        {"url = environment\nmethod = proxy\n", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = remarks_on(rows[i].keys, "");

        ck_assert_msg(strcmp(text, rows[i].remark) == 0, "row %zu: %s", i, text);
        free(text);
    }
}
END_TEST

#define NO_EFFECT(line, why) "sallyport: warning: f:" line ": http = auto has no effect: " why "\n"
#define NO_TLS "no url is https://, and only there can a proxy choose HTTP/2; http = 2 is for an http:// proxy that " \
               "is known to speak it"

START_TEST(a_choice_that_nobody_has_is_remarked_on)
{
    static const struct {
        const char *keys, *remark;
    } rows[] = {
        {"url = https://p.example\nhttp = auto\n", ""},
        {"url = http://p.example https://q.example\nhttp = auto\n", ""},
        {"url = http://p.example http://q.example\nhttp = auto\n", NO_EFFECT("3", NO_TLS)},
        {"url = " TEMPLATE "\nhttp = auto\n", NO_EFFECT("3", NO_TLS)},
        {"url = http://p.example\nhttp = 1.1\n", ""},
        {"url = http://p.example\nhttp = 2\n", ""},
        {"url = http://p.example\n", ""},
        {"url = https://p.example\nhttp = auto\nrequire-switch = yes\n",
         NO_EFFECT("3", "require-switch needs HTTP/1.1, where alone a proxy can switch")},
        {"url = environment\nhttp = auto\n", NO_EFFECT("3", "the proxies of the environment are asked in HTTP/1.1")},
        {"url = https://p.example\nhttp = auto\nmethod = proxy\n",
         NO_EFFECT("3", "HTTP/2 has no method but connect")},
        {"url = https://p.example\nhttp = auto\nmethod = connect-uri\n",
         NO_EFFECT("3", "HTTP/2 has no method but connect")},
        {"url = https://p.example/\nhttp = auto\nmethod = tcpconnection\n",
         NO_EFFECT("3", "HTTP/2 has no method but connect")},
        {"url = https://p.example/{target_host}/{target_port}\nhttp = auto\nmethod = tcpconnection\n",
         NO_EFFECT("3", "HTTP/2 has no method but connect")},
        {"url = https://p.example https://q.example/{target_host}/{target_port}\nhttp = auto\nmethod = proxy\n", ""},
        {"url = https://p.example\nhttp = auto\nauth = ntlm\n" LOGIN,
         "sallyport: warning: f:3: http = auto: auth = ntlm, a login of one connection, leads to HTTP/1.1\n"},
        {"url = https://p.example\nhttp = auto\nauth = negotiate\n",
         "sallyport: warning: f:3: http = auto: auth = negotiate, a login of one connection, leads to HTTP/1.1\n"},
        {"url = https://p.example\nhttp = auto\nauth = basic\n" LOGIN, ""},
        {"url = https://p.example\nhttp = 1.1\nauth = negotiate\n", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = remarks_on(rows[i].keys, "");

        ck_assert_msg(strcmp(text, rows[i].remark) == 0, "row %zu: %s", i, text);
        free(text);
    }
}
END_TEST

/* Of a proxy that only stands before others. */
START_TEST(a_choice_that_socks_does_not_have_is_remarked_on)
{
    char *text = remarks_on("url = http://p.example\nvia = outer\n",
                            "[proxy outer]\nurl = socks5h://s.example\nhttp = auto\n");

    ck_assert_str_eq(text, NO_EFFECT("8", NO_TLS));
    free(text);
}
END_TEST

#define SIX "url = http://a http://b http://c http://d http://e http://f\n"

/* As listed; spread; spread, to be checked: then it is printed back as it is written. */
START_TEST(proxies_are_dealt_out_to_who_uses_them)
{
    struct config *listed = read_proxy(SIX, ""), *config;
    char machine[MACHINE_ID_MAX];
    struct value_places *places;

    ck_assert_ptr_nonnull(listed);
    ck_assert_uint_eq(listed->proxies[0].order, ORDER_LISTED);
    use = _i == 2 ? CONFIG_TO_CHECK : CONFIG_TO_RUN;
    config = read_proxy(_i == 0 ? SIX : SIX "order = spread\n", "");
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(told, "");
    places = &listed->proxies[0].urls;
    if (_i == 1)
        deal_places(places, deal_seed(machine_id_read(machine), getuid()));
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(config->proxies[0].urls.at[i].host, places->at[i].host);
    config_unref(config);
    config_unref(listed);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_check");

    tcase_add_loop_test(cases, each_rule, 0, sizeof rules / sizeof rules[0]);
    tcase_add_test(cases, no_http2_by_socks);
    tcase_add_test(cases, no_tcpconnection_by_socks);
    tcase_add_test(cases, no_path_is_the_path_of_a_slash);
    tcase_add_test(cases, via_has_its_line);
    tcase_add_test(cases, a_long_url_is_cut_in_words_alone);
    tcase_add_test(cases, a_scheme_that_libcurl_lacks_is_remarked_on);
    tcase_add_test(cases, a_method_that_nobody_is_asked_by_is_remarked_on);
    tcase_add_test(cases, a_choice_that_nobody_has_is_remarked_on);
    tcase_add_test(cases, a_choice_that_socks_does_not_have_is_remarked_on);
    tcase_add_loop_test(cases, proxies_are_dealt_out_to_who_uses_them, 0, 3);
    return unit_run();
}
