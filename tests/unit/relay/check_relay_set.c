/* SPDX-License-Identifier: ISC */
#include "relay/relay_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/visits.h"

#include "../session/given.h"
#include "../stage.h"
#include "../unit.h"

/* What the linker puts in place of the program's own: connections that only count. */
struct visits *__wrap_visits_new(const struct visits_params *params);
void __wrap_visits_free(struct visits *visits);
void __wrap_visits_keep(struct visits *visits, struct config *config, const struct relay_config *relay,
                        struct relay_users *users, struct tls_server_context *tls);
void __wrap_visits_receive(struct visits *visits, struct transport *transport, const struct address *from,
                           const struct address *local);
void __wrap_visits_lead(struct visits *visits, const struct settings *settings, const struct public_config *section,
                        struct transport *transport, const struct address *from, const struct address *local);
size_t __wrap_visits_count(const struct visits *visits);
void __wrap_visits_close(struct visits *visits);
void __wrap_visits_wind_down(struct visits *visits);
void __wrap_visits_each(const struct visits *visits, void (*see)(void *arg, const struct registry_facts *facts),
                        void *arg);

#define HASH "$6$salt$3aEJgflnzWuw1O3tr0IYSmhUY0cZ7iBQeBP392T7RXjLP3TKKu3ddIapQaCpbD4p9ioeGaVIjOHaym7HvCuUm0"

struct visits {
    struct visits_params params;
    struct config *config;
    struct relay_users *users;
    bool tls, closed, freed;
    unsigned keeps, received, led, wound_down;
    size_t count;
};

static struct visits made[8];
static unsigned made_count, ended;
static bool no_memory;
static struct relay_set *set;
static struct services *services;
static char folder[64], reports[2048];

struct visits *__wrap_visits_new(const struct visits_params *params)
{
    struct visits *visits = &made[made_count];

    ck_assert_uint_lt(made_count, 8);
    if (no_memory)
        return NULL;
    made_count++;
    *visits = (struct visits){.params = *params};
    return visits;
}

static void let_go(struct visits *visits)
{
    config_unref(visits->config);
    relay_users_unref(visits->users);
}

void __wrap_visits_free(struct visits *visits)
{
    ck_assert(!visits->freed);
    visits->freed = true;
    let_go(visits);
}

void __wrap_visits_keep(struct visits *visits, struct config *config, const struct relay_config *relay,
                        struct relay_users *users, struct tls_server_context *tls)
{
    ck_assert(relay >= config->relays && relay < config->relays + config->relay_count);
    let_go(visits);
    visits->config = config_ref(config);
    visits->users = relay_users_ref(users);
    visits->tls = tls != NULL;
    visits->keeps++;
}

void __wrap_visits_receive(struct visits *visits, struct transport *transport, const struct address *from,
                           const struct address *local)
{
    (void)from, (void)local;
    visits->received++;
    visits->count++;
    transport_close(transport);
}

void __wrap_visits_lead(struct visits *visits, const struct settings *settings, const struct public_config *section,
                        struct transport *transport, const struct address *from, const struct address *local)
{
    (void)from, (void)local;
    ck_assert_ptr_eq(settings, &visits->config->settings);
    ck_assert_str_eq(section->registered.host, "home");
    visits->led++;
    visits->count++;
    transport_close(transport);
}

size_t __wrap_visits_count(const struct visits *visits)
{
    return visits->count;
}

void __wrap_visits_close(struct visits *visits)
{
    visits->closed = true;
}

void __wrap_visits_wind_down(struct visits *visits)
{
    visits->wound_down++;
}

void __wrap_visits_each(const struct visits *visits, void (*see)(void *arg, const struct registry_facts *facts),
                        void *arg)
{
    const struct registry_facts facts = {.name = "home:993", .user = "a", .waiting = visits->count, .sessions = 1};

    see(arg, &facts);
}

/* --- the scene --- */

static void note_end(void *arg)
{
    ck_assert_ptr_eq(arg, &ended);
    ended++;
}

static void report(void *arg, const char *line)
{
    size_t length = strlen(reports);

    (void)arg;
    snprintf(reports + length, sizeof reports - length, "%s\n", line);
}

static const char *path_of(const char *file)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    return path;
}

static void write_users(const char *file, const char *text)
{
    FILE *out = fopen(path_of(file), "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    chmod(path_of(file), 0600);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/relay-set-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_users("one", "a:" HASH ":reach=*\n");
    write_users("two", "b:" HASH ":reach=*\nc:" HASH ":\n");
    write_users("bad", "b\n");
    made_count = ended = 0;
    no_memory = false;
    reports[0] = '\0';
    services = stage_set_up();
    set = relay_set_new(services, NULL, note_end, &ended);
    ck_assert_ptr_nonnull(set);
    given_forget_log();
}

static void tear_down(void)
{
    static const char *const files[] = {"one", "two", "bad"};

    relay_set_free(set);
    for (unsigned i = 0; i < made_count; i++)
        ck_assert(made[i].freed);
    for (size_t i = 0; i < 3; i++)
        unlink(path_of(files[i]));
    rmdir(folder);
    stage_tear_down();
}

/* A configuration of sections "LABEL users", with spaces between; label "-" for none. */
static struct config *config_of(const char *sections, const char *more)
{
    char text[2048] = "", label[16], file[16];
    size_t length = 0;
    int used;

    for (; sscanf(sections, "%15s %15s%n", label, file, &used) == 2; sections += used)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "[relay %s]\nlisten=127.0.0.1:0\nusers=%s/%s\n",
                                   strcmp(label, "-") == 0 ? "" : label, folder, file);
    snprintf(text + length, sizeof text - length, "%s", more);
    return unit_config(text);
}

/* As the daemon does at its start and at each reload. */
static struct config *take(const char *sections, const char *more)
{
    struct config *config = config_of(sections, more);

    ck_assert(relay_set_prepare(set, config, report, NULL));
    ck_assert_str_eq(reports, "");
    relay_set_take(set, config);
    stage_settle();
    config_unref(config); /* who needs it has a reference */
    return made[0].config;
}

static void refuse(const char *sections)
{
    struct config *config = config_of(sections, "");

    ck_assert(!relay_set_prepare(set, config, report, NULL));
    config_unref(config);
    stage_settle();
}

static struct address address_of(const char *host)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, 4711));
    return address;
}

/* It goes by the users of that file. */
static void check_users(const struct visits *visits, const char *file)
{
    bool one = strcmp(file, "one") == 0;

    ck_assert_int_eq(relay_users_find(visits->users, "a") != NULL, one);
    ck_assert_int_eq(relay_users_find(visits->users, "b") != NULL, !one);
}

/* --- tests --- */

START_TEST(each_section_has_its_users)
{
    take("- one far two", "");
    ck_assert_uint_eq(made_count, 2);
    check_users(&made[0], "one");
    check_users(&made[1], "two");
    ck_assert(!made[0].tls);
    ck_assert_ptr_eq(made[0].params.logins, made[1].params.logins); /* a guesser is one for all */
    ck_assert_ptr_nonnull(made[0].params.logins);
}
END_TEST

START_TEST(a_reload_brings_new_users_to_the_same_connections)
{
    take("- one", "");
    made[0].count = 3;
    take("- two", "");
    ck_assert_uint_eq(made_count, 1);
    ck_assert_uint_eq(made[0].keeps, 2);
    check_users(&made[0], "two");
    ck_assert(!made[0].closed);
}
END_TEST

START_TEST(a_fault_changes_nothing_and_is_told)
{
    char expected[300];

    take("- one", "");
    refuse("- two far bad");
    snprintf(expected, sizeof expected, "%s/bad:1: this is not NAME:HASH:register=NAME:PORT,... reach=NAME:PORT,...\n",
             folder);
    ck_assert_str_eq(reports, expected);
    ck_assert_uint_eq(made[0].keeps, 1);
    check_users(&made[0], "one");
    ck_assert(made[1].freed && !made[0].freed && !made[0].closed);
    reports[0] = '\0';
    take("- two", ""); /* and the next one is taken */
    check_users(&made[0], "two");
}
END_TEST

START_TEST(what_was_prepared_may_be_left)
{
    struct config *config;

    take("- one", "");
    config = config_of("- two far two", "");
    ck_assert(relay_set_prepare(set, config, report, NULL));
    relay_set_leave(set);
    relay_set_leave(set);
    config_unref(config);
    stage_settle();
    check_users(&made[0], "one");
    ck_assert(made[1].freed);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
    take("- one", "");
    no_memory = true;
    refuse("- two far two");
    ck_assert_str_eq(reports, "out of memory for a relay\n");
    check_users(&made[0], "one");
}
END_TEST

START_TEST(a_certificate_that_cannot_be_read_is_a_fault)
{
    char text[300];
    struct config *config;

    snprintf(text, sizeof text, "[relay]\nlisten=127.0.0.1:0\ncert-file=%s/one\nusers=%s/bad\n", folder, folder);
    config = unit_config(text);
    ck_assert(!relay_set_prepare(set, config, report, NULL));
    ck_assert_ptr_nonnull(strstr(reports, "/one"));
    ck_assert_ptr_nonnull(strstr(reports, "/bad:1: ")); /* all faults at once */
    reports[0] = '\0';
    ck_assert(!relay_set_check(config, report, NULL));
    ck_assert_ptr_nonnull(strstr(reports, "/one"));
    config_unref(config);
    config = config_of("- one", "");
    ck_assert(relay_set_check(config, report, NULL));
    config_unref(config);
    stage_settle();
}
END_TEST

START_TEST(a_section_that_is_gone_ends_all_but_sessions)
{
    take("- one far two", "");
    made[1].count = 2;
    take("- one", "");
    ck_assert(made[1].closed && !made[1].freed && !made[0].closed);
    take("- one far two", ""); /* it is back: another one, while the old one has sessions */
    ck_assert_uint_eq(made_count, 3);
    ck_assert(!made[2].closed);
    made[1].count = 0;
    made[1].params.ended(made[1].params.arg);
    ck_assert(!made[1].freed); /* not within its own call */
    stage_settle();
    ck_assert(made[1].freed && !made[2].freed);
    ck_assert_uint_eq(ended, 1);
}
END_TEST

START_TEST(a_client_of_a_relay_is_received)
{
    struct config *config = take("- one", "");
    const struct address from = address_of("192.0.2.7"), local = address_of("127.0.0.1");
    struct wire *wire = stage_new_wire();

    relay_set_accept(set, &config->relays[0], stage_descriptor(wire), &from, &local);
    ck_assert_uint_eq(made[0].received, 1);
    ck_assert_uint_eq(relay_set_count(set), 1);
}
END_TEST

/* A service manager has opened its socket where the configuration could not. */
START_TEST(no_password_goes_in_clear_over_the_network)
{
    struct config *config = take("- one", "");
    const struct address from = address_of("192.0.2.7"), local = address_of("192.0.2.1");
    int ends[2];
    char byte;

    unit_tcp_pair(ends);
    relay_set_accept(set, &config->relays[0], ends[1], &from, &local);
    ck_assert_uint_eq(made[0].received, 0);
    ck_assert_int_eq(read(ends[0], &byte, 1), -1); /* a reset */
    close(ends[0]);
    given_check_log("warning relay refused from=192.0.2.7:4711 class=permanent reason=\"without TLS, a relay serves "
                    "loopback alone; set cert-file\"\n");
}
END_TEST

#define PUBLIC "[public imap]\nlisten=127.0.0.1:0\nname=home:143\n"

START_TEST(who_is_allowed_is_led_and_the_others_are_reset)
{
    struct config *config = take("- one", PUBLIC "allow=192.0.2.0/24\n");
    const struct address from = address_of("192.0.2.7"), other = address_of("198.51.100.1");
    const struct address local = address_of("203.0.113.5");
    struct wire *wire = stage_new_wire();
    char byte;

    relay_set_accept_public(set, &config->publics[0], stage_descriptor(wire), &from, &local);
    ck_assert_uint_eq(made[0].led, 1);
    given_check_log("");
    for (int i = 0; i < 3; i++) {
        int ends[2];

        unit_tcp_pair(ends);
        relay_set_accept_public(set, &config->publics[0], ends[1], &other, &local);
        ck_assert_int_eq(read(ends[0], &byte, 1), -1);
        close(ends[0]);
    }
    ck_assert_uint_eq(made[0].led, 1);
    given_check_log("warning public/imap refused from=198.51.100.1:4711 class=permanent reason=\"the address is not in "
                    "allow\"\n"); /* one line for all */
}
END_TEST

START_TEST(the_end_is_told_to_all_of_them)
{
    take("- one far two", "");
    made[0].count = 2;
    made[1].count = 3;
    ck_assert_uint_eq(relay_set_count(set), 5);
    relay_set_close(set);
    relay_set_wind_down(set);
    ck_assert(made[0].closed && made[1].closed);
    ck_assert_uint_eq(made[0].wound_down + made[1].wound_down, 2);
    ck_assert_uint_eq(relay_set_count(NULL), 0);
    relay_set_close(NULL);
    relay_set_wind_down(NULL);
}
END_TEST

static void see(void *arg, const struct relay_facts *facts)
{
    char *text = arg;
    size_t length = strlen(text);

    snprintf(text + length, 200 - length, "%s %s %s %zu %zu\n", facts->relay, facts->name, facts->user, facts->waiting,
             facts->sessions);
}

START_TEST(facts_name_their_relay)
{
    char text[200] = "";

    take("- one far two", "");
    made[0].count = 7;
    relay_set_each(set, see, text);
    ck_assert_str_eq(text, "relay/far home:993 a 0 1\nrelay home:993 a 7 1\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("relay_set");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, each_section_has_its_users);
    tcase_add_test(cases, a_reload_brings_new_users_to_the_same_connections);
    tcase_add_test(cases, a_fault_changes_nothing_and_is_told);
    tcase_add_test(cases, what_was_prepared_may_be_left);
    tcase_add_test(cases, without_memory_nothing_changes);
    tcase_add_test(cases, a_certificate_that_cannot_be_read_is_a_fault);
    tcase_add_test(cases, a_section_that_is_gone_ends_all_but_sessions);
    tcase_add_test(cases, a_client_of_a_relay_is_received);
    tcase_add_test(cases, no_password_goes_in_clear_over_the_network);
    tcase_add_test(cases, who_is_allowed_is_led_and_the_others_are_reset);
    tcase_add_test(cases, the_end_is_told_to_all_of_them);
    tcase_add_test(cases, facts_name_their_relay);
    return unit_run();
}
