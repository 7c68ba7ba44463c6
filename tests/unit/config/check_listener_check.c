/* SPDX-License-Identifier: ISC */
#include "config/listener_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#include "../unit.h"

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
    const char *keys, *told;
} faults[] = {
    {"[forward]\ntarget = t:1\nprotocol = X\n", "f:1: [forward] needs the key `listen`"},
    {"[forward]\ntarget = t:1\nlisten = localhost:1\n", "f:1: [forward] needs the key `protocol`"},
    {"[imap]\ntarget = t\ntls-ca-file = /etc/passwd\n", "f:3: tls-ca-file without tls: nothing would be verified; set "
                                                        "tls = yes or tls = starttls"},
    {"[imap]\ntarget = t\ntls = yes\ntls-ca-file = ca.pem\n", "f:4: tls-ca-file: not an absolute path"},
    {"[forward]\nlisten = localhost:1\nprotocol = X\ntarget = t:1\ntls = starttls\n",
     "f:5: tls: [forward] knows no STARTTLS"},
    {"[managesieve]\ntarget = srv:example.net\ntls = yes\n",
     "f:2: target: no SRV service with TLS is known for [managesieve]"},
    {"[managesieve]\ntarget = t\ntls = yes\n", "f:2: target: with tls = yes it needs a port"},
};

START_TEST(each_fault)
{
    char text[300];

    snprintf(text, sizeof text, "%sproxy = direct\n", faults[_i].keys);
    ck_assert_ptr_null(read_file(text, CONFIG_TO_CHECK));
    ck_assert_str_eq(told, faults[_i].told);
}
END_TEST

static const struct {
    const char *keys, *listen, *token, *scheme;
    uint16_t port;
} rows[] = {
    {"[imap]\ntarget = t\n", "localhost", "IMAP", "imap", 143},
    {"[imap]\ntarget = t\ntls = yes\n", "localhost", "IMAPS", "imaps", 993},
    {"[imap]\ntarget = t\ntls = starttls\n", "localhost", "IMAP", "imap", 143},
    {"[imap]\ntarget = t:1\ntls = yes\nlisten = [::1]:1\n", "::1", "IMAPS", "imaps", 1},
    {"[imap]\ntarget = t\nprotocol = IMAP/4rev1\n", "localhost", "IMAP/4rev1", "imap", 143},
    {"[imap]\ntarget = t\nprotocol = X\ntls = yes\n", "localhost", "X", "x", 993},
    {"[submission]\ntarget = t\ntls = yes\n", "localhost", "SMTPS", "smtps", 465},
    {"[managesieve]\ntarget = t:4190\ntls = yes\n", "localhost", "SIEVE", "sieve", 4190},
};

START_TEST(what_follows_from_the_protocol)
{
    char text[300];
    struct config *config;
    const struct listener_config *listener;

    snprintf(text, sizeof text, "%sproxy = direct\n", rows[_i].keys);
    config = unit_config(text);
    listener = &config->listeners[0];
    ck_assert_str_eq(listener->listen.at[0].host, rows[_i].listen);
    ck_assert_str_eq(listener->token, rows[_i].token);
    ck_assert_str_eq(listener->scheme, rows[_i].scheme);
    ck_assert_uint_eq(listener->target.place.port, rows[_i].port);
    ck_assert_int_ne(listener->proxy_line, 0);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("listener_check");

    tcase_add_loop_test(cases, each_fault, 0, sizeof faults / sizeof faults[0]);
    tcase_add_loop_test(cases, what_follows_from_the_protocol, 0, sizeof rows / sizeof rows[0]);
    return unit_run();
}
