/* SPDX-License-Identifier: ISC */
#include "proxy/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notifier.h"
#include "proxy/services.h"

#include "../stage.h"
#include "../unit.h"

/* What the linker puts in place of others: what there is to be shown comes to the test. */
void __wrap_notifier_set(struct notifier *notifier, const char *command, enum log_level level);
void __real_notifier_set(struct notifier *notifier, const char *command, enum log_level level);
void __wrap_notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text);
bool __wrap_notifier_withdraw(struct notifier *notifier, unsigned subject);

static struct services *services;
static struct config *config;
static struct notices *notices;
static unsigned told, withdrawn;
static char last[1000];   /* "title: text" */
static bool slow;         /* what is told from now on waits to be shown */
static bool waiting[NOTIFIER_SUBJECTS];
static char command[200]; /* "level:command", or "" */

void __wrap_notifier_set(struct notifier *notifier, const char *words, enum log_level level)
{
    snprintf(command, sizeof command, "%s:%s", log_level_words[level], words ? words : "");
    if (!words)
        command[0] = '\0';
    __real_notifier_set(notifier, words, level);
}

void __wrap_notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text)
{
    ck_assert_ptr_nonnull(notifier);
    ck_assert_uint_lt(subject, NOTIFIER_SUBJECTS);
    told++;
    waiting[subject] = slow;
    snprintf(last, sizeof last, "%s: %s", title, text);
}

bool __wrap_notifier_withdraw(struct notifier *notifier, unsigned subject)
{
    bool waited;

    ck_assert_ptr_nonnull(notifier);
    ck_assert_uint_lt(subject, NOTIFIER_SUBJECTS);
    waited = waiting[subject];
    withdrawn += waited;
    waiting[subject] = false;
    return waited;
}

#define FILE_TEXT \
    "[proxy]\nurl = http://a:3128 https://b:3129\n[proxy work]\nurl = http://c:3128\nfallback = direct\n" \
    "[imap]\ntarget = mail.example.net\n[smtp]\ntarget = mail.example.net\n" \
    "[imap work]\nlisten = localhost:2\ntarget = mail.example.org\nproxy = work\n" \
    "[imap home]\nlisten = localhost:3\ntarget = home.example.org\nproxy = direct\n"

static void set_up(const char *words)
{
    told = withdrawn = 0;
    slow = false;
    memset(waiting, 0, sizeof waiting);
    last[0] = '\0';
    services = stage_set_up();
    config = unit_config(FILE_TEXT);
    notices = notices_new(stage_loop());
    ck_assert_ptr_nonnull(notices);
    notices_set(notices, words);
}

static void tear_down(void)
{
    notices_free(notices);
    config_unref(config);
    stage_tear_down();
}

static const struct failure *because(const char *what)
{
    static struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "%s", what);
    return &failure;
}

static const struct endpoint *proxy(size_t section, size_t i)
{
    return &config->proxies[section].urls.at[i];
}

static void fails(const struct endpoint *at)
{
    health_failed(services->health, NULL, at, loop_now(stage_loop()), because("dead"));
}

/* A tunnel of the listener finds no way. */
static void find_no_way(const char *name)
{
    static const struct endpoint server = {.host = "mail.example.net", .port = 143};
    const struct listener_config *listener = config_listener(config, name);
    struct failure failure, why = *because("Connection refused");
    struct route route;

    failure_at(&why, "http", "a:3128");
    ck_assert(route_find(&route, listener, &server, &failure));
    notices_no_way(notices, listener, &route, services->health, loop_now(stage_loop()), &why);
}

static void answers(const char *name, const struct endpoint *at)
{
    notices_answered(notices, config_listener(config, name), at);
}

START_TEST(auto_is_notify_send_where_a_display_is)
{
    static const struct {
        const char *display, *wayland, *value, *command;
    } cases[] = {
        {NULL, NULL, "auto", ""},
        {"", "", "auto", ""},
        {":0", NULL, "auto", "debug:notify-send -a sallyport"},
        {NULL, "wayland-0", "auto", "debug:notify-send -a sallyport"},
        {":0", "wayland-0", "none", ""},
        {NULL, NULL, "show -x", "warning:show -x"},
        {":0", NULL, "show -x", "warning:show -x"},
    };

    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    if (cases[_i].display)
        setenv("DISPLAY", cases[_i].display, 1);
    if (cases[_i].wayland)
        setenv("WAYLAND_DISPLAY", cases[_i].wayland, 1);
    set_up(cases[_i].value);
    ck_assert_str_eq(command, cases[_i].command);
    tear_down();
}
END_TEST

START_TEST(a_refused_password_is_told_of_once)
{
    set_up("show");
    notices_refused(notices, proxy(0, 0), because("407 Who are you?: user and password, or ticket, were refused"));
    ck_assert_str_eq(last, "User and password are refused: http://a:3128: 407 Who are you?: user and password, or "
                           "ticket, were refused. When they are right, run `sallyport reload`.");
    for (int i = 0; i < 3; i++)
        notices_refused(notices, proxy(0, 0), because("407 again"));
    ck_assert_uint_eq(told, 1);
    notices_refused(notices, proxy(0, 1), because("407 there, too"));
    ck_assert_uint_eq(told, 2);
    tear_down();
}
END_TEST

/* By which it is told of anew. */
enum change { IS_ACCEPTED, IS_ANSWERED, IS_RELOADED, ANOTHER_IS_ACCEPTED, CHANGES };

START_TEST(a_refused_password_is_told_of_again_when_it_was_right_meanwhile)
{
    set_up("show");
    notices_refused(notices, proxy(0, 0), because("407"));
    switch ((enum change)_i) {
    case IS_ACCEPTED: notices_accepted(notices, proxy(0, 0)); break;
    case IS_ANSWERED: answers("imap", proxy(0, 0)); break;
    case IS_RELOADED: notices_set(notices, "show"); break;
    case ANOTHER_IS_ACCEPTED: case CHANGES: answers("imap", proxy(0, 1)); break;
    }
    notices_refused(notices, proxy(0, 0), because("407"));
    ck_assert_uint_eq(told, _i == ANOTHER_IS_ACCEPTED ? 1 : 2);
    tear_down();
}
END_TEST

START_TEST(a_section_is_down_when_none_of_its_proxies_is_up)
{
    set_up("show");
    find_no_way("imap"); /* such as behind 503, which makes no proxy rest */
    ck_assert_uint_eq(told, 0);
    fails(proxy(0, 0));
    find_no_way("imap");
    ck_assert_uint_eq(told, 0);
    health_sent_away(services->health, NULL, proxy(0, 1), loop_now(stage_loop()), 60, because("503"));
    find_no_way("imap");
    ck_assert_str_eq(last, "The proxy is down: No tunnel through [proxy]: http://a:3128: Connection refused");
    find_no_way("imap");
    find_no_way("smtp");
    ck_assert_uint_eq(told, 1);
    answers("smtp", proxy(0, 1));
    ck_assert_str_eq(last, "The proxy is back: Tunnels open again through [proxy].");
    answers("imap", proxy(0, 0));
    ck_assert_uint_eq(told, 2);
    find_no_way("imap"); /* both rest, as far as health knows */
    ck_assert_uint_eq(told, 3);
    tear_down();
}
END_TEST

START_TEST(each_section_has_its_own_way)
{
    set_up("show");
    fails(proxy(1, 0));
    find_no_way("imap/work");
    ck_assert_str_eq(last, "The proxy is down: No tunnel through [proxy work]: http://a:3128: Connection refused");
    answers("imap", proxy(0, 0));
    ck_assert_uint_eq(told, 1);
    answers("imap/work", NULL); /* by `fallback = direct` */
    ck_assert_str_eq(last, "The proxy is back: Tunnels open again through [proxy work].");
    ck_assert_uint_eq(told, 2);
    tear_down();
}
END_TEST

START_TEST(without_a_proxy_none_is_down)
{
    set_up("show");
    find_no_way("imap/home");
    answers("imap/home", NULL);
    ck_assert_uint_eq(told, 0);
    tear_down();
}
END_TEST

static unsigned waiting_count(void)
{
    unsigned count = 0;

    for (size_t i = 0; i < NOTIFIER_SUBJECTS; i++)
        count += waiting[i];
    return count;
}

START_TEST(what_was_over_before_it_was_shown_is_not_told)
{
    set_up("show");
    slow = true;
    fails(proxy(1, 0));
    find_no_way("imap/work");
    answers("imap/work", proxy(1, 0));
    ck_assert_uint_eq(withdrawn, 1);
    ck_assert_uint_eq(told, 1);
    notices_refused(notices, proxy(1, 0), because("407"));
    notices_accepted(notices, proxy(1, 0));
    ck_assert_uint_eq(withdrawn, 2);
    ck_assert_uint_eq(waiting_count(), 0);
    tear_down();
}
END_TEST

/* A network that is gone takes all with it. */
START_TEST(what_befalls_several_at_once_is_told_of_each)
{
    set_up("show");
    slow = true;
    for (size_t i = 0; i < 3; i++)
        fails(proxy(i / 2, i % 2));
    find_no_way("imap/work");
    find_no_way("imap");
    notices_refused(notices, proxy(0, 0), because("407"));
    notices_refused(notices, proxy(0, 1), because("407"));
    notices_question(notices, 1, "one");
    notices_question(notices, 2, "two");
    ck_assert_uint_eq(waiting_count(), 6);
    answers("imap/work", proxy(1, 0));
    notices_question(notices, 1, NULL);
    ck_assert_uint_eq(waiting_count(), 4);
    tear_down();
}
END_TEST

START_TEST(one_that_comes_and_goes_has_one_notice_that_waits)
{
    set_up("show");
    fails(proxy(1, 0));
    find_no_way("imap/work");
    slow = true;
    for (int i = 0; i < 5; i++) {
        answers("imap/work", proxy(1, 0));
        ck_assert_uint_eq(waiting_count(), 1);
        ck_assert_str_eq(last, "The proxy is back: Tunnels open again through [proxy work].");
        fails(proxy(1, 0));
        find_no_way("imap/work"); /* as it was told */
        ck_assert_uint_eq(waiting_count(), 0);
    }
    tear_down();
}
END_TEST

START_TEST(what_waits_at_a_reload_is_told_but_for_passwords)
{
    set_up("show");
    slow = true;
    fails(proxy(1, 0));
    find_no_way("imap/work");
    notices_refused(notices, proxy(0, 0), because("407"));
    notices_question(notices, 1, "one");
    notices_set(notices, "show");
    ck_assert_uint_eq(waiting_count(), 2);
    notices_set(notices, "none"); /* then nobody was told */
    notices_set(notices, "show");
    told = 0;
    find_no_way("imap/work");
    ck_assert_uint_eq(told, 1);
    tear_down();
}
END_TEST

START_TEST(a_section_that_is_down_stays_so_over_a_reload)
{
    set_up("show");
    fails(proxy(1, 0));
    find_no_way("imap/work");
    notices_set(notices, "show");
    find_no_way("imap/work");
    ck_assert_uint_eq(told, 1);
    answers("imap/work", proxy(1, 0));
    ck_assert_uint_eq(told, 2);
    tear_down();
}
END_TEST

START_TEST(troubles_have_a_bound)
{
    struct endpoint many;

    set_up("show");
    many = *proxy(0, 0);
    for (unsigned i = 0; i <= NOTICES_TROUBLES_MAX; i++) {
        many.port = (uint16_t)(1 + i);
        notices_refused(notices, &many, because("407"));
    }
    ck_assert_uint_eq(told, NOTICES_TROUBLES_MAX + 1);
    notices_refused(notices, &many, because("407"));
    many.port = 2;
    notices_refused(notices, &many, because("407"));
    ck_assert_uint_eq(told, NOTICES_TROUBLES_MAX + 1);
    many.port = 1; /* the oldest was forgotten */
    notices_refused(notices, &many, because("407"));
    ck_assert_uint_eq(told, NOTICES_TROUBLES_MAX + 2);
    tear_down();
}
END_TEST

START_TEST(a_question_is_told_with_how_to_answer_it)
{
    char text[1300];

    set_up("show");
    slow = true;
    notices_question(notices, 3, "sallyport: the proxy a wants all. Allow it?");
    ck_assert_str_eq(last, "A redirect waits for your answer: Answer it with `sallyport redirects allow 3` or `refuse "
                           "3`: sallyport: the proxy a wants all. Allow it?");
    notices_question(notices, 2, NULL);
    ck_assert_uint_eq(withdrawn, 0);
    notices_question(notices, 3, NULL);
    ck_assert_uint_eq(withdrawn, 1);
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    notices_question(notices, 4, text);
    ck_assert_ptr_nonnull(strstr(last, "`sallyport redirects allow 4` or `refuse 4`"));
    tear_down();
}
END_TEST

static void tell_all(void)
{
    notices_refused(notices, proxy(0, 0), because("407"));
    notices_accepted(notices, proxy(0, 0));
    fails(proxy(1, 0));
    find_no_way("imap/work");
    answers("imap/work", proxy(1, 0));
    notices_question(notices, 1, "text");
    notices_question(notices, 1, NULL);
}

START_TEST(off_or_not_there_they_tell_nothing)
{
    struct notices *kept;

    set_up("none");
    tell_all();
    kept = notices;
    notices = NULL;
    tell_all();
    notices = kept;
    ck_assert_uint_eq(told + withdrawn, 0);
    notices_set(notices, "show"); /* what was then is not known */
    answers("imap/work", proxy(1, 0));
    ck_assert_uint_eq(told, 0);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("notices");

    tcase_add_loop_test(cases, auto_is_notify_send_where_a_display_is, 0, 7);
    tcase_add_test(cases, a_refused_password_is_told_of_once);
    tcase_add_loop_test(cases, a_refused_password_is_told_of_again_when_it_was_right_meanwhile, 0, CHANGES);
    tcase_add_test(cases, a_section_is_down_when_none_of_its_proxies_is_up);
    tcase_add_test(cases, each_section_has_its_own_way);
    tcase_add_test(cases, without_a_proxy_none_is_down);
    tcase_add_test(cases, what_was_over_before_it_was_shown_is_not_told);
    tcase_add_test(cases, what_befalls_several_at_once_is_told_of_each);
    tcase_add_test(cases, one_that_comes_and_goes_has_one_notice_that_waits);
    tcase_add_test(cases, what_waits_at_a_reload_is_told_but_for_passwords);
    tcase_add_test(cases, a_section_that_is_down_stays_so_over_a_reload);
    tcase_add_test(cases, troubles_have_a_bound);
    tcase_add_test(cases, a_question_is_told_with_how_to_answer_it);
    tcase_add_test(cases, off_or_not_there_they_tell_nothing);
    return unit_run();
}
