/* SPDX-License-Identifier: ISC */
#include "finding/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"
#include "played.h"

#define PLACE "https://wpad.test/proxy.pac"

static char folder[] = "/tmp/sallyport-inquiry-XXXXXX", path[64]; /* of a program of the test's */
static struct services *services;
static struct config *config;
static struct source *source;
static struct inquiry *inquiry;
static unsigned told;
static enum outcome outcome;
static struct failure failure;

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/sallyport-inquiry-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/program", folder);
    services = stage_set_up();
    config = unit_config("[proxy]\nurl = http://proxy.test:3128\n[imap]\nlisten = localhost:0\ntarget = mail.test\n");
    told = 0;
}

static void tear_down(void)
{
    source_free(source);
    source = NULL;
    config_unref(config);
    stage_tear_down();
    played_clear();
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* The section's proxies are found so. */
static struct proxy_config *use(enum places_source way, const char *asked)
{
    struct value_places *urls = &config->proxies[0].urls;

    free(urls->asked);
    *urls = (struct value_places){.source = way, .asked = asked ? strdup(asked) : NULL};
    source = source_new(services->loop, services->resolver, services->curl_loop, config, &config->proxies[0]);
    ck_assert_ptr_nonnull(source);
    return &config->proxies[0];
}

/* The section asks a program, which is a script with this line. */
static void use_program(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0700), 0);
    use(PLACES_COMMAND, path);
}

static void on_done(void *arg, enum outcome how, const struct failure *why)
{
    ck_assert_ptr_eq(arg, inquiry);
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

static void start(const char *host, uint16_t port)
{
    struct endpoint target = {.port = port};

    snprintf(target.host, sizeof target.host, "%s", host);
    told = 0;
    inquiry = inquiry_start(source, &target, on_done);
    ck_assert_ptr_nonnull(inquiry);
    ck_assert_uint_eq(told, 0);
}

static void end(void)
{
    const struct endpoint target = inquiry->target;

    inquiry_free(inquiry);
    ck_assert_ptr_null(inquiry_about(source, &target));
    stage_settle();
}

/* Starts one that is answered so. */
static void expect_found(const char *host, uint16_t port, const char *said, bool kept)
{
    start(host, port);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure.what);
    ck_assert_str_eq(inquiry->found.said, said);
    ck_assert_int_eq(inquiry->kept, kept);
    ck_assert_str_eq(source->error, "");
    end();
}

/* Starts one that fails so. */
static void expect_failure(const char *host, enum outcome how, const char *where, const char *what)
{
    char whole[SOURCE_ERROR_MAX];

    start(host, 993);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, how);
    ck_assert_str_eq(failure.where, where);
    ck_assert_str_eq(failure.what, what);
    ck_assert_int_eq(failure.class, FAILURE_TEMPORARY);
    failure_format(&failure, whole, sizeof whole);
    ck_assert_str_eq(source->error, whole);
    end();
}

/* Runs one with a real program until it is told. */
static void wait_for(const char *host)
{
    start(host, 993);
    stage_wait(&told);
    ck_assert_uint_eq(told, 1);
}

/* --- a PAC file --- */

START_TEST(the_file_is_read_and_then_asked)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "function ...", 1);
    played_answer("mail.test", "PROXY proxy.test:3128; DIRECT");
    start("mail.test", 993);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_uint_eq(inquiry->found.count, 2);
    ck_assert_str_eq(inquiry->found.members[0].proxy.host, "proxy.test");
    ck_assert(inquiry->found.members[1].direct);
    ck_assert_str_eq(played_last_script(), "function ...");
    ck_assert_str_eq(played_last_url(), "https://mail.test:993/");
    ck_assert_str_eq(played_last_host(), "mail.test");
    end();
}
END_TEST

START_TEST(the_question_is_that_of_a_browser)
{
    struct proxy_config *section = use(PLACES_PAC, PLACE);

    free(section->pac_url);
    section->pac_url = strdup("http://{host}/");
    played_text(PLACE, "f", 1);
    played_answer("mail.test", "DIRECT");
    played_answer("2001:db8::1", "DIRECT");
    expect_found("MAIL.Test", 993, "DIRECT", false);
    ck_assert_str_eq(played_last_url(), "http://mail.test/");
    ck_assert_str_eq(played_last_host(), "mail.test");
    expect_found("2001:DB8::1", 993, "DIRECT", false);
    ck_assert_str_eq(played_last_url(), "http://[2001:db8::1]/");
    ck_assert_str_eq(played_last_host(), "2001:db8::1");
}
END_TEST

START_TEST(an_answer_is_kept_while_the_file_is_the_same)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    played_answer("news.test", "PROXY news.test:1");
    expect_found("mail.test", 993, "PROXY one.test:1", false);
    expect_found("mail.test", 993, "PROXY one.test:1", true);
    expect_found("mail.test", 465, "PROXY one.test:1", false);
    expect_found("news.test", 563, "PROXY news.test:1", false);
    ck_assert_uint_eq(played_questions(), 3);
    ck_assert_uint_eq(played_loads(), 1);
    ck_assert_uint_eq(played_reads(), 4); /* each time: whether it is still the same */
    played_text(PLACE, "two", 2);
    played_answer("mail.test", "PROXY two.test:2");
    expect_found("mail.test", 993, "PROXY two.test:2", false);
    ck_assert_str_eq(played_last_script(), "two");
    ck_assert_uint_eq(answers_count(source->answers), 1); /* those of the old file are forgotten */
    expect_found("mail.test", 993, "PROXY two.test:2", true);
}
END_TEST

START_TEST(an_answer_of_a_file_that_was_replaced_meanwhile_is_not_kept)
{
    struct inquiry *slow;

    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    start("mail.test", 993); /* its answer is yet to come */
    stage_settle();
    slow = inquiry;
    played_text(PLACE, "two", 2);
    played_answer("news.test", "DIRECT");
    expect_found("news.test", 563, "DIRECT", false);
    inquiry = slow;
    told = 0;
    played_answer("mail.test", "PROXY one.test:1");
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_str_eq(slow->found.said, "PROXY one.test:1");
    end();
    ck_assert_uint_eq(answers_count(source->answers), 1);
}
END_TEST

START_TEST(an_answer_that_stands_on_a_look_up_in_trouble_is_not_kept)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    played_doubt(true);
    expect_found("mail.test", 993, "PROXY one.test:1", false);
    played_doubt(false);
    expect_found("mail.test", 993, "PROXY one.test:1", false);
    expect_found("mail.test", 993, "PROXY one.test:1", true);
}
END_TEST

/* A script takes a name server that does not answer for a name that is not known, such as that of its proxy. */
START_TEST(a_look_up_in_trouble_does_not_lead_past_the_proxies)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "DIRECT");
    played_answer("news.test", "DIRECT; PROXY one.test:1; DIRECT; PROXY two.test:2");
    played_doubt(true);
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE,
                   "its DIRECT is not obeyed: a name that it looks up cannot be looked up now");
    start("news.test", 993);
    stage_settle();
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_uint_eq(inquiry->found.count, 2);
    ck_assert(!inquiry->found.members[0].direct && !inquiry->found.members[1].direct);
    ck_assert_str_eq(inquiry->found.members[1].proxy.host, "two.test");
    end();
    played_doubt(false);
    expect_found("mail.test", 993, "DIRECT", false);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_a_failure_whatever_was_kept)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "DIRECT");
    expect_found("mail.test", 993, "DIRECT", false);
    played_text(PLACE, "!404 Not Found", 0);
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE, "the PAC file cannot be read: 404 Not Found");
    played_text(PLACE, "one", 1);
    expect_found("mail.test", 993, "DIRECT", true); /* it has no error any more */
}
END_TEST

START_TEST(a_script_that_fails_is_a_failure)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "!no such function (line 3)");
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE, "the PAC file gives no answer: no such function (line 3)");
    ck_assert_uint_eq(answers_count(source->answers), 0);
}
END_TEST

START_TEST(an_answer_of_no_use_is_a_failure)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "");
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE, "its answer is of no use: it is empty");
    played_answer("mail.test", "QUIC proxy.test:443");
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE,
                   "its answer is of no use: it has no word that is known: PROXY, HTTP, HTTPS, SOCKS5 or DIRECT, as in "
                   "\"QUIC proxy.test:443\"");
    played_answer("mail.test", "PROXY me:secret@proxy.test:1");
    start("mail.test", 993);
    stage_settle();
    ck_assert_ptr_null(strstr(failure.what, "secret"));
    end();
    ck_assert_uint_eq(answers_count(source->answers), 0);
}
END_TEST

START_TEST(without_memory_it_is_our_own_failure)
{
    use(PLACES_PAC, PLACE);
    played_text(PLACE, "one", 1);
    played_lack(PLAYED_LACKS_READ);
    expect_failure("mail.test", OUTCOME_LOCAL, "", "out of memory while the proxy was looked for");
    played_lack(PLAYED_LACKS_SCRIPT);
    expect_failure("mail.test", OUTCOME_LOCAL, "", "out of memory while the proxy was looked for");
    played_lack(PLAYED_LACKS_QUESTION);
    expect_failure("mail.test", OUTCOME_PEER, "pac:" PLACE,
                   "the PAC file was not asked: too many questions wait, or there is no memory for one");
}
END_TEST

START_TEST(it_can_be_ended_at_each_step)
{
    use(PLACES_PAC, PLACE);
    start("mail.test", 993); /* before it begins */
    end();
    start("mail.test", 993); /* while the file is read */
    stage_settle();
    ck_assert_uint_eq(played_open(), 1);
    end();
    ck_assert_uint_eq(played_open(), 0);
    played_text(PLACE, "one", 1);
    start("mail.test", 993); /* while it is asked */
    stage_settle();
    ck_assert_uint_eq(played_open(), 1);
    end();
    ck_assert_uint_eq(played_open(), 0);
    ck_assert_uint_eq(told, 0);
    inquiry_free(NULL);
}
END_TEST

START_TEST(another_network_begins_it_anew)
{
    use(PLACES_PAC, PLACE);
    start("mail.test", 993);
    inquiry_again(inquiry); /* it begins yet */
    stage_settle();
    inquiry_again(inquiry); /* while the file is read */
    stage_settle();
    ck_assert_uint_eq(played_reads(), 2);
    ck_assert_uint_eq(played_open(), 1);
    played_text(PLACE, "one", 1);
    stage_settle();
    inquiry_again(inquiry); /* while it is asked */
    stage_settle();
    ck_assert_uint_eq(played_reads(), 3);
    ck_assert_uint_eq(played_questions(), 2);
    ck_assert_uint_eq(played_open(), 1);
    played_answer("mail.test", "DIRECT");
    stage_settle();
    ck_assert_uint_eq(told, 1);
    inquiry_again(inquiry); /* it is over */
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(played_reads(), 3);
    end();
    start("news.test", 563);
    stage_settle();
    played_text(PLACE, NULL, 0);
    inquiry_again(inquiry); /* while it is asked; and what was asked is asked no more when it ends */
    stage_settle();
    end();
    ck_assert_uint_eq(played_open(), 0);
}
END_TEST

START_TEST(it_is_found_by_its_target_until_it_ends)
{
    const struct endpoint same = {.host = "Mail.Test", .port = 993}, port = {.host = "mail.test", .port = 143},
                          host = {.host = "news.test", .port = 993};

    use(PLACES_PAC, PLACE);
    ck_assert_ptr_null(inquiry_about(source, &same));
    start("mail.test", 993);
    ck_assert_ptr_eq(inquiry_about(source, &same), inquiry);
    ck_assert_ptr_null(inquiry_about(source, &port));
    ck_assert_ptr_null(inquiry_about(source, &host));
    played_text(PLACE, "!gone", 1);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_null(inquiry_about(source, &same));
    end();
}
END_TEST

START_TEST(the_others_are_found_when_one_has_ended)
{
    static const char *const hosts[] = {"one.test", "two.test", "three.test"};
    static const unsigned order[] = {1, 0, 2}; /* the middle, the oldest, the newest */
    struct inquiry *all[3];

    use(PLACES_PAC, PLACE);
    for (unsigned i = 0; i < 3; i++) {
        start(hosts[i], 993);
        all[i] = inquiry;
    }
    for (unsigned i = 0; i < 3; i++) {
        inquiry = all[order[i]];
        end();
        all[order[i]] = NULL;
        for (unsigned j = 0; j < 3; j++) {
            struct endpoint target = {.port = 993};

            snprintf(target.host, sizeof target.host, "%s", hosts[j]);
            ck_assert_ptr_eq(inquiry_about(source, &target), all[j]);
        }
    }
}
END_TEST

/* --- the desktop --- */

START_TEST(the_desktop_answers_itself)
{
    use(PLACES_SYSTEM, NULL);
    played_answer("desktop", "http://proxy.test:3128");
    expect_found("mail.test", 993, "http://proxy.test:3128", false);
    expect_found("mail.test", 993, "http://proxy.test:3128", true);
    ck_assert_uint_eq(played_questions(), 1);
    ck_assert_str_eq(played_last_url(), "https://mail.test:993/");
    ck_assert_uint_eq(played_files(), 0);
    stage_advance(FINDING_KEPT_MS);
    expect_found("mail.test", 993, "http://proxy.test:3128", false);
}
END_TEST

START_TEST(the_desktop_names_a_pac_file)
{
    use(PLACES_SYSTEM, NULL);
    played_answer("desktop", "pac:" PLACE);
    played_text(PLACE, "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    expect_found("mail.test", 993, "PROXY one.test:1", false);
    ck_assert_str_eq(played_last_script(), "one");
    expect_found("mail.test", 993, "PROXY one.test:1", true);
    ck_assert_uint_eq(played_questions(), 2);
    stage_advance(FINDING_KEPT_MS);
    played_answer("desktop", "pac:/etc/two.pac");
    played_text("/etc/two.pac", "two", 1);
    played_answer("mail.test", "PROXY two.test:2");
    expect_found("mail.test", 993, "PROXY two.test:2", false);
    ck_assert_uint_eq(played_files(), 1);
}
END_TEST

START_TEST(a_pac_file_without_tls_is_not_read_unless_that_is_meant)
{
    struct proxy_config *section = use(PLACES_SYSTEM, NULL);

    played_answer("desktop", "pac:http://wpad.test/p");
    played_text("http://wpad.test/p", "one", 1);
    played_answer("mail.test", "DIRECT");
    expect_failure("mail.test", OUTCOME_PEER, "system",
                   "it names a PAC file that is not read (http://wpad.test/p): whoever is on the way can change what "
                   "comes over http; if that is meant, say `insecure = yes`");
    ck_assert_uint_eq(played_files(), 0);
    section->insecure = true;
    expect_found("mail.test", 993, "DIRECT", false);
}
END_TEST

START_TEST(a_desktop_that_cannot_be_asked_is_a_failure)
{
    use(PLACES_SYSTEM, NULL);
    played_answer("desktop", "!findproxy is not there");
    expect_failure("mail.test", OUTCOME_PEER, "system",
                   "the desktop's settings cannot be asked: findproxy is not there");
    played_answer("desktop", "");
    expect_failure("mail.test", OUTCOME_PEER, "system", "its answer is of no use: it is empty");
    played_lack(PLAYED_LACKS_QUESTION);
    expect_failure("mail.test", OUTCOME_PEER, "system",
                   "the desktop's settings were not asked: too many questions wait, or there is no memory for one");
    played_answer("desktop", "pac:/etc/one.pac");
    played_lack(PLAYED_LACKS_FILE);
    expect_failure("mail.test", OUTCOME_LOCAL, "", "out of memory while the proxy was looked for");
    source_free(source);
    use(PLACES_SYSTEM, NULL);
    played_lack(PLAYED_LACKS_HELPER);
    expect_failure("mail.test", OUTCOME_PEER, "system",
                   "the desktop's settings were not asked: too many questions wait, or there is no memory for one");
}
END_TEST

/* Two that wait while the desktop comes to another file: each gets the answer of its own. */
START_TEST(who_asks_a_file_goes_on_with_it)
{
    struct inquiry *old;

    use(PLACES_SYSTEM, NULL);
    played_answer("desktop", "pac:/etc/one.pac");
    start("mail.test", 993);
    stage_settle();
    old = inquiry;
    played_answer("desktop", "pac:/etc/two.pac");
    played_text("/etc/two.pac", "two", 1);
    played_answer("news.test", "PROXY two.test:2");
    expect_found("news.test", 563, "PROXY two.test:2", false);
    inquiry = old;
    told = 0;
    played_text("/etc/one.pac", "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_str_eq(inquiry->found.said, "PROXY one.test:1");
    ck_assert_str_eq(played_last_script(), "one");
    end();
    ck_assert_uint_eq(played_files(), 1);
    ck_assert_uint_eq(answers_count(source->answers), 1); /* the old file's is not kept */
    expect_found("news.test", 563, "PROXY two.test:2", true);
}
END_TEST

/* --- a program --- */

START_TEST(a_program_answers)
{
    use_program("echo PROXY proxy.test:1; echo https://two.test");
    wait_for("mail.test");
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_uint_eq(inquiry->found.count, 2);
    ck_assert(inquiry->found.members[1].proxy.tls);
    end();
    expect_found("mail.test", 993, "PROXY proxy.test:1; https://two.test", true);
}
END_TEST

START_TEST(a_program_gets_the_question)
{
    use_program("[ \"$*\" = https://mail.test:993/ ] && echo DIRECT");
    wait_for("Mail.test");
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    end();
}
END_TEST

START_TEST(a_program_names_a_pac_file)
{
    use_program("echo PAC:/etc/one.pac");
    played_text("/etc/one.pac", "one", 1);
    played_answer("mail.test", "PROXY one.test:1");
    wait_for("mail.test");
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_str_eq(inquiry->found.said, "PROXY one.test:1");
    end();
}
END_TEST

START_TEST(a_program_that_fails_is_a_failure)
{
    static const struct {
        const char *command, *what;
    } rows[] = {
        {"echo DIRECT; exit 4", "the program ended with status 4"},
        {"true", "its answer is of no use: it is empty"},
        {"printf pac:", "its answer is of no use: it has no word that is known: PROXY, HTTP, HTTPS, SOCKS5 or DIRECT, "
                        "as in \"pac:\""},
        {"printf 'pac:rel\\001ative'", "it names a PAC file that is not read (rel\\x01ative): a PAC file is known by "
                                        "https://HOST/PATH or by its full path"},
        {"echo pac:relative", "it names a PAC file that is not read (relative): a PAC file is known by "
                                "https://HOST/PATH or by its full path"},
        {"echo pac:https://me:secret@wpad.test/p", "it names a PAC file that is not read (not shown, as it may have a "
         "password): a PAC file is fetched without user and password: leave them out of its URL"},
        {"printf 'pac:/etc/a\\000b'", NULL},
        {"printf 'pac:https://wpad.test/a\\nDIRECT\\n'", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        use_program(rows[i].command);
        wait_for("mail.test");
        ck_assert_int_eq(outcome, OUTCOME_PEER);
        if (rows[i].what)
            ck_assert_str_eq(failure.what, rows[i].what);
        ck_assert_int_eq(strncmp(failure.where, "command:/tmp/", 13), 0);
        end();
        ck_assert_uint_eq(answers_count(source->answers), 0);
        source_free(source);
        source = NULL;
    }
}
END_TEST

START_TEST(a_program_that_is_not_there_is_our_own_failure)
{
    use(PLACES_COMMAND, "/no/such/program");
    expect_failure("mail.test", OUTCOME_LOCAL, "command:/no/such/program",
                   "cannot run /no/such/program: No such file or directory");
}
END_TEST

START_TEST(a_program_has_ten_seconds)
{
    use_program("exec sleep 100");
    start("mail.test", 993);
    stage_settle();
    stage_advance(INQUIRY_PROGRAM_MS - 1);
    ck_assert_uint_eq(told, 0);
    stage_advance(1);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert_str_eq(failure.what, "the program took too long: it has 10 s");
    end();
}
END_TEST

START_TEST(a_program_is_ended_with_its_inquiry)
{
    use_program("exec sleep 100");
    start("mail.test", 993);
    stage_settle();
    inquiry_again(inquiry); /* and another one is started */
    stage_settle();
    end();
    ck_assert_uint_eq(told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("inquiry");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_file_is_read_and_then_asked);
    tcase_add_test(cases, the_question_is_that_of_a_browser);
    tcase_add_test(cases, an_answer_is_kept_while_the_file_is_the_same);
    tcase_add_test(cases, an_answer_of_a_file_that_was_replaced_meanwhile_is_not_kept);
    tcase_add_test(cases, an_answer_that_stands_on_a_look_up_in_trouble_is_not_kept);
    tcase_add_test(cases, a_look_up_in_trouble_does_not_lead_past_the_proxies);
    tcase_add_test(cases, a_file_that_cannot_be_read_is_a_failure_whatever_was_kept);
    tcase_add_test(cases, a_script_that_fails_is_a_failure);
    tcase_add_test(cases, an_answer_of_no_use_is_a_failure);
    tcase_add_test(cases, without_memory_it_is_our_own_failure);
    tcase_add_test(cases, it_can_be_ended_at_each_step);
    tcase_add_test(cases, another_network_begins_it_anew);
    tcase_add_test(cases, it_is_found_by_its_target_until_it_ends);
    tcase_add_test(cases, the_others_are_found_when_one_has_ended);
    tcase_add_test(cases, the_desktop_answers_itself);
    tcase_add_test(cases, the_desktop_names_a_pac_file);
    tcase_add_test(cases, a_pac_file_without_tls_is_not_read_unless_that_is_meant);
    tcase_add_test(cases, a_desktop_that_cannot_be_asked_is_a_failure);
    tcase_add_test(cases, who_asks_a_file_goes_on_with_it);
    tcase_add_test(cases, a_program_answers);
    tcase_add_test(cases, a_program_gets_the_question);
    tcase_add_test(cases, a_program_names_a_pac_file);
    tcase_add_test(cases, a_program_that_fails_is_a_failure);
    tcase_add_test(cases, a_program_that_is_not_there_is_our_own_failure);
    tcase_add_test(cases, a_program_has_ten_seconds);
    tcase_add_test(cases, a_program_is_ended_with_its_inquiry);
    return unit_run();
}
