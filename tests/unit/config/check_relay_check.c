/* SPDX-License-Identifier: ISC */
#include "config/relay_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

#include "../unit.h"

#define RELAY "[relay]\nlisten = localhost:8080\nusers = /dev/null\n" /* three lines */
#define PUBLIC "[public imaps]\nlisten = 192.0.2.1:993\nname = home:993\nallow = 192.0.2.0/24\n"
#define OPEN(place) "listen: " place " is not on loopback, and without a cert-file anybody on the way would read the " \
                    "passwords: set one, or listen on localhost behind a web server that has TLS"
#define ALPN "alpn: ids of ALPN with commas between them, and no blanks, as in imap,http/1.1"
#define LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

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

static const struct {
    const char *text, *told; /* told: "" for a good one */
} rules[] = {
    {RELAY, ""},
    {RELAY PUBLIC, ""},
    {"[relay a]\nlisten = localhost:0\nusers = /dev/null\n", ""},
    {"[relay]\n", "f:1: [relay] needs the key `listen`\nf:1: [relay] needs the key `users`"},
    {RELAY "[relay]\nalpn = imap\n", "f:4: [relay] stands a second time"},
    {RELAY "allow = everyone\n", "f:4: unknown key `allow` in [relay]: it belongs into [public]"},
    /* without TLS only on loopback */
    {"[relay]\nusers = /dev/null\nlisten = 127.0.0.2:1 [::1]:1 localhost:2\n", ""},
    {"[relay]\nusers = /dev/null\nlisten = 0.0.0.0:8443\n", "f:3: " OPEN("0.0.0.0:8443")},
    {"[relay]\nusers = /dev/null\nlisten = localhost:1 192.0.2.1:2\n [2001:db8::1]:3\n",
     "f:3: " OPEN("192.0.2.1:2") "\nf:3: " OPEN("[2001:db8::1]:3")},
    {"[relay]\nusers = /dev/null\nlisten = 0.0.0.0:8443\ncert-file = /dev/null\n", ""},
    {"[relay]\nusers = /dev/null\nlisten = 0.0.0.0:8443\ncert-file = /dev/null\nkey-file = /dev/null\n", ""},
    /* its files */
    {RELAY "key-file = /dev/null\n", "f:4: key-file without a cert-file"},
    {RELAY "cert-file = c.pem\n", "f:4: cert-file: not an absolute path"},
    {RELAY "cert-file = /nonexistent/c\n", "f:4: cert-file: /nonexistent/c: No such file or directory"},
    {RELAY "cert-file = /dev/null\nkey-file = /nonexistent/k\n", "f:5: key-file: /nonexistent/k: No such file or "
                                                                   "directory"},
    {"[relay]\nlisten = localhost:1\nusers = relay.users\n", "f:3: users: not an absolute path"},
    {"[relay]\nlisten = localhost:1\nusers = /nonexistent/u\n", "f:3: users: /nonexistent/u: No such file or "
                                                                 "directory"},
    /* ids and paths */
    {RELAY "alpn = imap,http/1.1,h2\n", ""},
    {RELAY "alpn = imap, h2\n", "f:4: " ALPN},
    {RELAY "alpn = imap,\n", "f:4: " ALPN},
    {RELAY "alpn = ,imap\n", "f:4: " ALPN},
    {RELAY "alpn = http%2F1.1\n", "f:4: " ALPN},
    {RELAY "alpn = " LABEL LABEL LABEL LABEL "abc\n", ""}, /* 255 bytes */
    {RELAY "alpn = " LABEL LABEL LABEL LABEL "abcd\n", "f:4: " ALPN},
    {RELAY "path = /mail/imap = home:143\npath = /mail/smtp = home:25\n", ""},
    {RELAY "path = /mail/imap = home:143\npath = /mail/imap = home:25\n", "f:5: path: has a path that stands already"},
    /* public ports */
    {RELAY "[public]\n", "f:4: [public] needs the key `listen`\nf:4: [public] needs the key `name`\n"
                         "f:4: [public] needs the key `allow`"},
    {RELAY "[public imaps]\nlisten = 192.0.2.1:993\nname = home:993\n", "f:4: [public imaps] needs the key `allow`"},
    {RELAY PUBLIC "[public imaps]\n", "f:8: [public imaps] stands a second time"},
    {PUBLIC, "f:1: public/imaps leads to what is registered at a [relay], and there is none"},
    {PUBLIC "relay = a\n" RELAY, "f:1: public/imaps: there is no section [relay a]"},
    {PUBLIC "relay = a\n[relay a]\nlisten = localhost:1\nusers = /dev/null\n", ""},
    {PUBLIC "[relay a]\nlisten = localhost:1\nusers = /dev/null\n", ""},
    {PUBLIC "[relay a]\nlisten = localhost:1\nusers = /dev/null\n[relay b]\nlisten = localhost:2\nusers = /dev/null\n",
     "f:1: public/imaps has a choice of relays: name one by the key `relay`"},
    /* two on one port */
    {RELAY "[imap]\nlisten = 127.0.0.1:8080\ntarget = t\nproxy = direct\n",
     "f:1: relay listens on localhost:8080, which imap does already: give it a `listen` of its own"},
    {RELAY PUBLIC "[public other]\nlisten = 192.0.2.1:993\nname = o:1\nallow = everyone\n",
     "f:8: public/other listens on 192.0.2.1:993, which public/imaps does already: give it a `listen` of its own"},
    {RELAY PUBLIC "[public other]\nlisten = 0.0.0.0:993\nname = o:1\nallow = everyone\n",
     "f:8: public/other listens on 0.0.0.0:993, which public/imaps does already: give it a `listen` of its own"},
    {RELAY PUBLIC "[public other]\nlisten = [::]:993\nname = o:1\nallow = everyone\n", ""},
    {RELAY "[public other]\nlisten = [::]:8080\nname = o:1\nallow = everyone\n",
     "f:4: public/other listens on [::]:8080, which relay does already: give it a `listen` of its own"},
    {RELAY "[relay b]\nlisten = localhost:8080\nusers = /dev/null\n",
     "f:4: relay/b listens on localhost:8080, which relay does already: give it a `listen` of its own"},
};

START_TEST(each_rule)
{
    struct config *config = read_file(rules[_i].text, CONFIG_TO_CHECK);

    ck_assert_msg(strcmp(told, rules[_i].told) == 0, "%s: %s", rules[_i].text, told);
    config_unref(config);
}
END_TEST

/* --- files that others can read --- */

static void check_secret(const char *before, const char *key, bool secret)
{
    char path[] = "/tmp/relay_check-XXXXXX", text[300];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    snprintf(text, sizeof text, "%s%s = %s\n", before, key, path);
    for (unsigned mode = 0600; mode <= 0644; mode += 4) { /* 0604 and 0640 among them */
        struct config *config;

        ck_assert_int_eq(fchmod(fd, mode), 0);
        config = read_file(text, CONFIG_TO_CHECK);
        ck_assert_msg((config != NULL) == (!secret || mode == 0600), "%s %o: %s", key, mode, told);
        ck_assert(config || strstr(told, "others can read"));
        config_unref(config);
    }
    close(fd);
    unlink(path);
}

START_TEST(what_is_secret_is_its_owners_alone)
{
    check_secret("[relay]\nlisten = localhost:1\n", "users", true);
    check_secret(RELAY "cert-file = /dev/null\n", "key-file", true);
    check_secret(RELAY, "cert-file", true); /* which has the key, too */
    check_secret(RELAY "key-file = /dev/null\n", "cert-file", false);
}
END_TEST

/* --- what comes of it --- */

START_TEST(a_relay_is_read)
{
    struct config *config = unit_config("[relay a]\nlisten = 0.0.0.0:8443\n [::]:8443\ncert-file = /dev/null\n"
                                        "key-file = /dev/null\nusers = /dev/null\nalpn = imap\n"
                                        "path = /mail/imap = home:143\n");
    const struct relay_config *relay = &config->relays[0];

    ck_assert_uint_eq(config->relay_count, 1);
    ck_assert_str_eq(relay->name, "relay/a");
    ck_assert_int_eq(relay->line, 1);
    ck_assert_uint_eq(relay->listen.count, 2);
    ck_assert_str_eq(relay->cert_file, "/dev/null");
    ck_assert_str_eq(relay->key_file, "/dev/null");
    ck_assert_str_eq(relay->users_file, "/dev/null");
    ck_assert_str_eq(relay->alpn, "imap");
    ck_assert_str_eq(paths_find(&relay->paths, "/mail/imap", strlen("/mail/imap"))->host, "home");
    config_unref(config);
}
END_TEST

/* The unlabelled relay, where none is named and there are several. */
START_TEST(a_public_port_finds_its_relay)
{
    struct config *config = unit_config(
        "[relay a]\nlisten = localhost:1\nusers = /dev/null\n[relay]\nlisten = localhost:2\nusers = /dev/null\n"
        "[public]\nlisten = 192.0.2.1:1\nname = home:143\nallow = everyone\n"
        "[public a]\nlisten = 192.0.2.1:2\nname = home:993\nallow = 192.0.2.0/24\nrelay = a\n"
        "[public b]\nlisten = 192.0.2.1:3\nname = home:1\nallow = ::1\nprotocol = nntp\nrelay = a\n");

    ck_assert_uint_eq(config->public_count, 3);
    ck_assert_str_eq(config->publics[0].name, "public");
    ck_assert_ptr_eq(config->publics[0].relay, &config->relays[1]);
    ck_assert_ptr_eq(config->publics[1].relay, &config->relays[0]);
    ck_assert_ptr_eq(config->publics[2].relay, &config->relays[0]);
    ck_assert_str_eq(config->publics[1].registered.host, "home");
    ck_assert_uint_eq(config->publics[1].registered.port, 993);
    ck_assert(config->publics[0].allow.everyone && !config->publics[1].allow.everyone);
    ck_assert_str_eq(config->publics[0].protocol->section, "imap");
    ck_assert_str_eq(config->publics[1].protocol->section, "forward"); /* TLS from the first byte */
    ck_assert_str_eq(config->publics[2].protocol->section, "nntp");
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("relay_check");

    tcase_add_loop_test(cases, each_rule, 0, sizeof rules / sizeof rules[0]);
    tcase_add_test(cases, what_is_secret_is_its_owners_alone);
    tcase_add_test(cases, a_relay_is_read);
    tcase_add_test(cases, a_public_port_finds_its_relay);
    return unit_run();
}
