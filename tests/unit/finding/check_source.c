/* SPDX-License-Identifier: ISC */
#include "finding/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "played.h"

static struct services *services;
static struct config *config;

static void set_up(void)
{
    services = stage_set_up();
    config = unit_config("[proxy]\nurl = http://proxy.test:3128\n[imap]\nlisten = localhost:0\ntarget = mail.test\n");
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
    played_clear();
}

/* The section's proxies are found so from now on. */
static struct proxy_config *ask(enum places_source way, const char *asked)
{
    struct value_places *urls = &config->proxies[0].urls;

    free(urls->asked);
    *urls = (struct value_places){.source = way, .asked = asked ? strdup(asked) : NULL};
    return &config->proxies[0];
}

static struct source *make(const struct proxy_config *section)
{
    return source_new(services->loop, services->resolver, services->curl_loop, config, section);
}

START_TEST(a_pac_file_has_its_script_at_once)
{
    struct source *source = make(ask(PLACES_PAC, "/etc/proxy.pac"));

    ck_assert_str_eq(source->script->place, "/etc/proxy.pac");
    ck_assert_ptr_null(source->desktop);
    source_free(source);
    source_free(NULL);
}
END_TEST

START_TEST(others_have_one_when_it_is_named)
{
    struct source *source = make(ask(PLACES_SYSTEM, NULL));
    struct script *first;

    ck_assert_ptr_null(source->script);
    ck_assert_uint_eq(played_helpers(), 0);
    ck_assert(source_use_script(source, "https://wpad.test/proxy.pac"));
    first = source->script;
    ck_assert(source_use_script(source, "https://wpad.test/proxy.pac"));
    ck_assert_ptr_eq(source->script, first);
    source_free(source);
}
END_TEST

START_TEST(another_file_ends_what_is_kept)
{
    struct source *source = make(ask(PLACES_COMMAND, "/usr/bin/proxy"));
    const struct endpoint target = {"mail.test", 143, false, false, 0};
    const struct found found = {.count = 1, .members = {{.direct = true}}, .said = "DIRECT"};

    answers_keep(source->answers, &target, 1, &found);
    ck_assert(source_use_script(source, "https://wpad.test/one.pac"));
    ck_assert_uint_eq(answers_count(source->answers), 1); /* what the program said itself */
    ck_assert(source_use_script(source, "https://wpad.test/one.pac"));
    ck_assert_uint_eq(answers_count(source->answers), 1);
    ck_assert(source_use_script(source, "https://wpad.test/two.pac"));
    ck_assert_uint_eq(answers_count(source->answers), 0);
    ck_assert_uint_eq(played_files(), 1);
    source_free(source);
}
END_TEST

START_TEST(the_file_is_read_as_the_section_says)
{
    struct proxy_config *section = ask(PLACES_PAC, "http://wpad.test/proxy.pac");
    struct source *source;

    section->ca_file = strdup("/etc/ca.pem");
    section->insecure = true;
    source = make(section);
    ck_assert_str_eq(played_last_ca(), "/etc/ca.pem");
    ck_assert(played_last_insecure());
    source_free(source);
}
END_TEST

START_TEST(the_desktop_has_one_helper)
{
    struct source *source = make(ask(PLACES_SYSTEM, NULL));
    struct helper *desktop = source_desktop(source);

    ck_assert_ptr_nonnull(desktop);
    ck_assert_ptr_eq(source_desktop(source), desktop);
    ck_assert_uint_eq(played_helpers(), 1);
    source_free(source);
}
END_TEST

START_TEST(another_network_ends_what_is_kept)
{
    struct source *source = make(ask(PLACES_SYSTEM, NULL));
    const struct endpoint target = {"mail.test", 143, false, false, 0};
    const struct found found = {.count = 1, .members = {{.direct = true}}, .said = "DIRECT"};

    source_renew(source);
    ck_assert_uint_eq(played_renewed(), 0);
    ck_assert_ptr_nonnull(source_desktop(source));
    ck_assert(source_use_script(source, "https://wpad.test/proxy.pac"));
    answers_keep(source->answers, &target, 1, &found);
    source_renew(source);
    ck_assert_uint_eq(answers_count(source->answers), 0);
    ck_assert_uint_eq(played_renewed(), 3); /* the desktop's helper, the file, the script's helper */
    source_free(source);
}
END_TEST

START_TEST(people_read_what_is_asked)
{
    char name[80];

    ck_assert_str_eq(source_name(ask(PLACES_PAC, "https://wpad.test/p"), name, sizeof name), "pac:https://wpad.test/p");
    ck_assert_str_eq(source_name(ask(PLACES_SYSTEM, NULL), name, sizeof name), "system");
    ck_assert_str_eq(source_name(ask(PLACES_COMMAND, "/bin/x y"), name, sizeof name), "command:/bin/x y");
}
END_TEST

START_TEST(the_log_names_the_section)
{
    struct proxy_config *section = ask(PLACES_SYSTEM, NULL);
    struct source *source = make(section);

    ck_assert_ptr_nonnull(source_desktop(source));
    ck_assert_str_eq(played_last_name(), "proxy");
    source_free(source);
    free(section->label);
    section->label = strdup("work");
    source = make(section);
    ck_assert(source_use_script(source, "/etc/proxy.pac"));
    ck_assert_str_eq(played_last_name(), "proxy/work");
    source_free(source);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
    struct source *source;

    played_lack(PLAYED_LACKS_FILE);
    ck_assert_ptr_null(make(ask(PLACES_PAC, "/etc/proxy.pac")));
    source = make(ask(PLACES_SYSTEM, NULL));
    ck_assert(!source_use_script(source, "/etc/proxy.pac"));
    ck_assert_ptr_null(source->script);
    played_lack(PLAYED_LACKS_HELPER);
    ck_assert_ptr_null(source_desktop(source));
    source_free(source);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("source");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_pac_file_has_its_script_at_once);
    tcase_add_test(cases, others_have_one_when_it_is_named);
    tcase_add_test(cases, another_file_ends_what_is_kept);
    tcase_add_test(cases, the_file_is_read_as_the_section_says);
    tcase_add_test(cases, the_desktop_has_one_helper);
    tcase_add_test(cases, another_network_ends_what_is_kept);
    tcase_add_test(cases, people_read_what_is_asked);
    tcase_add_test(cases, the_log_names_the_section);
    tcase_add_test(cases, without_memory_there_is_none);
    return unit_run();
}
