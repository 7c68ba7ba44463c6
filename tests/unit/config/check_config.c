/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secrets.h"
#include "config/config_print.h"
#include "config/diagnostics.h"
#include "http/connect_request.h"

#include "../unit.h"

#define GOOD "[imap good]\ntarget = mail.example.net\nproxy = direct\n"

/* What was reported, one a line. */
struct reports {
    char text[32768];
    size_t length;
    unsigned count;
};

static void note(void *arg, const char *line)
{
    struct reports *reports = arg;

    reports->length += (size_t)snprintf(reports->text + reports->length, sizeof reports->text - reports->length,
                                        "%s%s", reports->count++ ? "\n" : "", line);
    ck_assert_uint_lt(reports->length, sizeof reports->text);
}

static struct config *parse(const char *text, size_t length, enum config_use use, struct reports *reports)
{
    char *bytes = unit_exact(text, length);
    FILE *stream = fmemopen(bytes, length, "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    memset(reports, 0, sizeof *reports);
    config = config_parse(stream, "f", use, note, reports);
    fclose(stream);
    free(bytes);
    ck_assert_msg((config != NULL) == (reports->count == 0), "a config or reports: %s", reports->text);
    return config;
}

static struct config *parse_good(const char *text)
{
    struct reports reports;
    struct config *config = parse(text, strlen(text), CONFIG_TO_CHECK, &reports);

    ck_assert_msg(config != NULL, "%s", reports.text);
    return config;
}

static char *print(const struct config *config)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(stream);
    config_print(config, stream);
    fclose(stream);
    return text;
}

/* What is printed is accepted, and printed again it is the same. */
static void assert_fixed_point(struct config *config, const char *where)
{
    char *once = print(config), *twice;
    struct reports reports;
    struct config *again = parse(once, strlen(once), CONFIG_TO_CHECK, &reports);

    ck_assert_msg(again != NULL, "%s: %s in\n%s", where, reports.text, once);
    twice = print(again);
    ck_assert_msg(strcmp(once, twice) == 0, "%s:\n%s---\n%s", where, once, twice);
    config_unref(again);
    free(once);
    free(twice);
}

/* --- the table: use, file ("@" at its end: a good listener follows), the reports --- */

static void table_row(const struct unit_cell *cells, const char *where)
{
    enum config_use use = unit_cell_is(&cells[0], "run") ? CONFIG_TO_RUN : CONFIG_TO_CHECK;
    static char text[65536];
    struct reports reports;
    struct config *config;
    size_t length = cells[1].length;

    memcpy(text, cells[1].bytes, length);
    if (length > 0 && text[length - 1] == '@') {
        memcpy(text + length - 1, GOOD, sizeof GOOD - 1);
        length += sizeof GOOD - 2;
    }
    config = parse(text, length, use, &reports);
    ck_assert_msg(unit_cell_is(&cells[2], reports.text), "%s: %s", where, reports.text);
    if (config)
        assert_fixed_point(config, where);
    config_unref(config);
}

START_TEST(what_is_accepted_and_each_error)
{
    unsetenv("imap_proxy"), unsetenv("IMAP_PROXY"), unsetenv("all_proxy"), unsetenv("ALL_PROXY");
    unit_table("config.tsv", 3, table_row);
}
END_TEST

/* Each beginning of a file is read to its end and comes to a config or to reports, without a leak. */
START_TEST(a_file_may_end_anywhere)
{
    static const char text[] = "\xef\xbb\xbf# all of it\r\n[sallyport]\r\nlog-level = debug\nidle-timeout=5m\n\n"
                               "[proxy night]\nurl = http://a.example:1\n  http://b.example:2\n ; no\n\thttp://c:3\n"
                               "user = me\npassword = a;b ; c\nheader = X-A: 1\nheader = Cookie: k\n"
                               "announce = upgrade alpn\n[imap work]\nlisten = localhost:0\n   [::1]:1143\n"
                               "target = srv:example.net\nprotocol = IMAP/4rev1\nproxy = night\n"
                               "[reverse home]\nrelay = https://r.example:1/x\ntarget = t:143\nuser = me\n"
                               "password = x\n[relay]\nlisten = localhost:1\nusers = /dev/null\npath = /a = b:1\n"
                               "path = /c = d:2\n[public]\nlisten = localhost:2\nname = b:1\nallow = ::1 10.0.0.0/8\n";

    for (size_t length = 0; length < sizeof text; length++) {
        struct reports reports;
        struct config *config = parse(text, length, CONFIG_TO_CHECK, &reports);

        if (config)
            assert_fixed_point(config, "cut");
        config_unref(config);
    }
}
END_TEST

/* --- what comes of a good file --- */

START_TEST(the_shortest_file_has_all_defaults)
{
    static const char *const lines[] = {
        "[sallyport]", "log-level = info", "log-to = stderr", "max-sessions = 4096", "resolve-timeout = 10s",
        "connect-timeout = 15s", "handshake-timeout = 30s", "greeting-timeout = 1m", "idle-timeout = 0",
        "keepalive = 2m", "same-user = yes",
        "[proxy]", "url = http://proxy.example.net:3128", "method = connect", "announce = upgrade",
        "require-switch = no", ";user =", ";password =", ";password-file =", ";password-command =", ";header =",
        "fallback = none",
        "[imap]", "listen = localhost:1143", "target = mail.example.net:143", "protocol = IMAP", ";proxy =",
    };
    struct config *config = parse_good("[proxy]\nurl = http://proxy.example.net:3128\n"
                                       "[imap]\ntarget = mail.example.net\n");
    const struct listener_config *listener = config_listener(config, "imap");
    char *text = print(config), *at = text;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) { /* each, as a whole line, in this order */
        char line[64];

        snprintf(line, sizeof line, "%s\n", lines[i]);
        for (; at && strncmp(at, line, strlen(line)) != 0; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
            continue;
        ck_assert_msg(at != NULL, "%s is missing, or not in its place, in\n%s", lines[i], text);
    }
    free(text);
    ck_assert_uint_eq(config->settings.resolve_timeout, 10000);
    ck_assert_uint_eq(config->settings.idle_timeout, 0);
    ck_assert(config->settings.same_user);
    ck_assert_str_eq(config->path, "f");
    ck_assert_ptr_nonnull(listener);
    ck_assert_ptr_eq(listener->proxy, &config->proxies[0]);
    ck_assert_str_eq(listener->token, "IMAP");
    ck_assert_str_eq(listener->scheme, "imap");
    ck_assert_int_eq(listener->line, 3);
    assert_fixed_point(config, "shortest");
    config_unref(config);
}
END_TEST

START_TEST(everything_that_can_be_set_is)
{
    struct config *config = parse_good(
        "[sallyport]\nlog-level=error\nlog-to=syslog\nmax-sessions=2k\nresolve-timeout=1\nconnect-timeout=2s\n"
        "handshake-timeout=3m\ngreeting-timeout=1h\nidle-timeout=1d\nkeepalive=90\nsame-user=no\n"
        "[proxy night]\nurl=http://a.example:1 http://b.example\n\thttp://[::1]:3\nmethod=connect-uri\n"
        "announce= new-protocol  alpn\nuser=me\npassword-command=pass show x ; true\nheader=X-A: 1\nheader=X-B:2\n"
        "fallback=direct\n[proxy day]\nurl=environment\nrequire-switch=yes\nuser = us er\npassword= p;q # r\n"
        "[forward gopher]\nlisten=127.0.0.1:7070 [::1]:0\n  localhost:7071\ntarget=gopher.example:70\n"
        "protocol=Gopher/1.0\nproxy=night\n[imap a.b_c-D]\ntarget=srv:example.net\nproxy=direct\n"
        "[managesieve]\ntarget=[2001:db8::1]\nproxy=day\n");
    const struct proxy_config *night = &config->proxies[0], *day = &config->proxies[1];
    const struct listener_config *gopher = config_listener(config, "forward/gopher"),
                                 *imap = config_listener(config, "imap/a.b_c-D"),
                                 *sieve = config_listener(config, "managesieve");

    ck_assert_uint_eq(config->settings.log_level, LEVEL_ERROR);
    ck_assert_uint_eq(config->settings.log_to, 1);
    ck_assert_uint_eq(config->settings.max_sessions, 2048);
    ck_assert_uint_eq(config->settings.resolve_timeout, 1000);
    ck_assert_uint_eq(config->settings.connect_timeout, 2000);
    ck_assert_uint_eq(config->settings.handshake_timeout, 180000);
    ck_assert_uint_eq(config->settings.greeting_timeout, 3600000);
    ck_assert_uint_eq(config->settings.idle_timeout, 86400000);
    ck_assert_uint_eq(config->settings.keepalive, 90000);
    ck_assert(!config->settings.same_user);
    ck_assert_uint_eq(config->proxy_count, 2);
    ck_assert_str_eq(night->label, "night");
    ck_assert_uint_eq(night->urls.count, 3);
    ck_assert_str_eq(night->urls.at[0].host, "a.example");
    ck_assert_uint_eq(night->urls.at[1].port, 80);
    ck_assert_str_eq(night->urls.at[2].host, "::1");
    ck_assert_str_eq(connect_method_words[night->method], "connect-uri");
    ck_assert_uint_eq(night->announce, ANNOUNCE_NEW_PROTOCOL | ANNOUNCE_ALPN);
    ck_assert_str_eq(night->password_command, "pass show x ; true");
    ck_assert_uint_eq(night->headers.count, 2);
    ck_assert_str_eq(night->headers.at[1], "X-B:2");
    ck_assert_uint_eq(night->fallback, FALLBACK_DIRECT);
    ck_assert(day->urls.source == PLACES_ENVIRONMENT);
    ck_assert(day->require_switch);
    ck_assert_str_eq(day->user, "us er");
    ck_assert_str_eq(day->password, "p;q # r");
    ck_assert_uint_eq(config->listener_count, 3);
    ck_assert_uint_eq(gopher->listen.count, 3);
    ck_assert_uint_eq(gopher->listen.at[1].port, 0);
    ck_assert_str_eq(gopher->token, "Gopher/1.0");
    ck_assert_str_eq(gopher->scheme, "gopher");
    ck_assert_ptr_eq(gopher->proxy, night);
    ck_assert(imap->target.srv);
    ck_assert_str_eq(imap->target.place.host, "example.net");
    ck_assert_ptr_null(imap->proxy);
    ck_assert_uint_eq(sieve->target.place.port, 4190);
    ck_assert_ptr_eq(sieve->proxy, day);
    ck_assert_ptr_null(config_listener(config, "imap"));
    assert_fixed_point(config, "everything");
    config_unref(config);
}
END_TEST

START_TEST(each_protocol_has_its_defaults)
{
    static const char *const sections[] = {"imap", "smtp", "submission", "nntp", "pop3", "managesieve"};

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const struct protocol *protocol = protocol_find(sections[i], strlen(sections[i]));
        const struct listener_config *listener;
        struct config *config;
        char text[128];

        snprintf(text, sizeof text, "[%s]\ntarget = mail.example.net\nproxy = direct\n", protocol->section);
        config = parse_good(text);
        listener = config_listener(config, protocol->section);
        ck_assert_str_eq(listener->token, protocol->token);
        ck_assert_uint_eq(listener->target.place.port, protocol->target_port);
        ck_assert_uint_eq(listener->listen.count, 1);
        ck_assert_str_eq(listener->listen.at[0].host, "localhost");
        ck_assert_uint_eq(listener->listen.at[0].port, protocol->listen_port);
        config_unref(config);
    }
}
END_TEST

/* --- long lines and long lists --- */

/* A value of exactly 16 KiB passes whole, a longer one does not, whatever ends it. */
START_TEST(a_value_has_at_most_16_kib)
{
    static const char *const ends[] = {"\n", "\r\n", ""};
    static char text[20000];

    for (size_t end = 0; end < 3; end++) {
        for (size_t length = 16380; length <= 16390; length++) {
            size_t at = (size_t)snprintf(text, sizeof text, GOOD "[proxy]\nurl=http://p\nuser=u\npassword=");
            struct reports reports;
            struct config *config;

            memset(text + at, 'p', length);
            at += length;
            at += (size_t)snprintf(text + at, sizeof text - at, "%s", ends[end]);
            config = parse(text, at, CONFIG_TO_CHECK, &reports);
            ck_assert_msg((config != NULL) == (length <= 16384), "%zu bytes: %s", length, reports.text);
            if (config)
                ck_assert_uint_eq(strlen(config->proxies[0].password), length);
            else
                ck_assert_msg(strstr(reports.text, "f:7: the value is longer than 16384 bytes") != NULL, "%s",
                              reports.text);
            config_unref(config);
        }
    }
}
END_TEST

/* Long values, in every key that takes free text: what is printed is accepted. */
START_TEST(long_values_are_printed_so_that_they_are_accepted)
{
    static const char *const keys[] = {"user=", "password=", "password-command=", "header=X: ", "header=Cookie: ",
                                       "url=http://", "target=", "protocol=", "listen=127.0.0.1:1\n\t"};
    static char text[40000], line[17000];

    for (size_t key = 0; key < sizeof keys / sizeof keys[0]; key++) {
        for (size_t length = 120; length <= 16384 + strcspn(keys[key], "=") + 1; length += length < 260 ? 1 : 16124) {
            bool of_listener = strchr("tpl", keys[key][0]) && !strstr(keys[key], "pass");
            size_t at = (size_t)snprintf(line, sizeof line, "%s", keys[key]), label = 0;
            struct reports reports;
            struct config *config;

            for (; at < length; at++, label++)
                line[at] = label % 50 == 49 ? '.' : 'v';
            line[at] = '\0';
            snprintf(text, sizeof text, "[proxy]\nurl=http://p\n%s%s%s\n[imap]\n%s%s\n", of_listener ? "" : line,
                     strstr(line, "password") ? "\nuser=u" : "", strstr(line, "user=") ? "\npassword=p" : "",
                     of_listener ? line : "", strstr(line, "target=") ? "" : "\ntarget=t");
            if (strstr(line, "url="))
                snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\ntarget=t\n", line);
            config = parse(text, strlen(text), CONFIG_TO_CHECK, &reports);
            if (config)
                assert_fixed_point(config, "a long line");
            else /* a token, an address and a name have limits of their own */
                ck_assert_msg(strstr(line, "protocol=") || strstr(line, "listen=") ||
                                  (length > 240 && (strstr(line, "url=") || strstr(line, "target="))), "%s",
                              reports.text);
            config_unref(config);
        }
    }
}
END_TEST

/* Each key that takes a list takes it in as many lines as one likes; what is printed is accepted. */
START_TEST(each_list_goes_on_in_indented_lines)
{
    static const char text[] = "[proxy]\nurl = http://p:1\n http://p:2\nannounce = alpn\n\tnew-protocol upgrade\n"
                               "header = X-A: 1\n  X-B: 2\nheader = X-C: a = b\n  X-D: 4\n"
                               "[imap]\ntarget = t\nlisten = 127.0.0.1:1\n 127.0.0.1:2\n";
    struct reports reports;
    struct config *config = parse(text, sizeof text - 1, CONFIG_TO_CHECK, &reports);

    ck_assert_msg(config != NULL, "%s", reports.text);
    ck_assert_uint_eq(config->proxies[0].urls.count, 2);
    ck_assert_uint_eq(config->proxies[0].announce, ANNOUNCE_UPGRADE | ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL);
    ck_assert_uint_eq(config->proxies[0].headers.count, 4);
    ck_assert_str_eq(config->proxies[0].headers.at[1], "X-B: 2");
    ck_assert_str_eq(config->proxies[0].headers.at[3], "X-D: 4");
    ck_assert_uint_eq(config->listeners[0].listen.count, 2);
    assert_fixed_point(config, text);
    config_unref(config);
}
END_TEST

/* The section that ends with an indented line gets its defaults like any other. */
START_TEST(an_indented_line_does_not_reach_the_next_section)
{
    static const char text[] = "[proxy]\nurl = http://p:1\n http://p:2\n[imap]\ntarget = t\n[pop3]\ntarget = t\n";
    struct reports reports;
    struct config *config = parse(text, sizeof text - 1, CONFIG_TO_CHECK, &reports);

    ck_assert_msg(config != NULL, "%s", reports.text);
    ck_assert_str_eq(config->listeners[0].token, "IMAP");
    config_unref(config);
}
END_TEST

START_TEST(long_lists_are_printed_so_that_they_are_accepted)
{
    char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "[imap]\ntarget = t\nproxy = p\nlisten =");
    struct config *config;

    for (unsigned i = 0; i < VALUE_LIST_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " [2001:db8:1111:2222:3333:4444:5555:%x]:65535\n ",
                               0x1000 + i);
    at += (size_t)snprintf(text + at, sizeof text - at, "\n[proxy p]\nurl = http://p:1");
    for (unsigned i = 2; i <= VALUE_LIST_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%shttp://p:%u", i % 9 ? " " : "\n\t", i);
    for (unsigned i = 0; i < VALUE_LIST_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "\nheader = X-%u: %u", i, i);
    ck_assert_uint_lt(at + 2, sizeof text);
    config = parse_good(text);
    ck_assert_uint_eq(config->listeners[0].listen.count, VALUE_LIST_MAX);
    ck_assert_uint_eq(config->proxies[0].urls.count, VALUE_LIST_MAX);
    ck_assert_uint_eq(config->proxies[0].headers.count, VALUE_LIST_MAX);
    assert_fixed_point(config, "lists");
    config_unref(config);
}
END_TEST

static void too_many(const char *start, const char *format, const char *end, const char *report)
{
    char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", start);
    struct reports reports;

    for (unsigned i = 1; i <= VALUE_LIST_MAX + 1; i++) {
        const char *mark = strchr(format, '#');

        at += (size_t)snprintf(text + at, sizeof text - at, "%.*s%u%s", (int)(mark - format), format, i, mark + 1);
    }
    snprintf(text + at, sizeof text - at, "%s", end);
    ck_assert_ptr_null(parse(text, strlen(text), CONFIG_TO_CHECK, &reports));
    ck_assert_msg(strstr(reports.text, report) != NULL, "%s", reports.text);
    ck_assert_uint_eq(reports.count, 1);
}

START_TEST(a_list_has_at_most_32_members)
{
    too_many("[imap]\ntarget = t\nproxy = direct\nlisten =", " localhost:#\n", "", "listen: more than 32");
    too_many("[imap]\ntarget = t\n[proxy]\nurl =", " http://p:#\n", "", "url: more than 32");
    too_many("[imap]\ntarget = t\n[proxy]\nurl = http://p\n", "header = X: #\n", "", "header: more than 32");
}
END_TEST

/* --- many errors and many sections --- */

START_TEST(at_most_100_errors_are_told_and_the_rest_counted)
{
    for (unsigned bad = DIAGNOSTICS_MAX - 1; bad <= DIAGNOSTICS_MAX + 50; bad++) {
        char *text = malloc(bad * 8 + sizeof GOOD);
        size_t at = (size_t)snprintf(text, sizeof GOOD, "%s", GOOD);
        struct reports reports;
        char last[64];

        for (unsigned i = 0; i < bad; i++)
            at += (size_t)snprintf(text + at, 8, "k%u=v\n", i % 100);
        ck_assert_ptr_null(parse(text, at, CONFIG_TO_CHECK, &reports));
        snprintf(last, sizeof last, "%u more errors", bad - DIAGNOSTICS_MAX);
        if (bad <= DIAGNOSTICS_MAX)
            ck_assert_uint_eq(reports.count, bad);
        else
            ck_assert_uint_eq(reports.count, DIAGNOSTICS_MAX + 1);
        ck_assert_msg((strstr(reports.text, last) != NULL) == (bad > DIAGNOSTICS_MAX), "%s", reports.text);
        free(text);
    }
}
END_TEST

START_TEST(as_many_sections_as_fit)
{
    for (unsigned count = CONFIG_SECTIONS_MAX; count <= CONFIG_SECTIONS_MAX + 1; count++) {
        size_t size = (size_t)count * 100, at = 0;
        char *text = malloc(size);
        struct reports reports;
        struct config *config;

        for (unsigned i = 0; i < count; i++)
            at += (size_t)snprintf(text + at, size - at, "[proxy %u]\nurl=http://p\n[imap %u]\ntarget=t\n"
                                   "proxy=%u\nlisten=localhost:%u\n", i, i, i, 1000 + i);
        config = parse(text, at, CONFIG_TO_CHECK, &reports);
        ck_assert((config != NULL) == (count <= CONFIG_SECTIONS_MAX));
        if (config) {
            ck_assert_uint_eq(config->listener_count, CONFIG_SECTIONS_MAX);
            for (unsigned i = 0; i < count; i++) /* the table has moved while it grew */
                ck_assert_ptr_eq(config->listeners[i].proxy, &config->proxies[i]);
        }
        config_unref(config);
        free(text);
    }
}
END_TEST

/* --- secrets --- */

START_TEST(no_secret_is_printed)
{
    struct config *config = parse_good(GOOD "[proxy w]\nurl=http://p\nuser=me\npassword=hunter2\n"
                                            "[proxy]\nurl=http://p\nheader=Cookie: hunter3\n"
                                            "header=proxy-authorization: hunter4\nheader=AUTHORIZATION: hunter5\n"
                                            "header=X-Cookie: shown\n");
    char *text = print(config);

    ck_assert_ptr_null(strstr(text, "hunter"));
    ck_assert_ptr_nonnull(strstr(text, "\npassword = ********\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nheader = Cookie: ********\nheader = proxy-authorization: ********\n"
                                       "header = AUTHORIZATION: ********\nheader = X-Cookie: shown\n"));
    free(text);
    assert_fixed_point(config, "secrets");
    config_unref(config);
}
END_TEST

/* No report shows a value that is a secret, even of a line that is wrong. */
START_TEST(no_secret_is_reported)
{
    static const char *const lines[] = {"password=hunter2\npassword=hunter3", "  hunter2", "password = hunter2\x01",
                                        "header = Cookie\thunter2", "user = hunter:2\npassword=hunter"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct reports reports;
        char text[256];

        snprintf(text, sizeof text, "[proxy]\nurl=http://p\n%s\n", lines[i]);
        ck_assert_ptr_null(parse(text, strlen(text), CONFIG_TO_RUN, &reports));
        ck_assert_msg(!strstr(reports.text, "hunter"), "%s", reports.text);
    }
}
END_TEST

/* Parses a file of this mode, with this text. */
static struct config *load(const char *text, mode_t mode, enum config_use use, struct reports *reports)
{
    char path[] = "/tmp/sallyport-check-XXXXXX";
    int fd = mkstemp(path);
    struct config *config;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    memset(reports, 0, sizeof *reports);
    config = config_load(path, use, note, reports);
    if (config)
        ck_assert_str_eq(config->path, path);
    unlink(path);
    return config;
}

START_TEST(a_file_with_a_secret_is_private)
{
    static const struct {
        const char *lines;
        bool secret;
    } rows[] = {
        {"user=u\npassword=x\n", true}, {"header=Cookie: x\n", true}, {"header=Authorization: x\n", true},
        {"header=X-Cookie: x\n", false}, {"user=u\npassword-command=echo x\n", false}, {"", false},
        {"user=u\npassword=********\n", false}, {"header=Cookie: ********\n", false},
    };
    static const mode_t modes[] = {0600, 0400, 0640, 0604, 0644, 0620, 0601};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < sizeof modes / sizeof modes[0]; j++) {
            struct reports reports;
            struct config *config;
            char text[256];
            bool good = !rows[i].secret || !(modes[j] & 077);

            snprintf(text, sizeof text, GOOD "[proxy]\nurl=http://p\n%s", rows[i].lines);
            config = load(text, modes[j], CONFIG_TO_CHECK, &reports);
            ck_assert_msg((config != NULL) == good, "%s mode %o: %s", text, (unsigned)modes[j], reports.text);
            if (!config)
                ck_assert_ptr_nonnull(strstr(reports.text, "chmod 600"));
            config_unref(config);
        }
    }
}
END_TEST

START_TEST(the_mask_is_no_password)
{
    static const char *const lines[] = {"user=u\npassword=********\n", "header=Cookie: ********\n",
                                        "header=proxy-authorization:********\n"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct reports reports;
        struct config *config;
        char text[256];

        snprintf(text, sizeof text, GOOD "[proxy]\nurl=http://p\n%s", lines[i]);
        config = load(text, 0644, CONFIG_TO_CHECK, &reports);
        ck_assert_msg(config != NULL, "%s", reports.text);
        config_unref(config);
        ck_assert_ptr_null(load(text, 0600, CONFIG_TO_RUN, &reports));
        ck_assert_msg(strstr(reports.text, "mask") != NULL, "%s", reports.text);
    }
}
END_TEST

/* A password-file is looked at when the configuration is read, as ssh looks at its keys. */
START_TEST(a_password_file_is_absolute_there_and_private)
{
    static const struct {
        mode_t mode;
        const char *report; /* NULL: fine */
    } rows[] = {{0600, NULL}, {0400, NULL}, {0644, "chmod 600"}, {0640, "chmod 600"}, {0602, "chmod 600"}};
    char path[] = "/tmp/sallyport-check-XXXXXX", text[512];
    int fd = mkstemp(path);
    struct reports reports;

    ck_assert_int_ge(fd, 0);
    snprintf(text, sizeof text, GOOD "[proxy]\nurl=http://p\nuser=u\npassword-file = %s\n", path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config *config;

        ck_assert_int_eq(fchmod(fd, rows[i].mode), 0);
        config = parse(text, strlen(text), CONFIG_TO_CHECK, &reports);
        ck_assert_msg((config != NULL) == !rows[i].report, "mode %o: %s", (unsigned)rows[i].mode, reports.text);
        if (rows[i].report)
            ck_assert_msg(strstr(reports.text, "f:7: password-file") && strstr(reports.text, rows[i].report), "%s",
                          reports.text);
        config_unref(config);
    }
    close(fd);
    unlink(path);
    ck_assert_ptr_null(parse(text, strlen(text), CONFIG_TO_CHECK, &reports));
    ck_assert_ptr_nonnull(strstr(reports.text, "No such file"));
}
END_TEST

/* --- files that cannot be read, and the environment --- */

START_TEST(what_is_no_file_is_said_to_be_none)
{
    static const struct {
        const char *path, *report;
    } rows[] = {{"/nonexistent/sallyport.ini", "/nonexistent/sallyport.ini: No such file or directory"},
                {"/tmp", "/tmp: cannot be read: Is a directory"}};

    for (size_t i = 0; i < 2; i++) {
        struct reports reports = {.count = 0};

        ck_assert_ptr_null(config_load(rows[i].path, CONFIG_TO_CHECK, note, &reports));
        ck_assert_str_eq(reports.text, rows[i].report);
    }
}
END_TEST

START_TEST(an_environment_without_a_proxy_is_told_at_start)
{
    static const char text[] = "[proxy]\nurl = environment\n[imap]\ntarget = t\n";
    static const char *const names[] = {"imap_proxy", "IMAP_PROXY", "all_proxy", "ALL_PROXY"};
    struct reports reports;
    struct config *config;

    for (size_t i = 0; i < 4; i++)
        unsetenv(names[i]);
    config = parse(text, sizeof text - 1, CONFIG_TO_CHECK, &reports);
    ck_assert_ptr_nonnull(config); /* the file is fine wherever it is looked at */
    config_unref(config);
    for (size_t i = 0; i <= 4; i++) {
        ck_assert_ptr_null(parse(text, sizeof text - 1, CONFIG_TO_RUN, &reports));
        ck_assert_str_eq(reports.text, "f:3: url = environment, but neither imap_proxy nor all_proxy is set; "
                                       "set imap_proxy or all_proxy to http://host:port");
        if (i == 4)
            break;
        setenv(names[i], "http://p:1", 1);
        config = parse(text, sizeof text - 1, CONFIG_TO_RUN, &reports);
        ck_assert_msg(config != NULL, "%s: %s", names[i], reports.text);
        config_unref(config);
        setenv(names[i], "", 1); /* empty is unset, and is the next row's start */
    }
}
END_TEST

START_TEST(references_are_counted)
{
    struct config *config = parse_good(GOOD);

    ck_assert_ptr_eq(config_ref(config), config);
    config_unref(config);
    ck_assert_str_eq(config->listeners[0].name, "imap/good");
    config_unref(config);
    config_unref(NULL);
}
END_TEST

/* --- variables --- */

START_TEST(variables_stand_in_paths_and_users)
{
    const struct passwd *entry = getpwuid(getuid());
    struct reports reports;
    struct config *config;
    char *text, expected[300];
    static const char bad[] = GOOD "[proxy]\nurl=http://p\nuser=$user\npassword-file=/x/$\nca-file=$PATH/x\n"
                              "[sallyport]\ncontrol=$FOO/x\n";

    ck_assert_ptr_nonnull(entry);
    config = parse_good(GOOD "[proxy]\nurl=http://p\nuser=CORP\\$USER$$\npassword-command=cat $HOME/$x\n"
                        "header=X: $HOME\n");
    snprintf(expected, sizeof expected, "CORP\\%s$", entry->pw_name);
    ck_assert_str_eq(config->proxies[0].user, expected);
    ck_assert_str_eq(config->proxies[0].password_command, "cat $HOME/$x"); /* the shell's */
    ck_assert_str_eq(config->proxies[0].headers.at[0], "X: $HOME");
    text = print(config);
    snprintf(expected, sizeof expected, "\nuser = CORP\\%s$$\n", entry->pw_name);
    ck_assert_ptr_nonnull(strstr(text, expected));
    free(text);
    assert_fixed_point(config, "variables");
    config_unref(config);
    ck_assert_ptr_null(parse(bad, sizeof bad - 1, CONFIG_TO_CHECK, &reports));
    ck_assert_uint_eq(reports.count, 4);
    ck_assert_ptr_nonnull(strstr(reports.text, ": control: a $ stands before USER, HOME or XDG_RUNTIME_DIR"));
    ck_assert_ptr_nonnull(strstr(reports.text, "f:6: user: a $ stands before USER, HOME or XDG_RUNTIME_DIR; for one "
                                               "that is meant, write $$\nf:7: password-file: a $"));
}
END_TEST

/* --- several files --- */

START_TEST(a_secret_is_looked_for_in_each_file)
{
    char folder[] = "/tmp/check_config-XXXXXX", user[100], system[100], expected[500];
    struct reports reports = {.count = 0};
    static const char *const texts[] = {"[sallyport]\ninclude=system\n" GOOD "[proxy]\nuser=u\npassword=x\n",
                                        "[proxy]\nurl=http://p\nheader=Cookie: y\n"};
    const char *const paths[] = {user, system};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(user, sizeof user, "%s/user.ini", folder);
    snprintf(system, sizeof system, "%s/system.ini", folder);
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "w");

        fputs(texts[i], file);
        fchmod(fileno(file), 0644);
        fclose(file);
    }
    setenv("SALLYPORT_SYSTEM_FILE", system, 1);
    ck_assert_ptr_null(config_load(user, CONFIG_TO_CHECK, note, &reports));
    snprintf(expected, sizeof expected, "%s:8: the file has a secret in it and others can read it: run `chmod 600` on "
             "it\n%s:3: the file has a secret in it and others can read it: run `chmod 600` on it", user, system);
    ck_assert_str_eq(reports.text, expected);
    ck_assert_int_eq(chmod(user, 0600), 0);
    ck_assert_ptr_null(config_load(user, CONFIG_TO_CHECK, note, memset(&reports, 0, sizeof reports)));
    ck_assert_ptr_nonnull(strstr(reports.text, "/system.ini:3: the file has a secret"));
    ck_assert_uint_eq(reports.count, 1);
    ck_assert_int_eq(chmod(system, 0600), 0);
    config_unref(config_load(user, CONFIG_TO_CHECK, note, memset(&reports, 0, sizeof reports)));
    ck_assert_str_eq(reports.text, "");
    unlink(user);
    unlink(system);
    rmdir(folder);
}
END_TEST

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fchmod(fileno(file), 0600), 0);
    fclose(file);
}

/* Beneath the file of a user who has not asked for it, the machine's is tried, and left out where it has errors. */
START_TEST(a_machine_s_file_with_errors_does_not_count)
{
    static const char *const bad[] = {"[sallyport]\nfnal = proxy\n", "[sallyport]\nlog-level = x\n", "[imao]\n",
                                      "[proxy]\nurl = htp://s\n", "[proxy]\nuser = $\n", "[proxy a b]\n",
                                      "[proxy]\npassword = a\npassword = b\n"};
    static const char *const other[] = {"[proxy]\nuser = s\n", "[proxy]\npassword = hold-me\n", ""};
    char folder[] = "/tmp/check_config-XXXXXX", user[100], system[100], small[100], said[64];
    static const char *const made[] = {"sallyport", "m", "m/sallyport", "m/sallyport/conf.d"};
    struct reports reports = {.count = 0};
    struct config *before, *config;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_CONFIG_HOME", folder, 1);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(small, sizeof small, "%s/%s", folder, made[i]);
        ck_assert_int_eq(mkdir(small, 0700), 0);
    }
    snprintf(system, sizeof system, "%s/m/sallyport/sallyport.ini", folder);
    snprintf(small, sizeof small, "%s/m/sallyport/conf.d/a.ini", folder);
    snprintf(user, sizeof user, "%s/sallyport/sallyport.ini", folder);
    setenv("SALLYPORT_SYSTEM_FILE", system, 1);
    put(system, "[sallyport]\nfinal = redirects\n");
    put(user, GOOD "[proxy]\nurl = http://u\nuser = me\npassword = hold-me\n");
    before = config_load(user, CONFIG_TO_RUN, note, &reports);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(small, bad[i]);
        ck_assert_ptr_nonnull(config = config_load(user, CONFIG_TO_CHECK, note, &reports));
        ck_assert_uint_eq(config->sources.count, 2);
        config_unref(config);
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        put(small, other[i]);
        ck_assert_ptr_nonnull(config = config_load(user, CONFIG_TO_RUN, note, &reports));
        ck_assert_uint_eq(config->sources.count, 3);
        config_unref(config);
    }
    ck_assert_uint_eq(reports.count, 0);
    snprintf(said, sizeof said, "hold-me");
    secrets_withhold(said); /* it is held still, by the one that is there */
    ck_assert_ptr_null(strstr(said, "hold-me"));
    put(system, "[sallyport]\nfinal = proxy\nbogus = 1\n[proxy]\nurl = http://s\n"); /* that cannot be obeyed */
    ck_assert_ptr_null(config_load(user, CONFIG_TO_RUN, note, &reports));
    ck_assert_ptr_nonnull(strstr(reports.text, "m/sallyport/sallyport.ini:3: unknown key `bogus` in [sallyport]"));
    ck_assert_uint_eq(reports.count, 1);
    config_unref(before);
    unit_remove(folder);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config");

    tcase_add_test(cases, what_is_accepted_and_each_error);
    tcase_add_test(cases, a_file_may_end_anywhere);
    tcase_add_test(cases, the_shortest_file_has_all_defaults);
    tcase_add_test(cases, everything_that_can_be_set_is);
    tcase_add_test(cases, each_protocol_has_its_defaults);
    tcase_add_test(cases, a_value_has_at_most_16_kib);
    tcase_add_test(cases, each_list_goes_on_in_indented_lines);
    tcase_add_test(cases, an_indented_line_does_not_reach_the_next_section);
    tcase_add_test(cases, long_values_are_printed_so_that_they_are_accepted);
    tcase_add_test(cases, long_lists_are_printed_so_that_they_are_accepted);
    tcase_add_test(cases, a_list_has_at_most_32_members);
    tcase_add_test(cases, at_most_100_errors_are_told_and_the_rest_counted);
    tcase_add_test(cases, as_many_sections_as_fit);
    tcase_add_test(cases, no_secret_is_printed);
    tcase_add_test(cases, no_secret_is_reported);
    tcase_add_test(cases, a_file_with_a_secret_is_private);
    tcase_add_test(cases, the_mask_is_no_password);
    tcase_add_test(cases, a_password_file_is_absolute_there_and_private);
    tcase_add_test(cases, what_is_no_file_is_said_to_be_none);
    tcase_add_test(cases, an_environment_without_a_proxy_is_told_at_start);
    tcase_add_test(cases, references_are_counted);
    tcase_add_test(cases, variables_stand_in_paths_and_users);
    tcase_add_test(cases, a_secret_is_looked_for_in_each_file);
    tcase_add_test(cases, a_machine_s_file_with_errors_does_not_count);
    return unit_run();
}
