/* SPDX-License-Identifier: ISC */
#include "finding/script.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "played.h"

static struct script_params params;

static void set_up(void)
{
    const struct services *services = stage_set_up();

    params = (struct script_params){
        .loop = services->loop,
        .resolver = services->resolver,
        .curl_loop = services->curl_loop,
        .resolve_ms = 10000,
        .place = "https://wpad.test/proxy.pac",
        .ca_file = "/etc/ca.pem",
        .insecure = true,
        .name = "work",
    };
}

static void tear_down(void)
{
    stage_tear_down();
    played_clear();
}

START_TEST(where_a_file_may_come_from)
{
    static const struct {
        const char *place, *why; /* why: how it begins; NULL: it may */
        bool insecure;
    } rows[] = {
        {"https://wpad.test/proxy.pac", NULL, false},
        {"HTTPS://wpad.test:8443/p?q=1", NULL, false},
        {"http://wpad.test/proxy.pac", "whoever is on the way can change what comes over http", false},
        {"http://wpad.test/proxy.pac", NULL, true},
        {"/home/me/proxy.pac", NULL, false},
        {"file:///home/me/proxy.pac", "", true},
        {"proxy.pac", "", true},
        {"ftp://wpad.test/proxy.pac", "", true},
        {"", "", true},
        {"https://me:secret@wpad.test/proxy.pac", "", true},
        {"https://wpad.test/a b", "", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = NULL;
        bool may = script_may_be_at(rows[i].place, rows[i].insecure, &why);

        ck_assert_msg(may == !rows[i].why, "%s", rows[i].place);
        if (!may)
            ck_assert_msg(why && *why && strncmp(why, rows[i].why, strlen(rows[i].why)) == 0, "%s: %s",
                          rows[i].place, why);
    }
}
END_TEST

START_TEST(it_has_a_file_and_a_helper_until_the_last_reference_ends)
{
    struct script *script = script_new(&params);

    ck_assert_ptr_nonnull(script);
    ck_assert_str_eq(script->place, params.place);
    ck_assert_str_eq(played_last_ca(), "/etc/ca.pem");
    ck_assert(played_last_insecure());
    ck_assert_ptr_eq(script_ref(script), script);
    script_unref(script);
    ck_assert_uint_eq(played_files(), 1);
    ck_assert_uint_eq(played_helpers(), 1);
    script_unref(script);
    ck_assert_uint_eq(played_files(), 0);
    ck_assert_uint_eq(played_helpers(), 0);
    script_unref(NULL);
}
END_TEST

START_TEST(the_helper_gets_each_text_once)
{
    struct script *script = script_new(&params);

    ck_assert_int_eq(script_load(script, "one", 3, 0), SCRIPT_IS_NEW); /* 0 is a serial like any other */
    ck_assert_int_eq(script_load(script, "one", 3, 0), SCRIPT_AS_BEFORE);
    ck_assert_uint_eq(played_loads(), 1);
    ck_assert_int_eq(script_load(script, "two", 3, 7), SCRIPT_IS_NEW);
    ck_assert_int_eq(script_load(script, "two", 3, 7), SCRIPT_AS_BEFORE);
    ck_assert_uint_eq(played_loads(), 2);
    script_unref(script);
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_not_taken_for_loaded)
{
    struct script *script = script_new(&params);

    played_lack(PLAYED_LACKS_SCRIPT);
    ck_assert_int_eq(script_load(script, "one", 3, 1), SCRIPT_NO_MEMORY);
    played_lack(PLAYED_LACKS_NOTHING);
    ck_assert_int_eq(script_load(script, "one", 3, 1), SCRIPT_IS_NEW);
    script_unref(script);
}
END_TEST

START_TEST(file_and_helper_hear_of_another_network)
{
    struct script *script = script_new(&params);

    script_renew(script);
    ck_assert_uint_eq(played_renewed(), 2);
    script_unref(script);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
    static const enum played_lack lacks[] = {PLAYED_LACKS_FILE, PLAYED_LACKS_HELPER};

    for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
        played_lack(lacks[i]);
        ck_assert_ptr_null(script_new(&params));
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("script");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, where_a_file_may_come_from);
    tcase_add_test(cases, it_has_a_file_and_a_helper_until_the_last_reference_ends);
    tcase_add_test(cases, the_helper_gets_each_text_once);
    tcase_add_test(cases, a_text_that_does_not_fit_is_not_taken_for_loaded);
    tcase_add_test(cases, file_and_helper_hear_of_another_network);
    tcase_add_test(cases, without_memory_there_is_none);
    return unit_run();
}
