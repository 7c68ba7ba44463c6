/* SPDX-License-Identifier: ISC */
#include "finding/finder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding/answers.h"

#include "../stage.h"
#include "../unit.h"
#include "played.h"

#define PLACE "https://wpad.test/proxy.pac"
#define SEARCHES_MAX 3

struct search {
    struct finding *finding;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    struct search *ends; /* is freed as well when this one is told */
};

static struct services *services;
static struct config *config;
static struct finder *finder;
static struct search searches[SEARCHES_MAX];

static void set_up(void)
{
    static const char *const variables[] = {"imap_proxy", "all_proxy", "no_proxy", "IMAP_PROXY", "ALL_PROXY",
                                            "NO_PROXY"};

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    services = stage_set_up();
    config = unit_config("[proxy]\nurl = http://proxy.test:3128\n[proxy two]\nurl = http://two.test:3128\n"
                         "[imap]\nlisten = localhost:0\ntarget = mail.test\n");
    finder = finder_new(services->loop, services->resolver, services->curl_loop);
    ck_assert_ptr_nonnull(finder);
}

static void tear_down(void)
{
    for (size_t i = 0; i < SEARCHES_MAX; i++)
        finding_free(searches[i].finding);
    memset(searches, 0, sizeof searches);
    stage_settle();
    finder_free(finder);
    finder_free(NULL);
    config_unref(config);
    unsetenv("imap_proxy");
    unsetenv("no_proxy");
    stage_tear_down();
    played_clear();
}

/* The proxies of this section are found so. */
static void use(struct config *of, size_t section, enum places_source way, const char *asked)
{
    struct value_places *urls = &of->proxies[section].urls;

    free(urls->asked);
    *urls = (struct value_places){.source = way, .asked = asked ? strdup(asked) : NULL};
}

static void on_done(void *arg, enum outcome how, const struct failure *why)
{
    struct search *search = arg;

    unit_note_outcome(&search->told, &search->outcome, &search->failure, how, why);
    if (search->ends) {
        finding_free(search->ends->finding);
        search->ends->finding = NULL;
        finding_free(search->finding);
        search->finding = NULL;
    }
}

static struct search *start(size_t i, const char *host, uint16_t port)
{
    struct endpoint target = {.port = port};
    const struct finding_params params = {
        .finder = finder,
        .config = config,
        .section = &config->proxies[0],
        .scheme = "imap",
        .target = &target,
        .done = on_done,
        .arg = &searches[i],
    };

    finding_free(searches[i].finding);
    searches[i] = (struct search){0};
    snprintf(target.host, sizeof target.host, "%s", host);
    searches[i].finding = finding_start(&params);
    memset(&target, 0, sizeof target); /* it was copied */
    ck_assert_ptr_nonnull(searches[i].finding);
    ck_assert_uint_eq(searches[i].told, 0);
    return &searches[i];
}

static void expect(const struct search *search, const char *said, bool kept)
{
    ck_assert_uint_eq(search->told, 1);
    ck_assert_msg(search->outcome == OUTCOME_DONE, "%s", search->failure.what);
    ck_assert_str_eq(finding_found(search->finding)->said, said);
    ck_assert_int_eq(finding_was_kept(search->finding), kept);
    ck_assert(!finding_is_environment(search->finding));
}

START_TEST(a_section_is_asked_and_its_answer_kept)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    search = start(0, "mail.test", 993);
    stage_settle();
    expect(search, "PROXY one.test:1", false);
    ck_assert_str_eq(finding_question(search->finding), "https://mail.test:993/");
    search = start(1, "MAIL.test", 993);
    ck_assert_str_eq(finding_question(search->finding), "https://mail.test:993/");
    stage_settle();
    expect(search, "PROXY one.test:1", true);
    ck_assert_uint_eq(played_questions(), 1);
}
END_TEST

START_TEST(what_is_kept_needs_no_look_at_a_file_that_serves)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    played_serve(true);
    search = start(0, "mail.test", 993); /* nothing is kept yet */
    stage_settle();
    expect(search, "PROXY one.test:1", false);
    search = start(0, "mail.test", 993);
    stage_settle();
    expect(search, "PROXY one.test:1", true);
    ck_assert_uint_eq(played_reads(), 1);
    played_text(PLACE, "two", 2);
    played_answer("mail.test", "PROXY two.test:2");
    search = start(0, "mail.test", 993);
    stage_settle();
    expect(search, "PROXY two.test:2", false);
    stage_advance(FINDING_KEPT_MS);
    search = start(0, "mail.test", 993);
    stage_settle();
    expect(search, "PROXY two.test:2", false);
}
END_TEST

START_TEST(a_failure_is_the_sources)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "!404 Not Found", 0);
    search = start(0, "mail.test", 993);
    stage_settle();
    ck_assert_uint_eq(search->told, 1);
    ck_assert_int_eq(search->outcome, OUTCOME_PEER);
    ck_assert_str_eq(search->failure.where, "pac:" PLACE);
    ck_assert_str_eq(search->failure.what, "the PAC file cannot be read: 404 Not Found");
}
END_TEST

START_TEST(who_asks_the_same_shares_the_question)
{
    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    start(0, "mail.test", 993);
    start(1, "Mail.Test", 993);
    start(2, "mail.test", 465);
    stage_settle();
    ck_assert_uint_eq(played_reads(), 2);
    played_text(PLACE, "one", 1);
    stage_settle();
    ck_assert_uint_eq(played_questions(), 2);
    played_answer("mail.test", "PROXY one.test:1");
    stage_settle();
    for (size_t i = 0; i < 3; i++)
        expect(&searches[i], "PROXY one.test:1", false);
}
END_TEST

START_TEST(the_question_goes_on_while_anybody_waits)
{
    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    start(0, "mail.test", 993);
    start(1, "mail.test", 993);
    stage_settle();
    finding_free(searches[0].finding);
    searches[0].finding = NULL;
    stage_settle();
    ck_assert_uint_eq(played_open(), 1);
    finding_free(searches[1].finding);
    searches[1].finding = NULL;
    ck_assert_uint_eq(played_open(), 0);
    stage_settle();
    ck_assert_uint_eq(searches[0].told + searches[1].told, 0);
}
END_TEST

START_TEST(one_that_is_told_may_free_itself_and_another)
{
    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    start(0, "mail.test", 993);
    start(1, "mail.test", 993);
    searches[0].ends = &searches[1];
    searches[1].ends = &searches[0];
    stage_settle();
    played_answer("mail.test", "DIRECT");
    stage_settle();
    ck_assert_uint_eq(searches[0].told + searches[1].told, 1);
    finding_free(NULL);
}
END_TEST

START_TEST(it_can_be_freed_before_it_begins)
{
    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    finding_free(start(0, "mail.test", 993)->finding);
    searches[0].finding = NULL;
    stage_settle();
    ck_assert_uint_eq(played_reads(), 0);
}
END_TEST

START_TEST(another_network_forgets_and_asks_anew)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    start(0, "mail.test", 993);
    start(1, "news.test", 563); /* has no answer yet */
    stage_settle();
    finder_renew(finder);
    stage_settle();
    ck_assert_uint_eq(played_renewed(), 2);
    ck_assert_uint_eq(played_questions(), 3); /* the one that waited is asked again */
    played_answer("mail.test", "PROXY two.test:2");
    search = start(0, "mail.test", 993);
    played_answer("news.test", "DIRECT");
    stage_settle();
    expect(search, "PROXY two.test:2", false);
    expect(&searches[1], "DIRECT", false);
}
END_TEST

START_TEST(another_configuration_is_asked_anew)
{
    struct config *old = config;
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    start(0, "mail.test", 993); /* of the old one; waits for its answer */
    stage_settle();
    config = unit_config("[proxy]\nurl = http://proxy.test:3128\n"
                         "[imap]\nlisten = localhost:0\ntarget = mail.test\n");
    use(config, 0, PLACES_PAC, "/etc/two.pac");
    finder_keep(finder, config);
    ck_assert_uint_eq(played_files(), 2); /* the old one goes on */
    config_unref(old);
    played_text("/etc/two.pac", "two", 1);
    search = start(1, "mail.test", 993);
    stage_settle();
    ck_assert_str_eq(played_last_script(), "two");
    played_answer("mail.test", "DIRECT");
    stage_settle();
    expect(search, "DIRECT", false);
    expect(&searches[0], "DIRECT", false);
    ck_assert_uint_eq(played_files(), 1);
    finder_keep(finder, config);
    ck_assert_uint_eq(played_files(), 1);
    finder_keep(finder, NULL);
    ck_assert_uint_eq(played_files(), 0);
}
END_TEST

/* What cannot be asked again fails within finder_renew.  A source that is freed there is seen by checkers of memory. */
START_TEST(another_network_may_end_what_an_old_configuration_waits_for)
{
    struct config *old = config;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    start(0, "mail.test", 993); /* waits for its answer */
    stage_settle();
    config = unit_config("[proxy]\nurl = http://proxy.test:3128\n"
                         "[imap]\nlisten = localhost:0\ntarget = mail.test\n");
    finder_keep(finder, config);
    config_unref(old);
    played_lack(PLAYED_LACKS_READ);
    finder_renew(finder);
    ck_assert_uint_eq(searches[0].told, 1);
    ck_assert_int_eq(searches[0].outcome, OUTCOME_LOCAL);
    ck_assert_uint_eq(played_files(), 0);
}
END_TEST

START_TEST(a_section_of_no_kept_configuration_is_asked_all_the_same)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    search = start(0, "mail.test", 993);
    stage_settle();
    ck_assert_uint_eq(played_files(), 1);
    played_answer("mail.test", "DIRECT");
    stage_settle();
    expect(search, "DIRECT", false);
    ck_assert_uint_eq(played_files(), 0);
}
END_TEST

/* --- SYSTEM --- */

START_TEST(the_environment_comes_first)
{
    static const struct {
        const char *name, *value;
        bool answers;
    } rows[] = {
        {"imap_proxy", "http://proxy.test:3128", true}, {"ALL_PROXY", "socks://what.test", true},
        {"no_proxy", "mail.test", true},                {"no_proxy", "*", true},
        {"no_proxy", "news.test", false},               {"https_proxy", "http://proxy.test:3128", false},
        {"imap_proxy", "", false},
    };

    use(config, 0, PLACES_SYSTEM, NULL);
    finder_keep(finder, config);
    played_answer("desktop", "http://desktop.test:1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct search *search;
        unsigned asked = played_questions();

        setenv(rows[i].name, rows[i].value, 1);
        search = start(0, "mail.test", 993);
        stage_settle();
        ck_assert_uint_eq(search->told, 1);
        ck_assert_int_eq(search->outcome, OUTCOME_DONE);
        ck_assert_msg(finding_is_environment(search->finding) == rows[i].answers, "%s=%s", rows[i].name,
                      rows[i].value);
        ck_assert_uint_eq(finding_found(search->finding)->count, rows[i].answers ? 0 : 1);
        ck_assert_uint_le(played_questions(), asked + !rows[i].answers);
        unsetenv(rows[i].name);
    }
    ck_assert_uint_eq(played_questions(), 1);
}
END_TEST

START_TEST(the_environment_is_not_asked_for_a_pac_file)
{
    struct search *search;

    use(config, 0, PLACES_PAC, PLACE);
    finder_keep(finder, config);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "DIRECT");
    setenv("imap_proxy", "http://proxy.test:3128", 1);
    search = start(0, "mail.test", 993);
    stage_settle();
    expect(search, "DIRECT", false);
}
END_TEST

/* --- for people --- */

static struct finder_facts seen[3];
static char seen_error[3][300];
static size_t seen_count;

static void see(void *arg, const struct finder_facts *facts)
{
    ck_assert_ptr_eq(arg, finder);
    ck_assert_uint_lt(seen_count, 3);
    snprintf(seen_error[seen_count], sizeof seen_error[seen_count], "%s", facts->error);
    seen[seen_count++] = *facts;
}

static void look(void)
{
    seen_count = 0;
    finder_each(finder, see, finder);
}

START_TEST(people_see_each_section)
{
    use(config, 0, PLACES_PAC, PLACE);
    use(config, 1, PLACES_SYSTEM, NULL);
    look();
    ck_assert_uint_eq(seen_count, 0);
    finder_keep(finder, config);
    look();
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_ptr_eq(seen[0].section, &config->proxies[0]);
    ck_assert_str_eq(seen[0].place, PLACE);
    ck_assert_int_eq(seen[0].age_ms, -1);
    ck_assert(!seen[0].helper_runs);
    ck_assert_str_eq(seen_error[0], "the file's error");
    ck_assert_ptr_eq(seen[1].section, &config->proxies[1]);
    ck_assert_str_eq(seen[1].place, "");
    ck_assert_int_eq(seen[1].age_ms, -1);
    ck_assert_str_eq(seen_error[1], "");
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "DIRECT");
    start(0, "mail.test", 993);
    stage_settle();
    look();
    ck_assert_int_eq(seen[0].age_ms, 1234);
    ck_assert_uint_eq(seen[0].kept, 1);
    ck_assert(seen[0].helper_runs);
    played_text(PLACE, "!gone", 1);
    start(0, "mail.test", 993);
    stage_settle();
    look();
    ck_assert_str_eq(seen_error[0], "pac:" PLACE ": the PAC file cannot be read: gone");
}
END_TEST

/* --- trust --- */

START_TEST(the_section_that_a_proxy_was_found_for)
{
    const struct endpoint one = {.host = "one.test", .port = 1}, other = {.host = "other.test", .port = 1};

    use(config, 0, PLACES_PAC, PLACE);
    use(config, 1, PLACES_PAC, "/etc/two.pac"); /* its source is there, and has no answer */
    finder_keep(finder, config);
    ck_assert_ptr_null(finder_names(finder, &one));
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1; DIRECT");
    start(0, "mail.test", 993);
    stage_settle();
    ck_assert_ptr_eq(finder_names(finder, &one), &config->proxies[0]);
    ck_assert_ptr_null(finder_names(finder, &other));
    finder_renew(finder);
    ck_assert_ptr_null(finder_names(finder, &one));
}
END_TEST

START_TEST(credentials_go_to_whom_the_section_trusts)
{
    struct proxy_config *section = &config->proxies[0];
    struct endpoint proxy = {.host = "Proxy.Example.test", .port = 3128};

    ck_assert(!finder_trusts(section, &proxy));
    section->trusted.at[section->trusted.count++] = strdup("proxy.example.test");
    ck_assert(finder_trusts(section, &proxy));
    snprintf(proxy.host, sizeof proxy.host, "other.example.test");
    ck_assert(!finder_trusts(section, &proxy));
    section->trusted.at[section->trusted.count++] = strdup("*.example.test");
    ck_assert(finder_trusts(section, &proxy));
    snprintf(proxy.host, sizeof proxy.host, "example.test");
    ck_assert(!finder_trusts(section, &proxy));
    snprintf(proxy.host, sizeof proxy.host, "otherexample.test");
    ck_assert(!finder_trusts(section, &proxy));
    snprintf(proxy.host, sizeof proxy.host, "2001:DB8:0::1");
    section->trusted.at[section->trusted.count++] = strdup("2001:db8::1");
    ck_assert(finder_trusts(section, &proxy));
    while (section->trusted.count > 0)
        free(section->trusted.at[--section->trusted.count]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("finder");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_section_is_asked_and_its_answer_kept);
    tcase_add_test(cases, what_is_kept_needs_no_look_at_a_file_that_serves);
    tcase_add_test(cases, a_failure_is_the_sources);
    tcase_add_test(cases, who_asks_the_same_shares_the_question);
    tcase_add_test(cases, the_question_goes_on_while_anybody_waits);
    tcase_add_test(cases, one_that_is_told_may_free_itself_and_another);
    tcase_add_test(cases, it_can_be_freed_before_it_begins);
    tcase_add_test(cases, another_network_forgets_and_asks_anew);
    tcase_add_test(cases, another_configuration_is_asked_anew);
    tcase_add_test(cases, another_network_may_end_what_an_old_configuration_waits_for);
    tcase_add_test(cases, a_section_of_no_kept_configuration_is_asked_all_the_same);
    tcase_add_test(cases, the_environment_comes_first);
    tcase_add_test(cases, the_environment_is_not_asked_for_a_pac_file);
    tcase_add_test(cases, people_see_each_section);
    tcase_add_test(cases, the_section_that_a_proxy_was_found_for);
    tcase_add_test(cases, credentials_go_to_whom_the_section_trusts);
    return unit_run();
}
