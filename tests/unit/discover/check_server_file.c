/* SPDX-License-Identifier: ISC */
#include "discover/server_file.h"

#include <string.h>

#include "../unit.h"
#include "read_file.h"

static struct read_file scene;

static void offer(const char *host, const char *port, const char *login, enum listener_tls tls, bool oauth_only)
{
    const struct server_offer made = {.section = "imap", .host = host, .port = port, .login = login, .tls = tls,
                                      .oauth_only = oauth_only};

    server_file_offer(&scene.found, &scene.file, &made);
}

START_TEST(placeholders_are_filled_in)
{
    static const struct {
        const char *text, *filled;
    } rows[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"%EMAILADDRESS%", "me@example.net"},
        {"%emailLocalPart%.x", "me.x"},
        {"mail.%EMAILDOMAIN%", "mail.example.net"},
        {"%EMAILLOCALPART%%EMAILDOMAIN%", "meexample.net"},
        {"100%", "100%"},
        {"%REALNAME%", NULL},
        {"%%", NULL},
        {"a\tb", NULL},
        {"\xc3\xa4", NULL},
        {"12345678901234567", NULL},
    };
    char out[16 + 1];

    read_file_init(&scene);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool filled = server_file_fill(rows[i].text, &scene.address, out, sizeof out);

        ck_assert_msg(filled == (rows[i].filled != NULL), "%s", rows[i].text);
        if (filled)
            ck_assert_str_eq(out, rows[i].filled);
    }
}
END_TEST

START_TEST(a_server_is_taken_and_told)
{
    read_file_init(&scene);
    offer("imap.%EMAILDOMAIN%", "993", "%EMAILADDRESS%", TLS_YES, false);
    offer("imap.example.net", "143", NULL, TLS_STARTTLS, true);
    ck_assert_str_eq(read_file_servers(&scene), "imap imap.example.net:993 yes me@example.net\n"
                                                "imap imap.example.net:143 starttls oauth\n");
    ck_assert_str_eq(scene.remarks, "imap.example.net:993 (imap, TLS, login me@example.net)\n"
                                    "imap.example.net:143 (imap, STARTTLS, by OAuth 2 only)\n");
}
END_TEST

START_TEST(what_will_not_do_is_left_out_and_told)
{
    read_file_init(&scene);
    offer("imap.example.net", "143", NULL, TLS_NO, false);
    read_file_check_remark(&scene, "imap.example.net:143 (imap) is offered without TLS, and not taken");
    offer(NULL, "143", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "a server for imap is left out (): it has no name");
    offer("a.example", "", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "a server for imap is left out (a.example): it has no port");
    offer("b.example", "123456", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(b.example): its name or its port cannot be read");
    offer("c.%NONE%.example", "1", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(c.%NONE%.example): its name or its port cannot be read");
    offer("d.example/x", "1", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(d.example/x): ");
    offer("e.example", "0", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(e.example): ");
    offer("192.0.2.1", "993", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(192.0.2.1): an address in place of a name has no certificate");
    offer("2001:db8::1", "993", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(2001:db8::1): an address in place of a name has no certificate");
    offer("Imap.LOCALHOST.", "993", NULL, TLS_YES, false);
    read_file_check_remark(&scene, "(Imap.LOCALHOST.): localhost is whatever machine asks for it");
    offer("f\x1b[2J", "993", NULL, TLS_YES, false);
    ck_assert_ptr_null(strchr(scene.remarks, '\x1b'));
    ck_assert_uint_eq(scene.found.count, 0);
}
END_TEST

START_TEST(a_login_that_cannot_be_made_out_is_none)
{
    read_file_init(&scene);
    offer("imap.example.net", "993", "%REALNAME%", TLS_YES, false);
    ck_assert_str_eq(read_file_servers(&scene), "imap imap.example.net:993 yes\n");
    read_file_check_remark(&scene, "the login for imap.example.net cannot be made out: your address is likely");
}
END_TEST

START_TEST(remarks_are_bounded)
{
    unsigned lines = 0;

    read_file_init(&scene);
    for (unsigned i = 0; i < 1000; i++)
        offer("imap.example.net", "143", NULL, TLS_NO, false);
    for (const char *c = scene.remarks; *c; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(lines, SERVER_FILE_REMARKS_MAX);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("server_file");

    tcase_add_test(cases, placeholders_are_filled_in);
    tcase_add_test(cases, a_server_is_taken_and_told);
    tcase_add_test(cases, what_will_not_do_is_left_out_and_told);
    tcase_add_test(cases, a_login_that_cannot_be_made_out_is_none);
    tcase_add_test(cases, remarks_are_bounded);
    return unit_run();
}
