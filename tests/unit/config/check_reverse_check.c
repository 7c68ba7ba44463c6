/* SPDX-License-Identifier: ISC */
#include "config/reverse_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

#include "../unit.h"

#define RELAY "relay = https://r.example/x\n"
#define TARGET "target = m.example:143\n"
#define TRAP "target: this mail server would take every stranger for one of its own network, and relay spam: set " \
             "forwarded = proxy-v2, or proxy-v1, and let it expect that; or set trusted-clients = yes if it trusts " \
             "nobody by his address"
#define PLAIN "relay: without TLS anybody on the way reads the password and all mail: write https://, or set " \
              "insecure = yes where the way is safe"

static char told[4000]; /* one a line */

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    ck_assert_uint_lt(length + strlen(line) + 1, sizeof told);
    snprintf(told + length, sizeof told - length, "%s%s", length ? "\n" : "", line);
}

/* Reads a file.  NULL: it was refused, and told. */
static struct config *read_file(const char *text, enum config_use use)
{
    FILE *stream = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    told[0] = '\0';
    config = config_parse(stream, "f", use, note, NULL);
    fclose(stream);
    ck_assert((config != NULL) == !told[0]);
    return config;
}

/* Reads [reverse home] with these keys, and the sections that follow. */
static struct config *read_reverse(const char *keys, const char *sections, enum config_use use)
{
    static char text[8000];

    ck_assert_int_lt(snprintf(text, sizeof text, "[reverse home]\n%s%s", keys, sections), (int)sizeof text);
    return read_file(text, use);
}

/* --- what is refused, and what is not --- */

static const struct {
    const char *keys, *sections, *told; /* told: "" for a good one */
} rules[] = {
    {RELAY TARGET, "", ""},
    {"", "", "f:1: [reverse home] needs the key `relay`\nf:1: [reverse home] needs the key `target`"},
    {RELAY "target = m.example\n", "", "f:3: target: the port is missing"},
    {RELAY "target = srv:m.example\n", "", "f:3: target: no SRV service is known for this kind of section"},
    {RELAY TARGET "url = http://p\n", "", "f:4: unknown key `url` in [reverse home]: it belongs into [proxy]"},
    {RELAY TARGET "wating = 2\n", "", "f:4: unknown key `wating` in [reverse home]: did you mean `waiting`?"},
    {RELAY TARGET, "[reverse home]\nwaiting = 2\n", "f:4: [reverse home] stands a second time"},
    {RELAY TARGET, "[reverse]\n" RELAY TARGET, ""},
    /* ranges and words */
    {RELAY TARGET "waiting = 0\n", "", "f:4: waiting: out of range, which is from 1 to 16"},
    {RELAY TARGET "waiting = 17\n", "", "f:4: waiting: out of range, which is from 1 to 16"},
    {RELAY TARGET "waiting = 16\n", "", ""},
    {RELAY TARGET "sessions = 0\n", "", "f:4: sessions: out of range, which is from 1 to 4096"},
    {RELAY TARGET "forwarded = proxy\n", "", "f:4: forwarded: takes none, proxy-v1, proxy-v2"},
    {RELAY TARGET "trusted-clients = maybe\n", "", "f:4: trusted-clients: neither yes nor no"},
    /* http:// is for this machine */
    {TARGET "relay = http://r.example/x\n", "", "f:3: " PLAIN},
    {TARGET "relay = http://10.0.0.1/x\n", "", "f:3: " PLAIN},
    {TARGET "relay = http://localhost.example/x\n", "", "f:3: " PLAIN},
    {TARGET "relay = http://r.example/x\ninsecure = yes\n", "", ""},
    {TARGET "relay = http://localhost:8080/x\n", "", ""},
    {TARGET "relay = http://relay.localhost/x\n", "", ""},
    {TARGET "relay = http://127.1.2.3/x\n", "", ""},
    {TARGET "relay = http://[::1]:8080/x\n", "", ""},
    {TARGET "relay = http://[::ffff:127.0.0.1]/x\n", "", ""},
    /* who we are there, as in [proxy] */
    {RELAY TARGET "user = me\n", "", "f:1: [reverse home] has a user but no password, password-file or "
                                     "password-command"},
    {RELAY TARGET "password = x\n", "", "f:1: [reverse home] has a password but no user"},
    {RELAY TARGET "user = me\npassword = x\npassword-command = y\n", "",
     "f:1: [reverse home] has more than one of password, password-file and password-command"},
    {RELAY TARGET "user = m:e\npassword = x\n", "", "f:4: user: has a colon, which Basic authentication cannot carry"},
    {RELAY TARGET "user = me\npassword-file = p\n", "", "f:5: password-file: not an absolute path"},
    {RELAY TARGET "user = me\npassword-file = credential:relay\n", "", ""},
    {RELAY TARGET "user = me\npassword-file = credential:a/b\n", "",
     "f:5: password-file: the name of a credential is that of one file, without a path"},
    {RELAY TARGET "user = me\npassword = x\nheader = Authorization: Basic eA==\n", "",
     "f:1: [reverse home] has both a user and an Authorization header"},
    {RELAY TARGET "header = Authorization: Basic eA==\n", "", ""},
    {RELAY TARGET "header = Upgrade: x\n", "", "f:4: header: a field that sallyport writes itself"},
    {RELAY TARGET "ca-file = /nonexistent/ca.pem\n", "", "f:4: ca-file: /nonexistent/ca.pem: No such file or "
                                                         "directory"},
    {RELAY TARGET "key-file = /dev/null\n", "", "f:4: key-file without a cert-file"},
    {RELAY TARGET "cert-file = c.pem\n", "", "f:4: cert-file: not an absolute path"},
    /* the proxy before the relay */
    {RELAY TARGET "proxy = gate\n", "", "f:4: there is no section [proxy gate]"},
    {RELAY TARGET "proxy = gate\n", "[proxy gate]\nurl = http://g.example\n", ""},
    {RELAY TARGET "proxy = direct\n", "[proxy]\nurl = http://g.example\n", ""},
    {RELAY TARGET "proxy = gate\n", "[proxy gate]\nurl = https://g.example/t/{target_host}/{target_port}\n", ""},
    {RELAY TARGET "proxy = gate\n", "[proxy gate]\nurl = socks5h://g.example\n",
     "f:1: reverse/home has a socks5h:// proxy: such a one can only stand before another, as its `via`"},
    {RELAY TARGET "proxy = gate\n", "[proxy gate]\nurl = http://g.example/x\nmethod = tcpconnection\n",
     "f:4: proxy: a url of [proxy gate] leads to one server only: write {target_host} and {target_port} into its path"},
    {RELAY TARGET "proxy = gate\n", "[proxy gate]\nurl = http://g.example\nrequire-switch = yes\n",
     "f:4: proxy: [proxy gate] has require-switch, and nothing in the request for a tunnel to a relay can be answered "
     "by a switch"},
    /* it is the proxy's localhost then */
    {TARGET "relay = http://localhost/x\nproxy = gate\n", "[proxy gate]\nurl = http://g.example\n",
     "f:4: proxy: [proxy gate] is another machine, so that `relay` leaves this one without TLS: write https://, or set "
     "insecure = yes where the way is safe"},
    {TARGET "relay = http://localhost/x\nproxy = gate\ninsecure = yes\n", "[proxy gate]\nurl = http://g.example\n", ""},
    {TARGET "relay = http://localhost/x\nproxy = gate\n", "[proxy gate]\nurl = http://127.0.0.1:3128\n", ""},
    {TARGET "relay = http://r.example/x\nproxy = gate\n", "[proxy gate]\nurl = http://g.example\n", "f:3: " PLAIN},
    /* a public port of our own is no server */
    {RELAY "target = localhost:7143\n", "[relay]\nlisten = localhost:1\nusers = /dev/null\n[public]\n"
     "listen = 0.0.0.0:7143\nname = home:143\nallow = everyone\n",
     "f:3: target: that is public itself, which leads to what is published: the target is a server"},
};

START_TEST(each_rule)
{
    struct config *config = read_reverse(rules[_i].keys, rules[_i].sections, CONFIG_TO_CHECK);

    ck_assert_msg(strcmp(told, rules[_i].told) == 0, "%s%s: %s", rules[_i].keys, rules[_i].sections, told);
    config_unref(config);
}
END_TEST

/* --- the open relay --- */

static bool is_refused(const char *target, const char *keys)
{
    char text[400];
    struct config *config;

    snprintf(text, sizeof text, RELAY "target = %s\n%s", target, keys);
    config = read_reverse(text, "", CONFIG_TO_CHECK);
    ck_assert_msg(config || strcmp(told, "f:3: " TRAP) == 0, "%s", told);
    config_unref(config);
    return !config;
}

START_TEST(a_mail_server_of_ones_own_network_is_told_of_the_client)
{
    static const char *const own[] = {
        "localhost", "LocalHost", "localhost.", "localhost.localdomain", "mail.localhost", "127.0.0.1", "127.9.9.9",
        "[::1]", "10.0.0.7", "172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.0.1", "[fc00::1]", "[fd12::1]",
        "[fe80::1]", "[::ffff:127.0.0.1]", "[::ffff:192.168.1.1]", "0.0.0.0", "[::]", "100.64.0.1", "mail", "mail.",
        "mail.local", "mail.internal", "mail.lan", "a.b.lan.", "mail.home.arpa", "mail.home", "mail.corp", "127.1",
        "0x7f.1", "2130706433", "10.1.",
    };
    static const char *const away[] = {
        "mail.example.net", "203.0.113.7", "[2001:db8::1]", "172.32.0.1", "localhost.example.net", "local.example",
        "lan.example", "mylan.example", "[::ffff:203.0.113.7]",
    };
    char target[64];

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        snprintf(target, sizeof target, "%s:25", own[i]);
        ck_assert_msg(is_refused(target, ""), "%s", target);
        ck_assert_msg(!is_refused(target, "forwarded = proxy-v1\n"), "%s", target);
        ck_assert_msg(!is_refused(target, "forwarded = proxy-v2\n"), "%s", target);
        ck_assert_msg(!is_refused(target, "trusted-clients = yes\n"), "%s", target);
        ck_assert_msg(is_refused(target, "trusted-clients = no\nforwarded = none\n"), "%s", target);
        snprintf(target, sizeof target, "%s:143", own[i]);
        ck_assert_msg(!is_refused(target, ""), "%s", target);
    }
    for (size_t i = 0; i < sizeof away / sizeof away[0]; i++) {
        snprintf(target, sizeof target, "%s:25", away[i]);
        ck_assert_msg(!is_refused(target, ""), "%s", target);
    }
}
END_TEST

/* It is the port or the protocol that says that mail is handed in. */
START_TEST(a_mail_server_is_known_by_port_or_protocol)
{
    static const char *const other[] = {"imap", "nntp", "pop3", "managesieve", "forward"};
    char keys[64];

    ck_assert(is_refused("localhost:25", "") && is_refused("localhost:465", "") && is_refused("localhost:587", ""));
    ck_assert(!is_refused("localhost:2525", "") && !is_refused("localhost:993", "") && !is_refused("localhost:26", ""));
    ck_assert(is_refused("localhost:2525", "protocol = smtp\n"));
    ck_assert(is_refused("localhost:10025", "protocol = submission\n"));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        snprintf(keys, sizeof keys, "protocol = %s\n", other[i]);
        ck_assert(is_refused("localhost:25", keys) && is_refused("localhost:587", keys));
        ck_assert(!is_refused("localhost:2525", keys));
    }
}
END_TEST

/* What the machine calls itself here; its own name may have no dot and so be local anyway. */
int __wrap_gethostname(char *name, size_t size);

int __wrap_gethostname(char *name, size_t size)
{
    snprintf(name, size, "mail.own.example");
    return 0;
}

START_TEST(the_machine_by_its_own_name_is_of_its_network)
{
    ck_assert(is_refused("mail.own.example:25", "") && is_refused("Mail.Own.Example.:25", ""));
    ck_assert(!is_refused("mail2.own.example:25", "") && !is_refused("own.example:25", ""));
}
END_TEST

/* --- the listeners that it is completed by --- */

START_TEST(the_way_leads_to_the_relay)
{
    struct config *config = read_reverse("relay = https://r.example:8443/a/?b\n" TARGET "user = me\npassword = x\n"
                                         "verify = no\ncert-file = /dev/null\nkey-file = /dev/null\n"
                                         "ca-file = /dev/null\nproxy = gate\n",
                                         "[proxy gate]\nurl = http://g.example\n", CONFIG_TO_RUN);
    const struct reverse_config *reverse = &config->reverses[0];
    const struct listener_config *way = &reverse->way;

    ck_assert_str_eq(reverse->name, "reverse/home");
    ck_assert_int_eq(reverse->line, 1);
    ck_assert_int_eq(reverse->proxy_line, 10);
    ck_assert_int_eq(reverse->target_line, 3);
    ck_assert_str_eq(reverse->relay.label, "reverse/home");
    ck_assert_uint_eq(reverse->relay.urls.count, 1);
    ck_assert_str_eq(reverse->relay.urls.paths[0], "/a/?b");
    ck_assert(reverse->relay.urls.at[0].tls);
    ck_assert_uint_eq(reverse->relay.announce, 0);
    ck_assert_ptr_null(reverse->relay.via);
    ck_assert_str_eq(way->name, "reverse/home");
    ck_assert_str_eq(way->target.place.host, "r.example");
    ck_assert_uint_eq(way->target.place.port, 8443);
    ck_assert(!way->target.srv && !way->target.place.tls && way->target.place.resource == 0);
    ck_assert_uint_eq(way->tls, TLS_YES);
    ck_assert(!way->tls_verify);
    ck_assert_str_eq(way->tls_ca_file, "/dev/null");
    ck_assert_str_eq(way->tls_cert_file, "/dev/null");
    ck_assert_str_eq(way->tls_key_file, "/dev/null");
    ck_assert_str_eq(way->protocol->section, "forward");
    ck_assert_str_eq(way->scheme, "https");
    ck_assert_ptr_null(way->token);
    ck_assert(way->unannounced);
    ck_assert_ptr_eq(way->proxy, &config->proxies[0]);
    config_unref(config);
}
END_TEST

START_TEST(the_way_has_no_tls_and_no_proxy_where_nothing_is_said)
{
    struct config *config = read_reverse("relay = http://[::1]/x\n" TARGET, "[proxy]\nurl = http://p\n", CONFIG_TO_RUN);
    const struct listener_config *way = &config->reverses[0].way;

    ck_assert_uint_eq(way->tls, TLS_NO);
    ck_assert_str_eq(way->scheme, "http");
    ck_assert_uint_eq(way->target.place.port, 80);
    ck_assert_ptr_null(way->proxy);
    ck_assert_str_eq(config->reverses[0].proxy_name, "direct");
    config_unref(config);
}
END_TEST

START_TEST(home_is_dialed_directly)
{
    struct config *config = read_reverse(RELAY "target = m.example:143\n", "[proxy]\nurl = http://p\n", CONFIG_TO_RUN);
    const struct listener_config *home = &config->reverses[0].home;

    ck_assert_str_eq(home->name, "reverse/home");
    ck_assert_ptr_null(home->proxy);
    ck_assert_uint_eq(home->tls, TLS_NO);
    ck_assert_str_eq(home->target.place.host, "m.example");
    ck_assert_uint_eq(home->target.place.port, 143);
    ck_assert_str_eq(home->protocol->section, "imap");
    ck_assert(!home->unannounced);
    config_unref(config);
}
END_TEST

/* Behind a port for TLS nobody could read a refusal; the key decides all the same. */
START_TEST(the_protocol_is_that_of_the_key_or_of_the_port)
{
    static const struct {
        const char *port, *keys, *protocol;
    } rows[] = {
        {"143", "", "imap"},       {"119", "", "nntp"},
        {"110", "", "pop3"},       {"4190", "", "managesieve"},
        {"993", "", "forward"},    {"563", "", "forward"},
        {"7", "", "forward"},      {"7", "protocol = nntp\n", "nntp"},
        {"143", "protocol = forward\n", "forward"},
        {"993", "protocol = imap\n", "imap"},
        {"25", "trusted-clients = yes\n", "smtp"},
        {"587", "trusted-clients = yes\n", "submission"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        struct config *config;

        for (unsigned order = 0; order < 2; order++) { /* the key may stand before the target */
            snprintf(text, sizeof text, RELAY "%starget = localhost:%s\n%s", order ? rows[i].keys : "", rows[i].port,
                     order ? "" : rows[i].keys);
            config = read_reverse(text, "", CONFIG_TO_RUN);
            ck_assert_msg(config != NULL, "%s", told);
            ck_assert_str_eq(config->reverses[0].home.protocol->section, rows[i].protocol);
            config_unref(config);
        }
    }
    ck_assert_str_eq(reverse_check_protocol_at(0)->section, "forward");
}
END_TEST

/* --- what the configuration is read for --- */

START_TEST(a_person_can_be_asked_for_the_password)
{
    struct config *config = read_reverse(RELAY TARGET "user = me\n", "", CONFIG_TO_ASK);

    ck_assert_msg(config != NULL, "%s", told);
    config_unref(config);
    ck_assert_ptr_null(read_reverse(RELAY TARGET "user = me\n", "", CONFIG_TO_RUN));
}
END_TEST

/* https_proxy is the variable of a relay behind https://. */
START_TEST(the_proxy_may_be_the_environments)
{
    static const char keys[] = RELAY TARGET "proxy = any\n", any[] = "[proxy any]\nurl = environment\n";
    static const char *const others[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY",
                                         "no_proxy", "NO_PROXY"};
    struct config *config;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        unsetenv(others[i]);
    config = read_reverse(keys, any, CONFIG_TO_CHECK);
    ck_assert_msg(config != NULL, "%s", told);
    config_unref(config);
    ck_assert_ptr_null(read_reverse(keys, any, CONFIG_TO_RUN));
    ck_assert_ptr_nonnull(strstr(told, "f:1: url = environment, but "));
    ck_assert_ptr_nonnull(strstr(told, "https_proxy"));
    setenv("https_proxy", "http://p.example:3128", 1);
    config = read_reverse(keys, any, CONFIG_TO_RUN);
    ck_assert_msg(config != NULL, "%s", told);
    config_unref(config);
    unsetenv("https_proxy");
}
END_TEST

START_TEST(a_password_in_a_file_that_others_read_is_refused)
{
    char path[] = "/tmp/reverse_check-XXXXXX", keys[200];
    int fd = mkstemp(path);
    struct config *config;

    ck_assert_int_ge(fd, 0);
    snprintf(keys, sizeof keys, RELAY TARGET "user = me\npassword-file = %s\n", path);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_ptr_null(read_reverse(keys, "", CONFIG_TO_RUN));
    ck_assert_ptr_nonnull(strstr(told, "others can read"));
    ck_assert_int_eq(fchmod(fd, 0600), 0);
    config = read_reverse(keys, "", CONFIG_TO_RUN);
    ck_assert_msg(config != NULL, "%s", told);
    config_unref(config);
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(a_section_is_found_by_its_name)
{
    struct config *config = unit_config("[reverse home]\nrelay=https://relay.example.net/x/\ntarget=localhost:143\n"
                                        "[reverse]\nrelay=https://relay.example.net/y/\ntarget=localhost:119\n");

    ck_assert_ptr_eq(config_reverse(config, "reverse/home"), &config->reverses[0]);
    ck_assert_ptr_eq(config_reverse(config, "reverse"), &config->reverses[1]);
    ck_assert_ptr_null(config_reverse(config, "home"));
    ck_assert_ptr_null(config_listener(config, "reverse/home"));
    ck_assert_str_eq(config->reverses[0].home.scheme, "imap");
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("reverse_check");

    tcase_add_loop_test(cases, each_rule, 0, sizeof rules / sizeof rules[0]);
    tcase_add_test(cases, a_mail_server_of_ones_own_network_is_told_of_the_client);
    tcase_add_test(cases, a_mail_server_is_known_by_port_or_protocol);
    tcase_add_test(cases, the_machine_by_its_own_name_is_of_its_network);
    tcase_add_test(cases, the_way_leads_to_the_relay);
    tcase_add_test(cases, the_way_has_no_tls_and_no_proxy_where_nothing_is_said);
    tcase_add_test(cases, home_is_dialed_directly);
    tcase_add_test(cases, the_protocol_is_that_of_the_key_or_of_the_port);
    tcase_add_test(cases, a_person_can_be_asked_for_the_password);
    tcase_add_test(cases, the_proxy_may_be_the_environments);
    tcase_add_test(cases, a_password_in_a_file_that_others_read_is_refused);
    tcase_add_test(cases, a_section_is_found_by_its_name);
    return unit_run();
}
