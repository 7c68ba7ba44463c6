/* SPDX-License-Identifier: ISC */
#include "setup/server_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "../unit.h"
#include "asked.h"
#include "config/kept_ports.h"
#include "discover/discovery.h"
#include "net/free_port.h"

struct discovery *__wrap_discovery_start(const struct discovery_params *params);
const struct found_servers *__wrap_discovery_found(const struct discovery *discovery);
void __wrap_discovery_free(struct discovery *discovery);
uint16_t __wrap_free_port_find(const char *host, uint16_t wanted, free_port_fn *word, void *arg);

static struct asked asked;

/* --- what is found: set before the start --- */

static struct {
    struct discovery_params params;
    struct deferred turn;
    struct found_servers found;
    enum outcome outcome;
} world;

static void tell(struct deferred *turn)
{
    struct failure failure;

    (void)turn;
    failure_set(&failure, FAILURE_TEMPORARY, "nobody knows");
    world.params.done(world.params.arg, world.outcome, world.outcome == OUTCOME_DONE ? NULL : &failure);
}

struct discovery *__wrap_discovery_start(const struct discovery_params *params)
{
    ck_assert_str_eq(params->address->domain, "example.net");
    ck_assert_ptr_eq(params->proxy, &params->config->proxies[0]);
    world.params = *params;
    loop_defer(params->services->loop, &world.turn, tell);
    return (struct discovery *)&world;
}

const struct found_servers *__wrap_discovery_found(const struct discovery *discovery)
{
    (void)discovery;
    return &world.found;
}

void __wrap_discovery_free(struct discovery *discovery)
{
    (void)discovery;
}

static uint16_t taken; /* another user's port */

bool __wrap_peer_port_is_foreign(uint16_t port);

bool __wrap_peer_port_is_foreign(uint16_t port)
{
    return port == taken;
}

/* Port 1143 is taken, and 1144 is the other daemon's. */
uint16_t __wrap_free_port_find(const char *host, uint16_t wanted, free_port_fn *word, void *arg)
{
    ck_assert_str_eq(host, "localhost");
    if (wanted != 1143 && wanted != 1110 && !taken && world.found.count > 1)
        ck_assert_int_eq(word(arg, 1144), FREE_PORT_SKIP); /* imap has it by then */
    for (uint16_t port = wanted; port < wanted + 10; port++)
        if (port != 1143 && word(arg, port) != FREE_PORT_SKIP)
            return port;
    return 0;
}

static void put(const char *section, const char *host, uint16_t port, enum listener_tls tls, bool foreign)
{
    struct found_server server = {.protocol = protocol_find(section, strlen(section)), .tls = tls, .source = "a test",
                                  .foreign = foreign};

    snprintf(server.place.host, sizeof server.place.host, "%s", host);
    server.place.port = port;
    if (strcmp(section, "imap") == 0)
        snprintf(server.login, sizeof server.login, "alice");
    ck_assert(found_servers_add(&world.found, &server));
}

/* --- what was chosen --- */

static int choose(struct desk *desk, FILE *told)
{
    const char *why;
    int status;

    ck_assert(mail_address_parse(&desk->address, "me@example.net", 14, &why));
    snprintf(desk->draft.url, sizeof desk->draft.url, "http://proxy:3128");
    snprintf(desk->output, sizeof desk->output, "/does/not/exist");
    status = server_choice_make(desk);
    for (size_t i = 0; status == EX_OK && i < desk->draft.count; i++) {
        const struct draft_listener *listener = &desk->draft.at[i];

        fprintf(told, "%s %s:%u %d at %u%s\n", listener->protocol->section, listener->target.host,
                listener->target.port, listener->tls, listener->automatic ? listener->port >= KEPT_PORTS_FIRST
                                                                          : listener->port,
                listener->automatic ? " or so" : "");
    }
    if (status == EX_OK)
        fprintf(told, "login=%s\n", desk->login);
    return status;
}

static void forget(void)
{
    memset(&world, 0, sizeof world);
    world.outcome = OUTCOME_DONE;
}

START_TEST(the_best_ones_are_taken)
{
    forget();
    put("imap", "imap.example.net", 993, TLS_YES, false);
    put("pop3", "pop.example.net", 995, TLS_YES, false);
    put("submission", "smtp.example.net", 587, TLS_STARTTLS, false);
    put("submission", "smtp.example.net", 465, TLS_YES, false);
    put("managesieve", "sieve.example.net", 4190, TLS_STARTTLS, false);
    asked_start(&asked, choose);
    asked_answer(&asked, "imap: imap.example.net:993, TLS, from a test\r\n"
                 "  submission: smtp.example.net:465, TLS", NULL);
    asked_answer(&asked, "Use these servers [yes]: ", "\n");
    asked_answer(&asked, "Port 1143 is taken on this machine: imap gets 1144.", NULL);
    asked_expect(&asked, "imap imap.example.net:993 1 at 1144\nsubmission smtp.example.net:465 1 at 1587\n"
                 "managesieve sieve.example.net:4190 2 at 14190\nlogin=alice\n", EX_OK);
}
END_TEST

START_TEST(where_others_listen_ports_are_automatic)
{
    forget();
    put("imap", "imap.example.net", 993, TLS_YES, false);
    put("submission", "smtp.example.net", 465, TLS_YES, false);
    taken = 1587;
    asked_start(&asked, choose);
    asked_answer(&asked, "Use these servers [yes]: ", "\n");
    asked_answer(&asked, "you get ports of your own", NULL);
    asked_expect(&asked, "imap imap.example.net:993 1 at 1 or so\nsubmission smtp.example.net:465 1 at 1 or so\n"
                 "login=alice\n", EX_OK);
    taken = 0;
}
END_TEST

START_TEST(pop3_where_there_is_no_imap)
{
    forget();
    put("pop3", "pop.example.net", 995, TLS_YES, false);
    asked_start(&asked, choose);
    asked_answer(&asked, "Use these servers [yes]: ", "\n");
    asked_expect(&asked, "pop3 pop.example.net:995 1 at 1110\nlogin=\n", EX_OK);
}
END_TEST

START_TEST(pop3_before_an_imap_that_may_be_forged)
{
    forget();
    put("imap", "imap.example.com", 993, TLS_YES, true);
    put("pop3", "pop.example.net", 995, TLS_YES, false);
    asked_start(&asked, choose);
    asked_answer(&asked, "Use these servers [yes]: ", "\n");
    asked_expect(&asked, "pop3 pop.example.net:995 1 at 1110\nlogin=\n", EX_OK);
}
END_TEST

START_TEST(what_may_be_forged_is_not_taken_by_enter)
{
    forget();
    put("imap", "imap.example.com", 993, TLS_YES, true);
    asked_start(&asked, choose);
    asked_answer(&asked, "named by DNS alone", NULL);
    asked_answer(&asked, "Use these servers [no]: ", "yes\n");
    asked_expect(&asked, "imap imap.example.com:993 1 at 1144\nlogin=alice\n", EX_OK);
}
END_TEST

START_TEST(others_may_be_typed)
{
    forget();
    put("imap", "imap.example.net", 993, TLS_YES, false);
    asked_start(&asked, choose);
    asked_answer(&asked, "Use these servers [yes]: ", "no\n");
    asked_answer(&asked, "by IMAP: ", "mail.example.net\n");
    asked_answer(&asked, "TLS with it (yes, starttls, no) [yes]: ", "\n");
    asked_answer(&asked, "(submission): ", "mail.example.net:587\n");
    asked_answer(&asked, "TLS with it (yes, starttls, no) [starttls]: ", "\n");
    asked_expect(&asked, "imap mail.example.net:993 1 at 1144\nsubmission mail.example.net:587 2 at 1587\nlogin=\n",
                 EX_OK);
}
END_TEST

START_TEST(nothing_is_found)
{
    forget();
    world.outcome = OUTCOME_PEER;
    asked_start(&asked, choose);
    asked_answer(&asked, "Found none: nobody knows.", NULL);
    asked_answer(&asked, "by IMAP: ", "none\n");
    asked_answer(&asked, "by POP3: ", "pop.example.net:110\n");
    asked_answer(&asked, "[starttls]: ", "no\n");
    asked_answer(&asked, "(submission): ", "none\n");
    asked_expect(&asked, "pop3 pop.example.net:110 0 at 1110\nlogin=\n", EX_OK);
    asked_start(&asked, choose);
    asked_answer(&asked, "by IMAP: ", "none\n");
    asked_answer(&asked, "by POP3: ", "none\n");
    asked_answer(&asked, "(submission): ", "none\n");
    asked_answer(&asked, "a configuration needs a server", NULL);
    asked_expect(&asked, "", EX_NOINPUT);
    world.outcome = OUTCOME_LOCAL;
    asked_start(&asked, choose);
    asked_expect(&asked, "", EX_UNAVAILABLE);
}
END_TEST

/* It would be waited for without end. */
START_TEST(a_pipe_is_no_present_configuration)
{
    char folder[] = "/tmp/check_server_choice.XXXXXX";
    struct desk *desk = asked_desk(true);
    const char *why;

    forget();
    put("submission", "smtp.example.net", 465, TLS_YES, false);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(desk->output, sizeof desk->output, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(desk->output, 0600), 0);
    ck_assert(mail_address_parse(&desk->address, "me@example.net", 14, &why));
    snprintf(desk->draft.url, sizeof desk->draft.url, "http://proxy:3128");
    ck_assert_int_eq(server_choice_make(desk), EX_OK);
    ck_assert_uint_eq(desk->draft.at[0].port, 1587);
    unlink(desk->output);
    rmdir(folder);
    asked_release();
}
END_TEST

/* Runs it over a file with that place for imap, while another user has port 1143; imap is left in the draft. */
static struct draft_listener choose_again(const char *place)
{
    char folder[] = "/tmp/check_server_choice.XXXXXX";
    struct desk *desk = asked_desk(true);
    struct draft_listener imap;
    const char *why;
    FILE *file;

    forget();
    put("imap", "imap.example.net", 993, TLS_YES, false);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_STATE_HOME", folder, 1); /* nothing is kept there */
    snprintf(desk->output, sizeof desk->output, "%s/ini", folder);
    file = fopen(desk->output, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "[imap]\nlisten = %s\ntarget = t\nproxy = direct\n", place);
    fclose(file);
    ck_assert(mail_address_parse(&desk->address, "me@example.net", 14, &why));
    snprintf(desk->draft.url, sizeof desk->draft.url, "http://proxy:3128");
    ck_assert_int_eq(server_choice_make(desk), EX_OK);
    imap = desk->draft.at[0];
    unlink(desk->output);
    rmdir(folder);
    asked_release();
    return imap;
}

START_TEST(who_has_a_port_keeps_it)
{
    taken = 1143;
    ck_assert_uint_eq(choose_again("localhost:1144").port, 1144);
    ck_assert(!choose_again("localhost:1144").automatic);
    ck_assert_uint_eq(choose_again("192.0.2.7:1145 127.0.0.1:1146").port, 1146);
    ck_assert(choose_again("localhost:1143").automatic); /* which has been taken away */
    ck_assert(choose_again("unix:/run/imap").automatic);
    taken = 0;
    ck_assert_uint_eq(choose_again("localhost:1145").port, 1144); /* the usual one, or the next that is free */
    ck_assert(choose_again("localhost:auto").automatic); /* the neighbour is off */
    ck_assert_uint_ge(choose_again("localhost:auto").port, KEPT_PORTS_FIRST);
}
END_TEST

START_TEST(nobody_is_asked)
{
    for (int agrees = 0; agrees < 2; agrees++) {
        struct desk *desk = asked_desk(agrees);

        forget();
        put("imap", "imap.example.net", 993, TLS_YES, false);
        ck_assert_int_eq(choose(desk, stderr), EX_OK);
        ck_assert_uint_eq(desk->draft.count, 1);
        desk->draft.count = 0;
        forget();
        put("imap", "imap.example.com", 993, TLS_YES, true);
        ck_assert_int_eq(choose(desk, stderr), EX_UNAVAILABLE); /* --yes takes what Enter takes */
        desk->draft.count = 0;
        forget();
        world.outcome = OUTCOME_PEER;
        ck_assert_int_eq(choose(desk, stderr), EX_UNAVAILABLE);
        ck_assert_msg(strstr(asked_said(), "no servers to write down"), "%s", asked_said());
        asked_release();
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("server_choice");

    tcase_add_test(cases, the_best_ones_are_taken);
    tcase_add_test(cases, where_others_listen_ports_are_automatic);
    tcase_add_test(cases, pop3_where_there_is_no_imap);
    tcase_add_test(cases, pop3_before_an_imap_that_may_be_forged);
    tcase_add_test(cases, what_may_be_forged_is_not_taken_by_enter);
    tcase_add_test(cases, others_may_be_typed);
    tcase_add_test(cases, nothing_is_found);
    tcase_add_test(cases, a_pipe_is_no_present_configuration);
    tcase_add_test(cases, who_has_a_port_keeps_it);
    tcase_add_test(cases, nobody_is_asked);
    return unit_run();
}
