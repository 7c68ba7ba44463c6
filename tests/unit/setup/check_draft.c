/* SPDX-License-Identifier: ISC */
#include "setup/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "config/places.h"

static char error[DRAFT_ERROR_MAX];

static const struct protocol *protocol(const char *name)
{
    return protocol_find(name, strlen(name));
}

/* Two servers behind a proxy that wants a login. */
static struct draft sample(void)
{
    struct draft draft = {
        .address = "me@example.net", .url = "http://proxy.example.net:3128", .user = "fred",
        .keeping = DRAFT_KEEPS_COMMAND, .kept = "pass show \"a b\"; # x", .count = 2,
    };

    draft.at[0] = (struct draft_listener){protocol("imap"), {.host = "imap.example.net", .port = 993}, TLS_YES, 1143,
                                          "SRV records", false};
    draft.at[1] = (struct draft_listener){protocol("submission"), {.host = "2001:db8::1", .port = 587}, TLS_STARTTLS,
                                          1588, NULL, false};
    return draft;
}

static struct config *kept(const struct draft *draft)
{
    size_t length;
    char *text = draft_text(draft, &length);
    FILE *stream = fmemopen(text, length, "r");
    struct config *config;

    ck_assert_uint_eq(strlen(text), length);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 100);
    config = config_parse(stream, "draft", CONFIG_TO_ASK, NULL, NULL);
    ck_assert_ptr_nonnull(config);
    fclose(stream);
    free(text);
    return config;
}

START_TEST(what_is_written_is_what_was_meant)
{
    struct draft draft = sample();
    struct config *config = kept(&draft);

    ck_assert_uint_eq(config->proxy_count, 1);
    ck_assert_str_eq(config->proxies[0].urls.at[0].host, "proxy.example.net");
    ck_assert_str_eq(config->proxies[0].user, "fred");
    ck_assert_str_eq(config->proxies[0].password_command, "pass show \"a b\"; # x");
    ck_assert_uint_eq(config->listener_count, 2);
    ck_assert_str_eq(config->listeners[0].name, "imap");
    ck_assert_str_eq(config->listeners[0].target.place.host, "imap.example.net");
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 1143);
    ck_assert_uint_eq(config->listeners[0].tls, TLS_YES);
    ck_assert_ptr_eq(config->listeners[0].proxy, &config->proxies[0]);
    ck_assert_str_eq(config->listeners[1].target.place.host, "2001:db8::1");
    ck_assert_uint_eq(config->listeners[1].listen.at[0].port, 1588);
    ck_assert_uint_eq(config->listeners[1].tls, TLS_STARTTLS);
    config_unref(config);
}
END_TEST

START_TEST(the_text_is_for_a_reader)
{
    static const char *const wanted[] = {
        "# sallyport's configuration for me@example.net, begun by `sallyport setup`.\n",
        "\n[proxy]\nurl = http://proxy.example.net:3128\nuser = fred\n# The first line that this command prints",
        "\n[imap]\n# The mail program connects to localhost, port 1143, without encryption:\n",
        "# The server is known from SRV records.\nlisten = localhost:1143\ntarget = imap.example.net:993\ntls = yes\n",
        "target = [2001:db8::1]:587\ntls = starttls\n",
    };
    struct draft draft = sample();
    size_t length;
    char *text = draft_text(&draft, &length);

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_msg(strstr(text, wanted[i]), "no %s in %s", wanted[i], text);
    free(text);
}
END_TEST

START_TEST(where_a_password_is_kept)
{
    struct draft draft = sample();
    struct config *config;

    draft.keeping = DRAFT_KEEPS_ASKING;
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].user, "fred");
    ck_assert_ptr_null(config->proxies[0].password_command);
    config_unref(config);
    draft.keeping = DRAFT_KEEPS_FILE;
    snprintf(draft.kept, sizeof draft.kept, "/dev/null");
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].password_file, "/dev/null");
    config_unref(config);
    draft.user[0] = '\0';
    config = kept(&draft);
    ck_assert_ptr_null(config->proxies[0].user);
    ck_assert_ptr_null(config->proxies[0].password_file);
    config_unref(config);
}
END_TEST

/* Nothing that was typed stands for something else. */
START_TEST(a_dollar_sign_is_one)
{
    char path[] = "/tmp/check_draft-$USER$$-XXXXXX";
    struct draft draft = sample();
    struct config *config;

    close(mkstemp(path));
    snprintf(draft.user, sizeof draft.user, "$USER$$x$");
    snprintf(draft.kept, sizeof draft.kept, "echo $HOME$$");
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].user, "$USER$$x$");
    ck_assert_str_eq(config->proxies[0].password_command, "echo $HOME$$"); /* the shell's */
    config_unref(config);
    draft.keeping = DRAFT_KEEPS_FILE;
    memcpy(draft.kept, path, sizeof path);
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].password_file, path);
    config_unref(config);
    unlink(path);
    config = draft_config(&draft, "pass$USER$$", "probe.example.net", error);
    ck_assert_msg(config, "%s", error);
    ck_assert_str_eq(config->proxies[0].user, "$USER$$x$");
    ck_assert_str_eq(config->proxies[0].password, "pass$USER$$");
    config_unref(config);
}
END_TEST

START_TEST(without_a_proxy)
{
    struct draft draft = sample();
    struct config *config;

    draft.url[0] = '\0';
    config = kept(&draft);
    ck_assert_uint_eq(config->proxy_count, 0);
    ck_assert_ptr_null(config->listeners[0].proxy);
    config_unref(config);
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_ptr_nonnull(config);
    ck_assert_ptr_null(config->listeners[0].proxy);
    config_unref(config);
    draft.count = 0;
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_ptr_eq(draft_probe(config), &config->listeners[0]);
    ck_assert_ptr_null(draft_proxy(config));
    config_unref(config);
}
END_TEST

START_TEST(a_trial_has_the_password_itself)
{
    static const char password[] = "open;\"sesame\" #1";
    struct draft draft = sample();
    struct config *config;

    draft.keeping = DRAFT_KEEPS_FILE;
    snprintf(draft.kept, sizeof draft.kept, "/not/there");
    config = draft_config(&draft, password, "probe.example.net", error);
    ck_assert_msg(config, "%s", error);
    ck_assert_str_eq(config->proxies[0].password, password);
    ck_assert_ptr_null(config->proxies[0].password_file);
    ck_assert_uint_eq(config->settings.connect_timeout, 10000);
    ck_assert_uint_eq(config->listener_count, 2);
    config_unref(config);
    draft.keeping = DRAFT_KEEPS_COMMAND;
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_str_eq(config->proxies[0].password_command, "/not/there");
    config_unref(config);
}
END_TEST

START_TEST(a_trial_without_servers_has_a_probe)
{
    struct draft draft = {.url = "http://proxy.example.net:3128"};
    struct config *config = draft_config(&draft, NULL, "probe.example.net", error);

    ck_assert_msg(config, "%s", error);
    ck_assert_uint_eq(config->listener_count, 1);
    ck_assert_str_eq(config->listeners[0].target.place.host, "probe.example.net");
    ck_assert_uint_eq(config->listeners[0].target.place.port, 443);
    ck_assert_ptr_eq(config->listeners[0].proxy, &config->proxies[0]);
    config_unref(config);
}
END_TEST

START_TEST(found_proxies_and_who_is_trusted)
{
    struct draft draft = {.url = "pac:/etc/proxy.pac", .user = "fred", .keeping = DRAFT_KEEPS_ASKING,
                          .trusted = "proxy.example.net"};
    struct config *config = draft_config(&draft, "open sesame", "probe.example.net", error);

    ck_assert_msg(config, "%s", error);
    ck_assert_str_eq(config->proxies[0].trusted.at[0], "proxy.example.net");
    config_unref(config);
    draft.count = 1;
    draft.at[0] = sample().at[0];
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].trusted.at[0], "proxy.example.net");
    config_unref(config);
}
END_TEST

START_TEST(what_is_wrong_is_said_without_a_line)
{
    struct draft draft = {.url = "ftp://proxy.example.net"};

    ck_assert_ptr_null(draft_config(&draft, NULL, "probe.example.net", error));
    ck_assert_msg(strncmp(error, "url: ", 5) == 0, "%s", error);
    snprintf(draft.url, sizeof draft.url, "http://proxy foo");
    ck_assert_ptr_null(draft_config(&draft, NULL, "probe.example.net", error));
    ck_assert_msg(strncmp(error, "url: ", 5) == 0, "%s", error);
}
END_TEST

/* Variables of the environment can have one, as %0A, and so can an option. */
START_TEST(no_value_has_the_end_of_a_line)
{
    static const char evil[] = "fred\npassword-command = /bin/evil";
    const struct draft good = {.url = "http://proxy.example.net:3128", .user = "fred", .keeping = DRAFT_KEEPS_ASKING};
    size_t length;

    ck_assert_ptr_null(draft_config(&good, evil, "probe.example.net", error));
    ck_assert_str_eq(error, "there is the end of a line in it");
    for (int i = 0; i < 4; i++) {
        struct draft draft = good;
        char *const values[] = {draft.url, draft.user, draft.kept, draft.trusted};

        memcpy(values[i], evil, sizeof evil);
        ck_assert_ptr_null(draft_config(&draft, NULL, "probe.example.net", error));
        ck_assert_str_eq(error, "there is the end of a line in it");
        ck_assert_ptr_null(draft_text(&draft, &length));
    }
}
END_TEST

/* The machine's file may say that no other section of the probe's kind counts. */
START_TEST(a_probe_that_does_not_count_is_none)
{
    static const char policy[] = "[sallyport]\nfinal = proxy forward\n[imap]\ntarget = t\nproxy = direct\n"
                                 "[proxy other]\nurl = http://other:1\n";
    char path[] = "/tmp/check_draft-XXXXXX";
    struct draft draft = {.extends = true};
    struct config *config;
    FILE *file = fdopen(mkstemp(path), "w");

    fputs(policy, file);
    fflush(file);
    setenv("SALLYPORT_SYSTEM_FILE", path, 1);
    snprintf(draft.url, sizeof draft.url, "only shown");
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_msg(config, "%s", error);
    ck_assert_ptr_null(draft_probe(config));
    ck_assert_ptr_null(draft_proxy(config)); /* no other counts, and it names none for all */
    config_unref(config);
    fputs("[proxy]\nurl = http://machine:1\n", file);
    fclose(file);
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_msg(config, "%s", error);
    ck_assert_str_eq(draft_proxy(config)->urls.at[0].host, "machine");
    ck_assert_str_eq(draft_probe(config)->name, "imap/probe-of-setup"); /* which is not final */
    config_unref(config);
    unlink(path);
    unsetenv("SALLYPORT_SYSTEM_FILE");
}
END_TEST

/* It may have no listener at all, and the probe is the only one. */
START_TEST(a_probe_is_of_a_kind_that_is_not_final)
{
    static const char policy[] = "[sallyport]\nfinal = proxy forward%s\n[proxy]\nurl = http://machine:1\n";
    static const char *const more[] = {"", " imap", " imap submission pop3"},
                             *const names[] = {"imap/probe-of-setup", "submission/probe-of-setup",
                                               "nntp/probe-of-setup"};
    struct draft draft = {.extends = true, .url = "only shown"};

    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        char path[] = "/tmp/check_draft-XXXXXX";
        FILE *file = fdopen(mkstemp(path), "w");
        struct config *config;

        fprintf(file, policy, more[i]);
        fclose(file);
        setenv("SALLYPORT_SYSTEM_FILE", path, 1);
        config = draft_config(&draft, NULL, "probe.example.net", error);
        ck_assert_msg(config, "%s", error);
        ck_assert_str_eq(draft_probe(config)->name, names[i]);
        ck_assert_str_eq(draft_probe(config)->target.place.host, "probe.example.net");
        ck_assert_str_eq(draft_probe(config)->proxy->urls.at[0].host, "machine");
        config_unref(config);
        unlink(path);
        unsetenv("SALLYPORT_SYSTEM_FILE");
    }
}
END_TEST

/* The machine's file has the proxy; what is written extends it. */
START_TEST(what_the_machine_s_file_says_is_not_written)
{
    char path[] = "/tmp/check_draft-XXXXXX";
    struct draft draft = sample();
    struct config *config;
    size_t length;
    char *text;
    FILE *file = fdopen(mkstemp(path), "w");

    fputs("[proxy]\nurl = http://machine:1\n[forward]\nlisten = localhost:9\ntarget = t:1\nprotocol = X\n", file);
    fclose(file);
    setenv("SALLYPORT_SYSTEM_FILE", path, 1);
    draft.extends = true;
    snprintf(draft.url, sizeof draft.url, "only shown");
    text = draft_text(&draft, &length);
    ck_assert_ptr_nonnull(strstr(text, "\n[sallyport]\n# The proxy is named in the configuration of this machine.\n"
                                       "include = system\n\n[proxy]\nuser = fred\n# The first line that"));
    free(text);
    config = kept(&draft);
    ck_assert_str_eq(config->proxies[0].urls.at[0].host, "machine");
    ck_assert_str_eq(config->proxies[0].user, "fred");
    ck_assert_str_eq(config->listeners[0].name, "imap");
    config_unref(config);
    draft.count = 0;
    draft.user[0] = '\0';
    text = draft_text(&draft, &length);
    ck_assert_ptr_null(strstr(text, "[proxy]"));
    ck_assert_ptr_null(strstr(text, "only shown"));
    free(text);
    config = draft_config(&draft, NULL, "probe.example.net", error);
    ck_assert_msg(config, "%s", error);
    ck_assert_str_eq(config->listeners[0].target.place.host, "probe.example.net");
    ck_assert_ptr_eq(draft_probe(config), &config->listeners[0]);
    ck_assert_str_eq(draft_proxy(config)->urls.at[0].host, "machine");
    ck_assert_uint_eq(config->listener_count, 2);
    config_unref(config);
    unlink(path);
    ck_assert_ptr_null(draft_config(&draft, NULL, "probe.example.net", error));
    unsetenv("SALLYPORT_SYSTEM_FILE");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("draft");

    tcase_add_test(cases, what_is_written_is_what_was_meant);
    tcase_add_test(cases, the_text_is_for_a_reader);
    tcase_add_test(cases, where_a_password_is_kept);
    tcase_add_test(cases, a_dollar_sign_is_one);
    tcase_add_test(cases, without_a_proxy);
    tcase_add_test(cases, a_trial_has_the_password_itself);
    tcase_add_test(cases, a_trial_without_servers_has_a_probe);
    tcase_add_test(cases, found_proxies_and_who_is_trusted);
    tcase_add_test(cases, what_is_wrong_is_said_without_a_line);
    tcase_add_test(cases, no_value_has_the_end_of_a_line);
    tcase_add_test(cases, a_probe_that_does_not_count_is_none);
    tcase_add_test(cases, a_probe_is_of_a_kind_that_is_not_final);
    tcase_add_test(cases, what_the_machine_s_file_says_is_not_written);
    return unit_run();
}
