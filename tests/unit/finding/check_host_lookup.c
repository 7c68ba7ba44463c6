/* SPDX-License-Identifier: ISC */
#include "finding/host_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define LONG_MS 60000
#define SHORT_MS 30

/* What the linker puts in place of the program's own: a resolver that answers as told. */
struct lookup *__wrap_resolver_find_addresses(struct resolver *resolver, const char *host, enum resolver_wish wish,
                                              resolver_addresses_fn *found, void *arg);
void __wrap_lookup_cancel(struct lookup *lookup);

struct lookup {
    struct deferred answer;
    enum resolver_wish wish;
    resolver_addresses_fn *found;
    void *arg;
};

static struct loop *loop;
static struct host_lookup host_lookup;
static const char *soon, *both; /* addresses; "" for no answer ever; "!why"; NULL: no look-up can be started */
static const char *lacks; /* why one family has no addresses where the other has */
static uint32_t limit_ms;
static unsigned lookups, open_lookups;
static unsigned told;
static struct address_list found;
static bool doubtful;

static void answer(struct deferred *deferred)
{
    struct lookup *lookup = (struct lookup *)deferred;
    const char *what = lookup->wish == RESOLVER_SOON ? soon : both;
    struct address_list list = {0};
    char text[200], *rest = text;

    snprintf(text, sizeof text, "%s", what);
    for (const char *one; *what != '!' && (one = strsep(&rest, " "));)
        ck_assert(address_from_literal(&list.at[list.count++], one, 0));
    lookup->found(lookup->arg, list.count > 0 ? &list : NULL, *what == '!' ? what + 1 : lacks);
    open_lookups--;
    free(lookup);
}

struct lookup *__wrap_resolver_find_addresses(struct resolver *resolver, const char *host, enum resolver_wish wish,
                                              resolver_addresses_fn *on_found, void *arg)
{
    const char *what = wish == RESOLVER_SOON ? soon : both;
    struct lookup *lookup = what ? calloc(1, sizeof *lookup) : NULL;

    (void)resolver;
    ck_assert_str_eq(host, "mail.example.net");
    lookups++;
    if (!lookup)
        return NULL;
    open_lookups++;
    lookup->wish = wish;
    lookup->found = on_found;
    lookup->arg = arg;
    if (*what)
        loop_defer(loop, &lookup->answer, answer);
    return lookup;
}

void __wrap_lookup_cancel(struct lookup *lookup)
{
    if (!lookup)
        return;
    loop_undefer(loop, &lookup->answer);
    open_lookups--;
    free(lookup);
}

static void on_told(void *arg, const struct address_list *addresses, bool is_doubtful)
{
    ck_assert_ptr_eq(arg, &told);
    told++;
    found = *addresses;
    doubtful = is_doubtful;
}

static void set_up(void)
{
    loop = loop_new();
    soon = both = NULL;
    lacks = "DNS server returned answer with no data";
    limit_ms = LONG_MS;
    lookups = open_lookups = told = 0;
    doubtful = false;
    memset(&host_lookup, 0, sizeof host_lookup);
}

static void tear_down(void)
{
    host_lookup_stop(&host_lookup);
    ck_assert_uint_eq(open_lookups, 0);
    loop_free(loop);
}

static void start(const char *host)
{
    host_lookup_start(&host_lookup, loop, NULL, host, limit_ms, on_told, &told);
    ck_assert_uint_eq(told, 0);
}

static bool was_told(void *arg)
{
    return *(unsigned *)arg > 0;
}

static void look_up(const char *host)
{
    told = 0;
    start(host);
    unit_wait(loop, was_told, &told);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(open_lookups, 0);
}

static void expect(size_t i, const char *address)
{
    char text[ADDRESS_TEXT_MAX];

    ck_assert_uint_lt(i, found.count);
    ck_assert_str_eq(address_format_host(&found.at[i], text), address);
}

START_TEST(a_name_has_its_addresses)
{
    soon = "2001:db8::1 192.0.2.1";
    look_up("mail.example.net");
    ck_assert_uint_eq(found.count, 2);
    expect(0, "2001:db8::1");
    expect(1, "192.0.2.1");
    ck_assert(!doubtful);
    ck_assert_uint_eq(lookups, 1);
}
END_TEST

/* A name server that is silent about IPv6 is nothing rare. */
START_TEST(the_other_family_is_not_waited_for_if_it_is_ipv6)
{
    soon = "192.0.2.1";
    both = "";
    look_up("mail.example.net");
    ck_assert_uint_eq(found.count, 1);
    ck_assert(!doubtful);
    ck_assert_uint_eq(lookups, 1);
}
END_TEST

/* A PAC file that asks for the address of a name means that of IPv4. */
START_TEST(the_other_family_is_waited_for_if_it_is_ipv4)
{
    soon = "2001:db8::1";
    both = "2001:db8::1 192.0.2.1";
    look_up("mail.example.net");
    ck_assert_uint_eq(found.count, 2);
    expect(1, "192.0.2.1");
    both = "2001:db8::1"; /* it has none */
    look_up("mail.example.net");
    ck_assert_uint_eq(found.count, 1);
    ck_assert(!doubtful);
}
END_TEST

START_TEST(what_the_first_family_said_counts_whatever_becomes_of_the_other)
{
    static const char *const rows[] = {"", "!Timeout while contacting DNS servers", NULL};

    soon = "2001:db8::1";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        both = rows[i];
        limit_ms = both && !*both ? SHORT_MS : LONG_MS;
        look_up("mail.example.net");
        ck_assert_uint_eq(found.count, 1);
        expect(0, "2001:db8::1");
        ck_assert(doubtful);
    }
}
END_TEST

/* To the file it is a name that is not known. */
START_TEST(it_is_doubtful_that_there_is_none_of_ipv4_if_nobody_said_so)
{
    soon = both = "2001:db8::1";
    lacks = "Timeout while contacting DNS servers";
    look_up("mail.example.net");
    ck_assert_uint_eq(found.count, 1);
    ck_assert(doubtful);
    soon = "192.0.2.1";
    look_up("mail.example.net");
    ck_assert(!doubtful);
}
END_TEST

START_TEST(what_is_no_host_has_no_address)
{
    static const char *const rows[] = {"", " ", "a b", "mail.example.net:25", "[2001:db8::1]", "a..b", "\xc3\xa4",
                                       "mail.example.net ", "http://mail.example.net/", "a/b", "%", "::x"};
    char longest[400];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        look_up(rows[i]);
        ck_assert_uint_eq(found.count, 0);
        ck_assert(!doubtful);
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    look_up(longest);
    ck_assert_uint_eq(found.count, 0);
    ck_assert_uint_eq(lookups, 0);
}
END_TEST

START_TEST(no_such_name_is_an_answer_and_trouble_is_none)
{
    static const struct {
        const char *what;
        bool doubtful;
    } rows[] = {
        {"!Domain name not found", false},
        {"!DNS server returned answer with no data", false},
        {"!Timeout while contacting DNS servers", true},
        {"!Could not contact DNS servers", true},
        {"", true}, /* until the end of the time */
        {NULL, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        soon = rows[i].what;
        limit_ms = soon && !*soon ? SHORT_MS : LONG_MS;
        look_up("mail.example.net");
        ck_assert_uint_eq(found.count, 0);
        ck_assert(doubtful == rows[i].doubtful);
    }
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(int *)arg > 2 * SHORT_MS;
}

START_TEST(one_that_is_stopped_says_nothing)
{
    int ticks = 0;

    limit_ms = SHORT_MS;
    soon = "192.0.2.1";
    start("mail.example.net");
    host_lookup_stop(&host_lookup);
    start("no host");
    host_lookup_stop(&host_lookup);
    host_lookup_stop(&host_lookup);
    unit_wait(loop, time_passes, &ticks);
    ck_assert_uint_eq(told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("host_lookup");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_name_has_its_addresses);
    tcase_add_test(cases, the_other_family_is_not_waited_for_if_it_is_ipv6);
    tcase_add_test(cases, the_other_family_is_waited_for_if_it_is_ipv4);
    tcase_add_test(cases, what_the_first_family_said_counts_whatever_becomes_of_the_other);
    tcase_add_test(cases, it_is_doubtful_that_there_is_none_of_ipv4_if_nobody_said_so);
    tcase_add_test(cases, what_is_no_host_has_no_address);
    tcase_add_test(cases, no_such_name_is_an_answer_and_trouble_is_none);
    tcase_add_test(cases, one_that_is_stopped_says_nothing);
    return unit_run();
}
