/* SPDX-License-Identifier: ISC */
#include "proxy/proxy_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* What the linker puts in place of the program's own: the proxy that was found, of that section. */
const struct proxy_config *__wrap_finder_names(const struct finder *finder, const struct endpoint *proxy);

static const struct proxy_config *finds;

const struct proxy_config *__wrap_finder_names(const struct finder *finder, const struct endpoint *proxy)
{
    ck_assert_ptr_nonnull(finder);
    return strcmp(proxy->host, "f") == 0 ? finds : NULL;
}

/* Any address will do. */
static const struct finder *finder(void)
{
    return (const struct finder *)&finds;
}

static const struct endpoint *at(const char *host)
{
    static struct endpoint proxy;

    proxy = (struct endpoint){.port = 3128};
    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    return &proxy;
}

static void set_environment(const char *url)
{
    unsetenv("IMAP_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    if (url)
        setenv("imap_proxy", url, 1);
    else
        unsetenv("imap_proxy");
}

#define LISTED "[proxy]\nurl = http://a:3128 http://b:3128\n[imap]\ntarget = m\n"

START_TEST(one_word_for_each_source)
{
    static const struct {
        const char *text, *host, *word;
    } rows[] = {
        {LISTED, "a", "file"}, {LISTED, "b", "file"}, {LISTED, "B", "file"}, {LISTED, "c", NULL}, {LISTED, "e", NULL},
        {LISTED "[proxy other]\nurl = http://c:3128\n", "c", "file"},
        {"[proxy]\nurl = environment\n[imap]\ntarget = m\n", "e", "environment"},
        {"[proxy]\nurl = environment\n[imap]\ntarget = m\n", "c", NULL},
        {"[proxy]\nurl = system\n[imap]\ntarget = m\n", "e", "environment"},
        {"[proxy]\nurl = system\n[imap]\ntarget = m\n", "f", "system"},
        {"[proxy]\nurl = pac:/x\n[imap]\ntarget = m\n", "f", "pac"},
        {"[proxy]\nurl = pac:/x\n[imap]\ntarget = m\n", "e", NULL},
        {"[proxy]\nurl = command:/bin/sh\n[imap]\ntarget = m\n", "f", "command"},
        {"[proxy]\nurl = command:/bin/sh\n[imap]\ntarget = m\n", "c", NULL},
    };

    set_environment("http://e:3128");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config *config = unit_config(rows[i].text);
        const char *word;

        finds = &config->proxies[0];
        word = proxy_source_word(config, finder(), at(rows[i].host));
        ck_assert_msg(rows[i].word ? word && strcmp(word, rows[i].word) == 0 : !word, "row %zu: %s", i, word);
        if (strcmp(rows[i].host, "f") == 0)
            ck_assert_ptr_null(proxy_source_word(config, NULL, at("f")));
        config_unref(config);
    }
    set_environment(NULL);
}
END_TEST

START_TEST(what_a_listener_names)
{
    struct config *config = unit_config(LISTED "proxy = direct\n[imap other]\nlisten = localhost:1144\ntarget = m\n");

    ck_assert(!proxy_source_names(&config->listeners[0], at("a")));
    ck_assert(proxy_source_names(&config->listeners[1], at("a")));
    ck_assert(!proxy_source_names(&config->listeners[1], at("c")));
    config_unref(config);
    set_environment("http://e:3128");
    config = unit_config("[proxy]\nurl = environment\n[imap]\ntarget = m\n[nntp]\ntarget = m\nproxy = direct\n");
    ck_assert(proxy_source_names(&config->listeners[0], at("e")));
    ck_assert(!proxy_source_names(&config->listeners[0], at("c")));
    set_environment("no:such:url");
    ck_assert(!proxy_source_names(&config->listeners[0], at("e")));
    set_environment(NULL);
    ck_assert(!proxy_source_names(&config->listeners[0], at("e")));
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_source");

    tcase_add_test(cases, one_word_for_each_source);
    tcase_add_test(cases, what_a_listener_names);
    return unit_run();
}
