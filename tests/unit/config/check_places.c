/* SPDX-License-Identifier: ISC */
#include "config/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define TEMPLATE "/t/{target_host}/{target_port}"

static const struct value_rule url = {.key = "url", .kind = &value_urls};

/* Fails the test if the value has a fault.  The caller's to release. */
static struct value_places read_urls(const char *value)
{
    struct value_places places = {0};
    const char *why = "";

    ck_assert_msg(value_parse(&url, NULL, &places, value, &why), "%s", why);
    return places;
}

START_TEST(a_path_is_found_by_its_place)
{
    struct value_places places = read_urls("http://p.example http://p.example" TEMPLATE " https://p.example/imap?x=1");
    struct endpoint other = places.at[1];

    ck_assert_uint_eq(places.count, 3);
    ck_assert_ptr_null(places_path(&places, &places.at[0]));
    ck_assert_str_eq(places_path(&places, &places.at[1]), TEMPLATE);
    ck_assert_str_eq(places_path(&places, &places.at[2]), "/imap?x=1");
    other.resource++; /* a path that is not in the list */
    ck_assert_ptr_null(places_path(&places, &other));
    other = places.at[1];
    other.port = 81;
    ck_assert_ptr_null(places_path(&places, &other));
    value_release(&url, &places);
}
END_TEST

START_TEST(a_template_is_told_from_a_path)
{
    struct value_places places = read_urls("http://p.example http://p.example" TEMPLATE " https://p.example/imap "
                                           "http://q.example/?h={target_host}&p={target_port}");

    ck_assert(!places_is_template(&places, 0));
    ck_assert(places_is_template(&places, 1));
    ck_assert(!places_is_template(&places, 2));
    ck_assert(places_is_template(&places, 3));
    value_release(&url, &places);
}
END_TEST

START_TEST(a_url_is_written_with_its_path)
{
    struct value_places places = read_urls("http://p.example http://p.example" TEMPLATE
                                           " https://[2001:db8::1]:8443/x");
    char text[PLACES_URL_MAX];

    ck_assert_str_eq(places_format_url(&places, 0, text), "http://p.example:80");
    ck_assert_str_eq(places_format_url(&places, 1, text), "http://p.example:80" TEMPLATE);
    ck_assert_str_eq(places_format_url(&places, 2, text), "https://[2001:db8::1]:8443/x");
    value_release(&url, &places);
}
END_TEST

START_TEST(paths_are_completed)
{
    struct value_places places = read_urls("http://p.example http://q.example/a http://r.example/");

    ck_assert(places_complete_paths(&places));
    ck_assert_str_eq(places.paths[0], "/");
    ck_assert_str_eq(places.paths[1], "/a");
    ck_assert_str_eq(places.paths[2], "/");
    ck_assert_str_eq(places_path(&places, &places.at[0]), "/");
    ck_assert_uint_eq(places.at[0].resource, endpoint_resource("/"));
    ck_assert_uint_eq(places.at[1].resource, endpoint_resource("/a"));
    value_release(&url, &places);
}
END_TEST

/* The longest path that there may be, and one byte more. */
START_TEST(a_path_has_at_most_4_kib)
{
    static char text[URI_TEMPLATE_MAX + 100];
    struct value_places places = {0};
    int start = snprintf(text, sizeof text, "http://p.example");
    const char *why = "";
    char printed[PLACES_URL_MAX];

    memset(text + start, 'x', URI_TEMPLATE_MAX - 1);
    text[start] = '/';
    ck_assert_msg(value_parse(&url, NULL, &places, text, &why), "%s", why);
    ck_assert_uint_eq(strlen(places.paths[0]), URI_TEMPLATE_MAX - 1);
    ck_assert_uint_eq(strlen(places_format_url(&places, 0, printed)), strlen("http://p.example:80") +
                      URI_TEMPLATE_MAX - 1);
    value_release(&url, &places);
    text[start + URI_TEMPLATE_MAX - 1] = 'x';
    ck_assert(!value_parse(&url, NULL, &places, text, &why));
    ck_assert_str_eq(why, "the path is longer than 4095 bytes");
    value_release(&url, &places);
}
END_TEST

/* Also a path of "/" goes out: it is that of the relay. */
START_TEST(the_url_of_a_relay_has_its_path_as_written)
{
    static const struct value_rule rule = {.key = "relay", .kind = &value_relay};
    struct value_places places = {0};
    const char *why = "";

    ck_assert_msg(value_parse(&rule, NULL, &places, "https://r.example/%41/..//?a=%2f", &why), "%s", why);
    ck_assert_uint_eq(places.count, 1);
    ck_assert_str_eq(places.paths[0], "/%41/..//?a=%2f");
    ck_assert_uint_eq(places.at[0].resource, endpoint_resource(places.paths[0]));
    ck_assert(places.at[0].tls);
    value_release(&rule, &places);
    ck_assert_msg(value_parse(&rule, NULL, &places, "http://r.example:81/", &why), "%s", why);
    ck_assert_str_eq(places.paths[0], "/");
    ck_assert_uint_eq(places.at[0].port, 81);
    value_release(&rule, &places);
}
END_TEST

START_TEST(what_is_of_this_machine_by_its_name)
{
    static const char *const here[] = {"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.255.0.1", "::1",
                                       "::ffff:127.0.0.1"};
    static const char *const away[] = {"localhost.example", "mylocalhost", "126.0.0.1", "0.0.0.0", "::", "10.0.0.1",
                                       "127.0.0.1.example", "127.1", ""};
    struct endpoint place = {.port = 1};

    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        snprintf(place.host, sizeof place.host, "%s", here[i]);
        ck_assert_msg(places_is_loopback(&place), "%s", here[i]);
    }
    for (size_t i = 0; i < sizeof away / sizeof away[0]; i++) {
        snprintf(place.host, sizeof place.host, "%s", away[i]);
        ck_assert_msg(!places_is_loopback(&place), "%s", away[i]);
    }
}
END_TEST

static struct endpoint place_of(const char *host, uint16_t port)
{
    struct endpoint place = {.port = port};

    snprintf(place.host, sizeof place.host, "%s", host);
    return place;
}

START_TEST(places_meet)
{
    static const struct {
        const char *a, *b;
        bool overlap, lead; /* from a to b */
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true, true},  {"localhost", "LOCALHOST", true, true},
        {"localhost", "127.0.0.1", true, true},  {"::1", "localhost", true, true},
        {"127.0.0.1", "127.0.0.2", false, false}, {"127.0.0.2", "localhost", false, false},
        {"0.0.0.0", "127.0.0.2", true, false},   {"127.0.0.1", "0.0.0.0", true, true},
        {"localhost", "::", true, true},         {"127.0.0.1", "::1", false, false},
        {"192.0.2.7", "0.0.0.0", true, false},   {"0.0.0.0", "::1", false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct endpoint a = place_of(cases[i].a, 7), b = place_of(cases[i].b, 7), c = place_of(cases[i].b, 8);

        ck_assert_msg(places_overlap(&a, &b) == cases[i].overlap, "%s %s", a.host, b.host);
        ck_assert_msg(places_overlap(&b, &a) == cases[i].overlap, "%s %s", b.host, a.host);
        ck_assert_msg(places_lead_to(&a, &b) == cases[i].lead, "%s %s", a.host, b.host);
        ck_assert(!places_overlap(&a, &c) && !places_lead_to(&a, &c));
    }
    ck_assert(!places_overlap(&(struct endpoint){.host = "::1"}, &(struct endpoint){.host = "::1"})); /* any free one */
}
END_TEST

START_TEST(one_port_of_a_listener_may_be_auto)
{
    static const struct value_rule rule = {.key = "listen", .kind = &value_listen};
    static const char *const bad[][2] = {
        {"localhost:auto 127.0.0.2:auto", "has auto twice: a listener has one such port"},
        {"auto", "the port is missing"}, {"localhost:autos", "port"}, {"localhost:Auto", "port"},
        {"mail.example.net:auto", "listens on a name; write localhost or a numeric address"},
    };
    const struct protocol *imap = protocol_find("imap", 4);
    struct value_places places = {0};
    const char *why = "";
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    ck_assert_msg(value_parse(&rule, imap, &places, "192.0.2.7:1143 [::1]:auto", &why), "%s", why);
    ck_assert_uint_eq(places.automatic, 2);
    ck_assert_uint_eq(places.at[1].port, 0);
    places.at[1].port = 23456; /* known, it is auto still */
    value_print(&rule, &places, out);
    fclose(out);
    ck_assert_str_eq(text, "listen = 192.0.2.7:1143\n    [::1]:auto\n");
    free(text);
    ck_assert(!value_continue(&rule, imap, &places, "localhost:auto", &why));
    value_release(&rule, &places);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!value_parse(&rule, imap, &places, bad[i][0], &why), "%s", bad[i][0]);
        ck_assert_msg(strstr(why, bad[i][1]) != NULL, "%s: %s", bad[i][0], why);
        value_release(&rule, &places);
    }
    ck_assert(!value_parse(&rule, NULL, &places, "localhost:auto", &why)); /* a relay's, a public port's */
    ck_assert_str_eq(why, "auto is for listeners: others are known by their port");
    value_release(&rule, &places);
}
END_TEST

START_TEST(a_listener_may_have_sockets_in_the_file_system)
{
    static const struct value_rule rule = {.key = "listen", .kind = &value_listen};
    static const char *const faults[][2] = {
        {"unix:", "the path is missing, as in unix:$XDG_RUNTIME_DIR/imap.sock"},
        {"localhost:1 unix: /a", "the path is missing, as in unix:$XDG_RUNTIME_DIR/imap.sock"},
        {"unix:x.sock", "no full path; it begins with /, $HOME or $XDG_RUNTIME_DIR"},
        {"unix:$FOO/x", "a $ stands before USER, HOME or XDG_RUNTIME_DIR; for one that is meant, write $$"},
        {"unix:/a localhost:1 unix:/a", "has one place twice"},
    };
    const struct protocol *imap = protocol_find("imap", 4);
    struct value_places places = {0};
    const char *why = "";
    char *text = NULL;
    size_t length;
    FILE *out;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        ck_assert(!value_parse(&rule, imap, &places, faults[i][0], &why));
        ck_assert_str_eq(why, faults[i][1]);
        value_release(&rule, &places);
    }
    ck_assert_msg(value_parse(&rule, imap, &places, "unix:/a/$$b localhost:1143 unix:$HOME/c", &why), "%s", why);
    ck_assert_uint_eq(places.count, 3);
    ck_assert_str_eq(places.paths[0], "/a/$$b"); /* as it is written */
    ck_assert_ptr_null(places.paths[1]);
    ck_assert_uint_eq(places.at[1].port, 1143);
    out = open_memstream(&text, &length);
    value_print(&rule, &places, out);
    fclose(out);
    ck_assert_str_eq(text, "listen = unix:/a/$$b\n    localhost:1143\n    unix:$HOME/c\n");
    free(text);
    value_release(&rule, &places);
    ck_assert(!value_parse(&rule, NULL, &places, "unix:/a", &why)); /* of a relay */
    ck_assert_str_eq(why, "unix: is for listeners: others are there for other machines");
    value_release(&rule, &places);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("places");

    tcase_add_test(cases, a_path_is_found_by_its_place);
    tcase_add_test(cases, a_template_is_told_from_a_path);
    tcase_add_test(cases, a_url_is_written_with_its_path);
    tcase_add_test(cases, paths_are_completed);
    tcase_add_test(cases, a_path_has_at_most_4_kib);
    tcase_add_test(cases, the_url_of_a_relay_has_its_path_as_written);
    tcase_add_test(cases, what_is_of_this_machine_by_its_name);
    tcase_add_test(cases, places_meet);
    tcase_add_test(cases, one_port_of_a_listener_may_be_auto);
    tcase_add_test(cases, a_listener_may_have_sockets_in_the_file_system);
    return unit_run();
}
