/* SPDX-License-Identifier: ISC */
#include "config/socket_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* The unit for these listeners; the caller frees it. */
static char *unit_for(const char *listeners)
{
    char text[2000], *unit = NULL;
    size_t length;
    struct config *config;
    FILE *out = open_memstream(&unit, &length);

    snprintf(text, sizeof text, "[sallyport]\n[proxy]\nurl = http://proxy.example.net:3128\n%s", listeners);
    config = unit_config(text);
    socket_unit_print(config, out);
    ck_assert_int_eq(fclose(out), 0);
    config_unref(config);
    return unit;
}

/* The lines that begin with ListenStream=, in order. */
static void check_streams(const char *listeners, const char *wanted)
{
    char *unit = unit_for(listeners), got[1000] = "";
    size_t at = 0;

    for (const char *line = unit; *line; line = strchr(line, '\n') + 1) {
        int length = (int)strcspn(line, "\n");

        if (strncmp(line, "ListenStream=", 13) == 0)
            at += (size_t)snprintf(got + at, sizeof got - at, "%.*s\n", length - 13, line + 13);
    }
    ck_assert_str_eq(got, wanted);
    free(unit);
}

START_TEST(each_address_of_each_listener)
{
    check_streams("[imap]\ntarget = a\n", "127.0.0.1:1143\n[::1]:1143\n");
    check_streams("[imap]\ntarget = a\n[imap work]\ntarget = b\nlisten = 127.0.0.2:1143 [::1]:2143\n"
                  "[forward x]\nlisten = 192.0.2.1:99\ntarget = c:1\nprotocol = XMPP\n",
                  "127.0.0.1:1143\n[::1]:1143\n127.0.0.2:1143\n[::1]:2143\n192.0.2.1:99\n");
}
END_TEST

START_TEST(a_relay_and_public_ports_are_opened_too)
{
    check_streams("[relay]\nlisten = localhost:8080\nusers = /dev/null\n[public imaps]\nlisten = 192.0.2.1:993\n"
                  "name = home:993\nallow = everyone\n[reverse]\nrelay = https://r.example/x\ntarget = t:143\n",
                  "127.0.0.1:8080\n[::1]:8080\n192.0.2.1:993\n");
}
END_TEST

START_TEST(paths_are_opened_too)
{
    setenv("XDG_RUNTIME_DIR", "/run/100%", 1); /* systemd's own variables begin so */
    check_streams("[imap]\ntarget = a\nlisten = unix:$XDG_RUNTIME_DIR/a localhost:1143\n",
                  "/run/100%%/a\n127.0.0.1:1143\n[::1]:1143\n");
    unsetenv("XDG_RUNTIME_DIR");
    check_streams("[imap]\ntarget = a\nlisten = unix:$XDG_RUNTIME_DIR/a unix:/b\n", "/b\n");
}
END_TEST

/* systemd cannot open any port that is free; the listener does it by itself. */
START_TEST(a_port_that_is_not_chosen_is_left_out)
{
    check_streams("[imap]\ntarget = a\nlisten = 127.0.0.1:0\n[nntp]\ntarget = b\n", "127.0.0.1:1119\n[::1]:1119\n");
}
END_TEST

START_TEST(the_sections_are_in_order)
{
    char *unit = unit_for("[imap]\ntarget = a\n");
    const char *first = strstr(unit, "\n[Unit]\n"), *second = strstr(unit, "\n[Socket]\n");
    const char *third = strstr(unit, "\n# [imap]\nListenStream="), *last = strstr(unit, "\n[Install]\n");

    ck_assert(first && second && third && last);
    ck_assert(first < second && second < third && third < last);
    ck_assert_ptr_null(strchr(unit, '%')); /* systemd would expand it */
    free(unit);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socket_unit");

    tcase_add_test(cases, each_address_of_each_listener);
    tcase_add_test(cases, a_relay_and_public_ports_are_opened_too);
    tcase_add_test(cases, paths_are_opened_too);
    tcase_add_test(cases, a_port_that_is_not_chosen_is_left_out);
    tcase_add_test(cases, the_sections_are_in_order);
    return unit_run();
}
