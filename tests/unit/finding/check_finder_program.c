/* SPDX-License-Identifier: ISC */
#include "finding/finder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "finding/helper.h"
#include "finding/pac_file.h"

#include "../stage.h"
#include "../unit.h"

/* The finder with all its parts: a file on the disk, and the true findproxy. */

#define FRESH_QUESTIONS 200u
#define FRESH_US_MAX 100000 /* it is to be less than 1000; sanitizers, valgrind and a busy machine are slow */

static char folder[] = "/tmp/sallyport-finder-XXXXXX", path[64];
static struct services *services;
static struct config *config;
static struct finder *finder;
static struct finding *finding;
static unsigned told;
static enum outcome outcome;
static struct failure failure;

/* What the linker puts in place of the program's own: the helper is the one that was built. */
struct helper *__wrap_helper_new(const struct helper_params *params);
struct helper *__real_helper_new(const struct helper_params *params);

struct helper *__wrap_helper_new(const struct helper_params *params)
{
    struct helper_params built = *params;

    built.program = FINDPROXY;
    return __real_helper_new(&built);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    char text[300];

    snprintf(folder, sizeof folder, "/tmp/sallyport-finder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/proxy.pac", folder);
    snprintf(text, sizeof text, "[proxy]\nurl = pac:%s\n[imap]\nlisten = localhost:0\ntarget = mail.test\n", path);
    log_setup(LEVEL_ERROR, false, false);
    write_file("nothing yet");
    services = stage_set_up();
    config = unit_config(text);
    finder = finder_new(services->loop, services->resolver, services->curl_loop);
    finder_keep(finder, config);
}

static void tear_down(void)
{
    finding_free(finding);
    finding = NULL;
    stage_settle();
    finder_free(finder);
    config_unref(config);
    stage_await_children();
    stage_tear_down();
    unit_no_child_left();
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void on_done(void *arg, enum outcome how, const struct failure *why)
{
    ck_assert_ptr_eq(arg, finder);
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

static void find(const char *host)
{
    struct endpoint target = {.port = 993};
    const struct finding_params params = {
        .finder = finder,
        .config = config,
        .section = &config->proxies[0],
        .scheme = "imap",
        .target = &target,
        .done = on_done,
        .arg = finder,
    };

    snprintf(target.host, sizeof target.host, "%s", host);
    finding_free(finding);
    told = 0;
    finding = finding_start(&params);
    ck_assert_ptr_nonnull(finding);
    stage_wait(&told);
    ck_assert_uint_eq(told, 1);
}

static void expect(const char *host, const char *said, bool kept)
{
    find(host);
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure.what);
    ck_assert_str_eq(finding_found(finding)->said, said);
    ck_assert_int_eq(finding_was_kept(finding), kept);
}

START_TEST(a_file_decides_until_it_changes)
{
    write_file("function FindProxyForURL(url, host) { return 'PROXY ' + host + ':1'; }\n");
    expect("Mail.test", "PROXY mail.test:1", false);
    expect("mail.test", "PROXY mail.test:1", true);
    stage_advance(PAC_FILE_LOOK_MS);
    write_file("function FindProxyForURL(url, host) { return 'HTTPS ' + host + '; DIRECT'; }\n");
    expect("mail.test", "HTTPS mail.test; DIRECT", false);
    ck_assert_uint_eq(finding_found(finding)->count, 2);
    ck_assert(finding_found(finding)->members[0].proxy.tls);
    expect("mail.test", "HTTPS mail.test; DIRECT", true);
}
END_TEST

START_TEST(another_network_asks_anew)
{
    stage_name("mail.test", "10.1.2.3");
    write_file("function FindProxyForURL(url, host) {\n"
               "  return isInNet(host, '10.0.0.0', '255.0.0.0') ? 'PROXY inner.test:1' : 'PROXY outer.test:1';\n"
               "}\n");
    expect("mail.test", "PROXY inner.test:1", false);
    stage_name("mail.test", "192.0.2.7");
    expect("mail.test", "PROXY inner.test:1", true);
    finder_renew(finder);
    expect("mail.test", "PROXY outer.test:1", false);
}
END_TEST

START_TEST(what_is_wrong_is_told_and_the_next_one_may_be_right)
{
    static const struct {
        const char *script, *what;
    } rows[] = {
        {"", "the PAC file cannot be read: "},
        {"function Other() {}", "the PAC file gives no answer: "},
        {"function FindProxyForURL(u, h) { return gone.by; }", "the PAC file gives no answer: "},
        {"function FindProxyForURL(u, h) { return null; }", "the PAC file gives no answer: "},
        {"function FindProxyForURL(u, h) { return ''; }", "its answer is of no use: it is empty"},
        {"function FindProxyForURL(u, h) { return 'SOCKS old.test:1'; }", "its answer is of no use: "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file(rows[i].script);
        find("mail.test");
        ck_assert_int_eq(outcome, OUTCOME_PEER);
        ck_assert_msg(strncmp(failure.what, rows[i].what, strlen(rows[i].what)) == 0, "%s", failure.what);
        ck_assert_ptr_nonnull(strstr(failure.where, path));
    }
    write_file("function FindProxyForURL(u, h) { return 'DIRECT'; }");
    expect("mail.test", "DIRECT", false);
}
END_TEST

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

START_TEST(a_fresh_answer_is_quick)
{
    char host[40];
    double before, each;

    write_file("function FindProxyForURL(url, host) {\n"
               "  if (dnsDomainIs(host, '.example.net') || shExpMatch(host, '*.local')) return 'DIRECT';\n"
               "  return 'PROXY proxy.test:3128';\n"
               "}\n");
    find("mail.test"); /* the helper is started */
    before = now_us();
    for (unsigned i = 0; i < FRESH_QUESTIONS; i++) {
        snprintf(host, sizeof host, "host%u.test", i);
        find(host);
        ck_assert(!finding_was_kept(finding));
    }
    each = (now_us() - before) / FRESH_QUESTIONS;
    printf("a fresh answer takes %.0f us\n", each);
    ck_assert_msg(each < FRESH_US_MAX, "%.0f us", each);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("finder_program");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_file_decides_until_it_changes);
    tcase_add_test(cases, another_network_asks_anew);
    tcase_add_test(cases, what_is_wrong_is_told_and_the_next_one_may_be_right);
    tcase_add_test(cases, a_fresh_answer_is_quick);
    return unit_run();
}
