/* SPDX-License-Identifier: ISC */
#include "config/config_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

/* The configuration, printed; the caller frees it. */
static char *print(const char *text)
{
    struct config *config = unit_config(text);
    char *printed = NULL;
    size_t length;
    FILE *out = open_memstream(&printed, &length);

    config_print(config, out);
    ck_assert_int_eq(fclose(out), 0);
    config_unref(config);
    return printed;
}

START_TEST(each_section_has_its_own_keys)
{
    char *text = print("[sallyport]\n[proxy]\nurl=http://p:3128\n[proxy other]\nurl=http://q:1\n[imap]\ntarget=a\n"
                       "[imap work]\nlisten=127.0.0.2:1143\ntarget=b:1430\nproxy=other\n");
    const char *places[] = {
        strstr(text, "[sallyport]\nlog-level = info\n"), strstr(text, "\n[redirects]\nfollow = yes\n"),
        strstr(text, "\n[proxy]\nurl = http://p:3128\n"), strstr(text, "\n[proxy other]\nurl = http://q:1\n"),
        strstr(text, "\n[imap]\n"), strstr(text, "\ntarget = a:143\n"),
        strstr(text, "\n[imap work]\n"), strstr(text, "\ntarget = b:1430\n"), strstr(text, "\nproxy = other\n"),
    };

    ck_assert_ptr_eq(places[0], text);
    for (size_t i = 1; i < sizeof places / sizeof places[0]; i++) {
        ck_assert_msg(places[i] != NULL, "%zu is missing in\n%s", i, text);
        ck_assert_msg(places[i] > places[i - 1], "%zu is not in order in\n%s", i, text);
    }
    free(text);
}
END_TEST

START_TEST(secrets_are_masked)
{
    char *text = print("[sallyport]\n[proxy]\nurl=http://p:3128\nuser=me\npassword=swordfish\n[imap]\ntarget=a\n");

    ck_assert_ptr_nonnull(strstr(text, "\nuser = me\n"));
    ck_assert_ptr_nonnull(strstr(text, "\npassword = ********\n"));
    ck_assert_ptr_null(strstr(text, "swordfish"));
    free(text);
}
END_TEST

/* What it prints is a configuration that prints the same. */
START_TEST(it_can_be_read_again)
{
    char *once = print("[sallyport]\n[proxy]\nurl=http://p:3128 http://q:1\nheader=X: 1\nheader=Y: 2\n"
                       "[nntp]\ntarget=a\n");
    char *twice = print(once);

    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

/* All ways of finding proxies, as they were written, with the question. */
START_TEST(how_proxies_are_found_can_be_read_again)
{
    char *once = print("[proxy]\nurl=pac:https://w.example/p?a=b\ntrusted= p.example  *.example.net\n [2001:db8::1]\n"
                       "pac-url = http://{host}/\nfallback = direct\nuser = me\npassword-command = x\n"
                       "[proxy h]\nurl = pac:http://w.example:8/p\ninsecure = yes\n[proxy f]\nurl = pac:/dev/null\n"
                       "[proxy s]\nurl = system\n[proxy c]\nurl = command:/bin/sh\n[imap]\ntarget=a\n");
    char *twice = print(once);
    static const char *const parts[] = {
        "\nurl = pac:https://w.example/p?a=b\n", "\npac-url = http://{host}/\ntrusted = p.example *.example.net "
        "2001:db8::1\ninsecure = no\n", "\nurl = pac:http://w.example:8/p\n",
        "\npac-url = https://{host}:{port}/\n;trusted =\ninsecure = yes\n", "\nurl = pac:/dev/null\n",
        "\nurl = system\n", "\nurl = command:/bin/sh\n",
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ck_assert_msg(strstr(once, parts[i]) != NULL, "%s is missing in\n%s", parts[i], once);
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

/* Templates stand as they were written, each in its place of the list. */
START_TEST(a_url_is_printed_with_its_path)
{
    char *once = print("[proxy]\nurl=http://p https://q/{target_host}/{target_port}\n  http://r:8/?x=1{&target_port,"
                       "target_host}\n http://s/\n[imap]\ntarget=a\n[proxy one]\nmethod=tcpconnection\n"
                       "url=http://s/a%20b?c http://t\norigin=example.com:81\ntls-upgrade=yes\n");
    char *twice = print(once);

    ck_assert_ptr_nonnull(strstr(once, "\nurl = http://p:80\n https://q:443/{target_host}/{target_port}\n "
                                       "http://r:8/?x=1{&target_port,target_host}\n http://s:80\norder = listed\n"
                                       "method = connect\n"
                                       ";origin =\nform = origin\ntls-upgrade = no\nhttp = 1.1\n"));
    ck_assert_ptr_nonnull(strstr(once, "\nurl = http://s:80/a%20b?c\n http://t:80/\norder = listed\n"
                                       "method = tcpconnection\n"
                                       "origin = example.com:81\nform = origin\ntls-upgrade = yes\n"
                                       "http = 1.1\n"));
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

/* A template in the middle of a list, on a line of about 4 KiB: as long as one may be. */
START_TEST(a_long_template_can_be_read_again)
{
    static char text[8000];
    char *once, *twice;
    int length = snprintf(text, sizeof text, "[proxy]\nurl = http://p:80\n http://q:80/{target_host}/{target_port}/");

    memset(text + length, 'x', 3800);
    snprintf(text + length + 3800, sizeof text - (size_t)length - 3800, "\n http://r:80\n[imap]\ntarget = a\n");
    once = print(text);
    *strstr(text, "[imap]") = '\0';
    ck_assert_ptr_nonnull(strstr(once, strstr(text, "url = ")));
    twice = print(once);
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

/* The sections of reverse tunnels and their relay, each key with its default. */
START_TEST(what_is_published_is_printed_whole)
{
    char *once = print("[reverse home]\nrelay = https://r.example/x/?y\ntarget = localhost:143\nuser = me\n"
                       "password = swordfish\nheader = Cookie: swordfish\n"
                       "[relay]\nlisten = localhost:8080\nusers = /dev/null\npath = /a = home:143\n"
                       "path = /b = home:25\n"
                       "[public imap]\nlisten = 192.0.2.1:143\nname = home:143\nallow = 192.0.2.0/24 ::1\n"
                       "[public]\nlisten = 192.0.2.1:993\nname = home:993\nallow = everyone\n");

    ck_assert_ptr_nonnull(strstr(once, "\n\n[reverse home]\nrelay = https://r.example:443/x/?y\n"
                                       "target = localhost:143\nprotocol = imap\nuser = me\npassword = ********\n"
                                       ";password-file =\n;password-command =\nheader = Cookie: ********\n"
                                       ";ca-file =\n;cert-file =\n"
                                       ";key-file =\nverify = yes\ninsecure = no\nproxy = direct\nwaiting = 2\n"
                                       "sessions = 20\nforwarded = none\ntrusted-clients = no\n\n[relay]\n"));
    ck_assert_ptr_nonnull(strstr(once, "\n\n[relay]\nlisten = localhost:8080\n;cert-file =\n;key-file =\n"
                                       "users = /dev/null\n;alpn =\npath = /a = home:143\npath = /b = home:25\n\n"));
    ck_assert_ptr_nonnull(strstr(once, "\n\n[public imap]\nlisten = 192.0.2.1:143\nname = home:143\n"
                                       "allow = 192.0.2.0/24 ::1\n;relay =\nprotocol = imap\n\n[public]\n"));
    ck_assert_ptr_nonnull(strstr(once, "\nallow = everyone\n;relay =\nprotocol = forward\n"));
    ck_assert_ptr_null(strstr(once, "swordfish"));
    free(once);
}
END_TEST

/* A file whose name is that text; gives its path. */
static const char *put(const char *folder, const char *name, const char *text)
{
    static char paths[2][200];
    static unsigned next;
    char *path = paths[next++ % 2];
    FILE *file;

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

START_TEST(where_values_are_from_stands_above_them)
{
    char folder[] = "/tmp/check_config_print-XXXXXX", expected[2000], *text;
    const char *system, *user;
    struct config *config;
    size_t length;
    FILE *out;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    system = put(folder, "a\n[imap].ini", "[proxy]\nurl = http://p:1\n   http://q:2\nuser = s\n"
                 "password-command = x\n");
    user = put(folder, "user.ini", "[sallyport]\ninclude = system\n[proxy]\nuser = u\n[imap]\ntarget = t\n");
    setenv("SALLYPORT_SYSTEM_FILE", system, 1);
    config = config_load(user, CONFIG_TO_CHECK, on_report, NULL);
    ck_assert_ptr_nonnull(config);
    out = open_memstream(&text, &length);
    config_print(config, out);
    fclose(out);
    snprintf(expected, sizeof expected, "# Each of these files lies over those above it.  Above a value stands where "
             "it\n# is from, and above the first of several defaults that.\n#   %s/a\\n[imap].ini\n#   %s\n\n"
             "[sallyport]\n# default\nlog-level = info\n", folder, user);
    ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s", text);
    snprintf(expected, sizeof expected, "\n# %s:2\n;include = system\n# default\n;final = none\n\n"
             "[redirects]\n# default\nfollow", user);
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
    snprintf(expected, sizeof expected, "\n[proxy]\n# %s/a\\n[imap].ini:2\nurl = http://p:1\n http://q:2\n# default\n"
             "order = listed\n", folder);
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
    snprintf(expected, sizeof expected, "\n# %s:4\nuser = u\n# default\n;password =\n", user);
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
    config_unref(config);
    config_unref(unit_config(text)); /* it can be read again, and is whole */
    free(text);
    unlink(user);
    unlink(system);
    rmdir(folder);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config_print");

    tcase_add_test(cases, each_section_has_its_own_keys);
    tcase_add_test(cases, secrets_are_masked);
    tcase_add_test(cases, it_can_be_read_again);
    tcase_add_test(cases, how_proxies_are_found_can_be_read_again);
    tcase_add_test(cases, a_url_is_printed_with_its_path);
    tcase_add_test(cases, a_long_template_can_be_read_again);
    tcase_add_test(cases, what_is_published_is_printed_whole);
    tcase_add_test(cases, where_values_are_from_stands_above_them);
    return unit_run();
}
