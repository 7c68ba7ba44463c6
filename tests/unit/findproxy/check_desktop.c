/* SPDX-License-Identifier: ISC */
#include "findproxy/desktop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

/* The library of the desktop is this test: its answers, and what it was asked. */
static char folder[] = "/tmp/check_desktop.XXXXXX";
static const char *answers[4];
static const char *others; /* the answer for a name that no exception has; NULL: as for all */
static char asked[64], seen_environment[64];
static bool is_missing;

static void *factory(void)
{
    static int one;

    return &one;
}

static char **get_proxies(void *self, const char *url)
{
    char **proxies = calloc(4, sizeof *proxies);
    const char *variable = getenv("https_proxy");

    ck_assert_ptr_eq(self, factory());
    ck_assert_ptr_nonnull(proxies);
    snprintf(asked, sizeof asked, "%s", url);
    snprintf(seen_environment, sizeof seen_environment, "%s", variable ? variable : "none");
    if (others && strcmp(url, "https://nobody.invalid/") == 0)
        proxies[0] = strdup(others);
    else
        for (size_t i = 0; i < 3 && answers[i]; i++)
            proxies[i] = strdup(answers[i]);
    return proxies;
}

void *__wrap_dlopen(const char *name, int mode);
void *__wrap_dlsym(void *handle, const char *name);

void *__wrap_dlopen(const char *name, int mode)
{
    (void)name;
    (void)mode;
    return is_missing ? NULL : folder;
}

void *__wrap_dlsym(void *handle, const char *name)
{
    ck_assert_ptr_eq(handle, folder);
    if (strcmp(name, "px_proxy_factory_new") == 0)
        return (void *)factory;
    ck_assert_str_eq(name, "px_proxy_factory_get_proxies");
    return (void *)get_proxies;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void remove_file(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void set_up(void)
{
    char path[256];

    snprintf(folder, sizeof folder, "/tmp/check_desktop.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("XDG_CONFIG_DIRS", "/nonexistent", 1);
    unsetenv("XDG_CURRENT_DESKTOP");
    unsetenv("KDE_FULL_SESSION");
    /* a desktop without settings, until a test says otherwise */
    write_file("gsettings", "#!/bin/sh\necho 'No such schema' >&2\nexit 1\n", 0700);
    memset(answers, 0, sizeof answers);
    answers[0] = "direct://";
    others = NULL;
    is_missing = false;
    unsetenv("DESKTOP_SESSION");
    asked[0] = '\0';
}

static void tear_down(void)
{
    remove_file("gsettings");
    remove_file("kioslaverc");
    rmdir(folder);
}

static char text[DESKTOP_TEXT_MAX];

static enum desktop_answer ask(void)
{
    return desktop_ask("https://imap.example.net:993/", text);
}

#ifdef HAVE_LIBPROXY
/* First of all, as the library is loaded once. */
START_TEST(a_library_that_is_not_there_is_told)
{
    is_missing = true;
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, LIBPROXY_NAME));
}
END_TEST

START_TEST(the_library_answers_for_plain_settings)
{
    answers[0] = "http://proxy.example.net:8080";
    answers[1] = "socks5://socks.example.net:1080";
    answers[2] = "direct://";
    setenv("https_proxy", "http://environment.example:1", 1);
    ck_assert_int_eq(ask(), DESKTOP_ANSWER);
    ck_assert_str_eq(text, "http://proxy.example.net:8080;socks5://socks.example.net:1080;direct://");
    ck_assert_str_eq(asked, "https://imap.example.net:993/");
}
END_TEST

/* The daemon has asked the environment by its own rules before. */
START_TEST(the_library_does_not_see_the_environment)
{
    setenv("https_proxy", "http://environment.example:1", 1);
    (void)ask();
    ck_assert_str_eq(seen_environment, "none");
}
END_TEST

START_TEST(an_answer_without_members_is_a_fault)
{
    answers[0] = NULL;
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "does not answer"));
}
END_TEST

/* Those may name a PAC file, and the library says the same where it cannot run one. */
START_TEST(direct_of_settings_that_cannot_be_looked_at_is_a_fault)
{
    setenv("PATH", folder, 1);
    remove_file("gsettings");
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "gsettings"));
    answers[0] = "http://proxy.example.net:8080";
    answers[1] = "direct://";
    ck_assert_int_eq(ask(), DESKTOP_ANSWER);
    ck_assert_str_eq(text, "http://proxy.example.net:8080;direct://");
    answers[0] = "direct://";
    answers[1] = NULL;
    setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    ck_assert_int_eq(ask(), DESKTOP_ANSWER); /* there is no file: nothing was set */
    setenv("XDG_CONFIG_HOME", "/proc/self/cmdline", 1); /* whose parts cannot be opened, for no want of them */
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
}
END_TEST

#define BY_HAND_GNOME "#!/bin/sh\ncase $3 in mode) echo \"'manual'\" ;; *) echo \"''\" ;; esac\n"
#define BY_HAND_KDE "[Proxy Settings]\nProxyType=1\nhttpsProxy=http://p.example.net 1\n"

/* The library's modules for the desktops need not be there, and then it says direct:// of everything. */
START_TEST(direct_where_proxies_are_named_is_an_exception_or_a_fault)
{
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            write_file("gsettings", BY_HAND_GNOME, 0700);
        } else {
            setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
            write_file("kioslaverc", BY_HAND_KDE, 0600);
        }
        others = NULL;
        ck_assert_int_eq(ask(), DESKTOP_FAULT);
        ck_assert_ptr_nonnull(strstr(text, "libproxy1-plugin-gsettings"));
        others = "http://proxy.example.net:8080";
        ck_assert_int_eq(ask(), DESKTOP_ANSWER);
        ck_assert_str_eq(text, "direct://");
        answers[0] = "http://proxy.example.net:8080";
        ck_assert_int_eq(ask(), DESKTOP_ANSWER);
        ck_assert_str_eq(text, answers[0]);
        answers[0] = "direct://";
        ck_assert_str_eq(getenv("DESKTOP_SESSION"), "gnome"); /* a service has not got it, and the library wants it */
    }
}
END_TEST

START_TEST(answers_that_do_not_fit_are_left_out)
{
    static char much[DESKTOP_TEXT_MAX];

    memset(much, 'x', sizeof much - 1);
    answers[0] = "http://a.example";
    answers[1] = much;
    answers[2] = "http://b.example";
    ck_assert_int_eq(ask(), DESKTOP_ANSWER);
    ck_assert_str_eq(text, "http://a.example;http://b.example");
}
END_TEST
#else
START_TEST(without_the_library_it_says_so)
{
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "without libproxy"));
}
END_TEST
#endif

/* The library is not asked about those: it would run the file, or say "direct://". */
START_TEST(a_pac_file_of_gnome_is_told)
{
    write_file("gsettings", "#!/bin/sh\ncase $3 in\nmode) echo \"'auto'\" ;;\n"
               "autoconfig-url) echo \"'http://wpad.example.net/proxy.pac'\" ;;\nesac\n", 0700);
    ck_assert_int_eq(ask(), DESKTOP_PAC);
    ck_assert_str_eq(text, "http://wpad.example.net/proxy.pac");
    ck_assert_str_eq(asked, "");
}
END_TEST

START_TEST(a_pac_file_of_kde_is_told)
{
    write_file("kioslaverc", "[Proxy Settings]\nProxyType=2\nProxy Config Script=file:///etc/proxy.pac\n", 0600);
#ifdef HAVE_LIBPROXY
    ck_assert_int_eq(ask(), DESKTOP_ANSWER); /* left there by a desktop that is not the one in use */
#endif
    asked[0] = '\0';
    setenv("XDG_CURRENT_DESKTOP", "X-Other:KDE", 1);
    ck_assert_int_eq(ask(), DESKTOP_PAC);
    ck_assert_str_eq(text, "/etc/proxy.pac");
    ck_assert_str_eq(asked, "");
}
END_TEST

/* The user's settings stand above those of the system, of which the first folder counts most. */
START_TEST(a_pac_file_of_the_system_is_told)
{
    char folders[3 * sizeof folder];

    setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    snprintf(folders, sizeof folders, "/nonexistent:%s/own:%s", folder, folder);
    setenv("XDG_CONFIG_DIRS", folders, 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    write_file("kioslaverc", "[Proxy Settings]\nProxyType=2\nProxy Config Script=file:///etc/proxy.pac", 0600);
    ck_assert_int_eq(ask(), DESKTOP_PAC);
    ck_assert_str_eq(text, "/etc/proxy.pac");
    snprintf(folders, sizeof folders, "%s/own", folder);
    ck_assert_int_eq(mkdir(folders, 0700), 0);
    write_file("own/kioslaverc", "ProxyType=3\n[Proxy Settings]\nProxy Config Script=/etc/first.pac\n", 0600);
    ck_assert_int_eq(ask(), DESKTOP_PAC);
    ck_assert_str_eq(text, "/etc/first.pac");
    setenv("XDG_CONFIG_HOME", folders, 1);
    write_file("own/kioslaverc", "[Proxy Settings]\nProxyType=3\n", 0600);
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "WPAD"));
    remove_file("own/kioslaverc");
    rmdir(folders);
}
END_TEST

START_TEST(a_search_of_the_network_is_refused)
{
    write_file("gsettings", "#!/bin/sh\ncase $3 in mode) echo \"'auto'\" ;; *) echo \"''\" ;; esac\n", 0700);
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "WPAD"));
    ck_assert_str_eq(asked, "");
}
END_TEST

START_TEST(a_place_that_is_none_is_a_fault)
{
    write_file("gsettings", "#!/bin/sh\ncase $3 in mode) echo \"'auto'\" ;; *) echo \"'ftp://x/'\" ;; esac\n", 0700);
    ck_assert_int_eq(ask(), DESKTOP_FAULT);
    ck_assert_ptr_nonnull(strstr(text, "full path"));
    ck_assert_str_eq(asked, "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("desktop");

    tcase_add_checked_fixture(cases, set_up, tear_down);
#ifdef HAVE_LIBPROXY
    tcase_add_test(cases, a_library_that_is_not_there_is_told);
    tcase_add_test(cases, the_library_answers_for_plain_settings);
    tcase_add_test(cases, the_library_does_not_see_the_environment);
    tcase_add_test(cases, an_answer_without_members_is_a_fault);
    tcase_add_test(cases, direct_of_settings_that_cannot_be_looked_at_is_a_fault);
    tcase_add_test(cases, direct_where_proxies_are_named_is_an_exception_or_a_fault);
    tcase_add_test(cases, answers_that_do_not_fit_are_left_out);
#else
    tcase_add_test(cases, without_the_library_it_says_so);
#endif
    tcase_add_test(cases, a_pac_file_of_gnome_is_told);
    tcase_add_test(cases, a_pac_file_of_kde_is_told);
    tcase_add_test(cases, a_pac_file_of_the_system_is_told);
    tcase_add_test(cases, a_search_of_the_network_is_refused);
    tcase_add_test(cases, a_place_that_is_none_is_a_fault);
    return unit_run();
}
