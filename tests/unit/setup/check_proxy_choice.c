/* SPDX-License-Identifier: ISC */
#include "setup/proxy_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "../unit.h"
#include "asked.h"
#include "setup/desktop_guess.h"
#include "setup/proxy_trial.h"

struct proxy_trial *__wrap_proxy_trial_start(const struct proxy_trial_params *params);
void __wrap_proxy_trial_free(struct proxy_trial *trial);
bool __wrap_desktop_guess_make(const struct services *services, const char *host, char url[ENDPOINT_URL_MAX]);

static struct asked asked;
static const char *desktop; /* the proxy that it names, or NULL */

/* --- the proxy: fred may use it with "open sesame", and the port says the rest --- */

enum { NEVER = 1, OPEN = 2, LOGIN = 3, ANSWERS = 4 };

static struct {
    struct proxy_trial_params params;
    struct deferred turn;
} trial;

static enum proxy_verdict verdict_of(const struct proxy_config *section)
{
    if (places_are_found(&section->urls))
        return section->user && section->trusted.count == 1 ? PROXY_LEADS : PROXY_WANTS_LOGIN;
    switch (section->urls.at[0].port) {
    case OPEN: return PROXY_LEADS;
    case ANSWERS: return PROXY_ANSWERS;
    case LOGIN: break;
    default: return PROXY_FAILS;
    }
    if (!section->user)
        return PROXY_WANTS_LOGIN;
    if (section->password_command)
        return strcmp(section->password_command, "fail") == 0 ? PROXY_LACKS_PASSWORD :
               strcmp(section->password_command, "print it") == 0 ? PROXY_LEADS : PROXY_REFUSES_LOGIN;
    return section->password && strcmp(section->password, "open sesame") == 0 ? PROXY_LEADS : PROXY_REFUSES_LOGIN;
}

static void tell(struct deferred *turn)
{
    enum proxy_verdict verdict = verdict_of(&trial.params.config->proxies[0]);
    struct failure failure;

    (void)turn;
    failure_set(&failure, FAILURE_PERMANENT, "its reason");
    failure_at(&failure, "http", "found.example.net:3128");
    trial.params.done(trial.params.arg, verdict, verdict == PROXY_LEADS ? NULL : &failure);
}

struct proxy_trial *__wrap_proxy_trial_start(const struct proxy_trial_params *params)
{
    trial.params = *params;
    loop_defer(params->services->loop, &trial.turn, tell);
    return (struct proxy_trial *)&trial;
}

void __wrap_proxy_trial_free(struct proxy_trial *freed)
{
    (void)freed;
}

bool __wrap_desktop_guess_make(const struct services *services, const char *host, char url[ENDPOINT_URL_MAX])
{
    (void)services, (void)host;
    if (desktop)
        snprintf(url, ENDPOINT_URL_MAX, "%s", desktop);
    return desktop;
}

/* --- what was chosen --- */

static void print(const struct desk *desk, FILE *told)
{
    static const char *const keepings[] = {"none", "file", "command", "ask"};
    const struct draft *draft = &desk->draft;

    fprintf(told, "url=%s%s user=%s keeping=%s kept=%s trusted=%s password=%s\n", draft->url,
            draft->extends ? " extends" : "", draft->user,
            keepings[draft->keeping], draft->kept, draft->trusted, desk->password);
}

static const char *given;  /* --proxy */
static const char *output; /* --output; NULL: another one than is usual */

static int choose(struct desk *desk, FILE *told)
{
    int status;

    snprintf(desk->output, sizeof desk->output, "%s", output ? output : "/etc/sallyport.ini");
    status = proxy_choice_make(desk, given);
    if (status == EX_OK)
        print(desk, told);
    return status;
}

static void start(const char *variable)
{
    static const char *const names[] = {"imap_proxy", "submission_proxy", "all_proxy", "https_proxy", "http_proxy",
                                        "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    if (variable)
        setenv("https_proxy", variable, 1);
    asked_start(&asked, choose);
}

START_TEST(what_is_typed_is_tried)
{
    given = NULL;
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:2\n");
    asked_answer(&asked, "The proxy works", NULL);
    asked_expect(&asked, "url=http://proxy:2 user= keeping=none kept= trusted= password=\n", EX_OK);
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "http://proxy:4/\n");
    asked_answer(&asked, "It may lead to the mail", NULL);
    asked_expect(&asked, "url=http://proxy:4 user= keeping=none kept= trusted= password=\n", EX_OK);
}
END_TEST

START_TEST(one_that_does_not_work_is_asked_for_again)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "ftp://proxy\n");
    asked_answer(&asked, "That cannot be used: ", NULL);
    asked_answer(&asked, "to use no proxy.\r\nThe proxy's URL: ", "proxy:1\n");
    asked_answer(&asked, "This proxy does not work: http://found.example.net:3128: its reason.", NULL);
    asked_answer(&asked, "The proxy's URL [http://proxy:1]: ", "proxy:2\n");
    asked_expect(&asked, "url=http://proxy:2 user= keeping=none kept= trusted= password=\n", EX_OK);
    start(NULL);
    for (int i = 0; i < INTERVIEW_TRIES; i++)
        asked_answer(&asked, "The proxy's URL", "proxy:1\n");
    asked_answer(&asked, "no proxy that works", NULL);
    asked_expect(&asked, "", EX_UNAVAILABLE);
}
END_TEST

START_TEST(what_the_environment_says_is_confirmed)
{
    start("http://fred:open%20sesame@proxy:3");
    asked_answer(&asked, "http://proxy:3 (https_proxy), with a user", NULL);
    asked_answer(&asked, "The proxy's URL [http://proxy:3]: ", "\n");
    asked_expect(&asked, "url=http://proxy:3 user=fred keeping=file kept=/etc/proxy-password trusted= "
                 "password=open sesame\n", EX_OK);
    start("http://fred:open%20sesame@proxy:3");
    asked_answer(&asked, "The proxy's URL [http://proxy:3]: ", "other:2\n");
    asked_expect(&asked, "url=http://other:2 user= keeping=none kept= trusted= password=\n", EX_OK);
}
END_TEST

START_TEST(what_the_desktop_says_is_confirmed)
{
    desktop = "http://found.example.net:3128";
    start(NULL);
    asked_answer(&asked, "The desktop's settings name a proxy: http://found.example.net:3128.", NULL);
    asked_answer(&asked, "The proxy's URL [system]: ", "\n");
    asked_answer(&asked, "Your user name at the proxy", "fred\n");
    asked_answer(&asked, "Keep the password by (file, command, ask) [file]: ", "ask\n");
    asked_answer(&asked, "Your password at the proxy: ", "open sesame\n");
    asked_expect(&asked, "url=system user=fred keeping=ask kept= trusted=found.example.net password=open sesame\n",
                 EX_OK);
    desktop = NULL;
}
END_TEST

START_TEST(none_is_none)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "none\n");
    asked_answer(&asked, "Without a proxy.", NULL);
    asked_expect(&asked, "url= user= keeping=none kept= trusted= password=\n", EX_OK);
}
END_TEST

START_TEST(a_wrong_password_is_asked_for_again)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:3\n");
    asked_answer(&asked, "Your user name at the proxy", "fred\n");
    asked_answer(&asked, "[file]: ", "\n");
    asked_answer(&asked, "Your password at the proxy: ", "wrong\n");
    asked_answer(&asked, "The proxy refuses this login", NULL);
    asked_answer(&asked, "Your user name at the proxy [fred]: ", "\n");
    asked_answer(&asked, "Your password at the proxy: ", "open sesame\n");
    asked_expect(&asked, "url=http://proxy:3 user=fred keeping=file kept=/etc/proxy-password trusted= "
                 "password=open sesame\n", EX_OK);
}
END_TEST

START_TEST(but_not_until_the_account_is_locked)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:3\n");
    for (int i = 0; i < PROXY_CHOICE_LOGINS; i++) {
        asked_answer(&asked, "Your user name at the proxy", "fred\n");
        if (i == 0)
            asked_answer(&asked, "[file]: ", "\n");
        asked_answer(&asked, "Your password at the proxy: ", "wrong\n");
    }
    asked_answer(&asked, "more might lock the account", NULL);
    asked_expect(&asked, "", EX_NOPERM);
}
END_TEST

START_TEST(a_command_is_kept_and_no_password)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:3\n");
    asked_answer(&asked, "Your user name at the proxy", "fred\n");
    asked_answer(&asked, "[file]: ", "command\n");
    asked_answer(&asked, "The command that prints it: ", "print nothing\n");
    asked_answer(&asked, "Your user name at the proxy [fred]: ", "\n");
    asked_answer(&asked, "The command that prints it [print nothing]: ", "print it\n");
    asked_expect(&asked, "url=http://proxy:3 user=fred keeping=command kept=print it trusted= password=\n", EX_OK);
}
END_TEST

START_TEST(a_command_that_prints_none_is_asked_for_again)
{
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:3\n");
    for (int i = 0; i < PROXY_CHOICE_LOGINS; i++) {
        asked_answer(&asked, "Your user name at the proxy", "fred\n");
        if (i == 0)
            asked_answer(&asked, "[file]: ", "command\n");
        asked_answer(&asked, "The command that prints it", "fail\n");
        asked_answer(&asked, "There is no password for the proxy (http://found", NULL);
    }
    asked_answer(&asked, "the command prints no password", NULL);
    asked_expect(&asked, "", EX_NOPERM);
}
END_TEST

/* Two configurations in one folder have two passwords. */
START_TEST(each_configuration_has_its_password)
{
    struct desk *desk = asked_desk(true);

    setenv("https_proxy", "http://fred:open%20sesame@proxy:3", 1);
    snprintf(desk->output, sizeof desk->output, "/etc/other.ini");
    ck_assert_int_eq(proxy_choice_make(desk, NULL), EX_OK);
    ck_assert_str_eq(desk->draft.kept, "/etc/other.ini.proxy-password");
    unsetenv("https_proxy");
    asked_release();
}
END_TEST

START_TEST(an_option_is_taken_or_refused)
{
    given = "proxy:2";
    start(NULL);
    asked_expect(&asked, "url=http://proxy:2 user= keeping=none kept= trusted= password=\n", EX_OK);
    given = "http://fred:open%20sesame@proxy:3";
    start(NULL);
    asked_answer(&asked, "--proxy has a password in it", NULL);
    asked_expect(&asked, "", EX_USAGE);
    given = "http://proxy:1";
    start(NULL);
    asked_answer(&asked, "no proxy that works", NULL);
    asked_expect(&asked, "", EX_UNAVAILABLE);
    given = "ftp://proxy";
    start(NULL);
    asked_expect(&asked, "", EX_USAGE);
    given = NULL;
}
END_TEST

START_TEST(nobody_is_asked)
{
    struct desk *desk = asked_desk(true);

    unsetenv("https_proxy");
    ck_assert_int_eq(proxy_choice_make(desk, NULL), EX_USAGE);
    ck_assert_int_eq(proxy_choice_make(desk, "proxy:3"), EX_NOINPUT);
    ck_assert_msg(strstr(asked_said(), "the proxy wants a login, and nobody is to be asked"), "%s", asked_said());
    ck_assert_int_eq(proxy_choice_make(desk, "proxy:2"), EX_OK);
    desk->draft.url[0] = '\0';
    setenv("https_proxy", "http://proxy:4", 1);
    ck_assert_int_eq(proxy_choice_make(desk, NULL), EX_OK);
    ck_assert_str_eq(desk->draft.url, "http://proxy:4");
    unsetenv("https_proxy");
    asked_release();
}
END_TEST

/* --- what the machine's file says --- */

static char machine[] = "/tmp/check_proxy_choice-XXXXXX";

/* A file of the machine with this text. */
static void set_machine(const char *text)
{
    FILE *file;

    snprintf(machine, sizeof machine, "/tmp/check_proxy_choice-XXXXXX");
    file = fdopen(mkstemp(machine), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    setenv("SALLYPORT_SYSTEM_FILE", machine, 1);
}

static void unset_machine(void)
{
    unlink(machine);
    unsetenv("SALLYPORT_SYSTEM_FILE");
}

START_TEST(what_the_machine_s_file_says_is_not_asked)
{
    given = NULL;
    set_machine("[proxy]\nurl = http://proxy:2\n");
    start("http://proxy:4");
    asked_answer(&asked, "names the proxy: http://proxy:2.", NULL);
    asked_answer(&asked, "The proxy works", NULL);
    asked_expect(&asked, "url=http://proxy:2 extends user= keeping=none kept= trusted= password=\n", EX_OK);
    unset_machine();
    set_machine("[sallyport]\nfinal = proxy\n[proxy]\nurl = http://proxy:3\n");
    start(NULL);
    asked_answer(&asked, "Your user name at the proxy", "fred\n");
    asked_answer(&asked, "[file]: ", "command\n");
    asked_answer(&asked, "The command that prints it: ", "print it\n");
    asked_answer(&asked, "The proxy works", NULL);
    asked_expect(&asked, "url=http://proxy:3 extends user=fred keeping=command kept=print it trusted= password=\n",
                 EX_OK);
    unset_machine();
    set_machine("[proxy]\nurl = http://proxy:1\n");
    start(NULL);
    asked_answer(&asked, "the proxy of this machine's configuration does not work", NULL);
    asked_expect(&asked, "", EX_UNAVAILABLE);
    unset_machine();
}
END_TEST

/* No section of the user's may be there to probe with; the machine's own lead elsewhere. */
START_TEST(where_a_probe_does_not_count_nothing_is_tried)
{
    static const char *const proxies[] = {"[proxy]\nurl = http://proxy:1\n", "[proxy other]\nurl = http://proxy:1\n"};
    char text[400], shown[200], expected[400];

    given = NULL;
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "[sallyport]\nfinal = proxy imap smtp submission nntp pop3 managesieve "
                 "forward\n%s"
                 "[imap]\nlisten = localhost:1143\ntarget = t\nproxy = direct\n", proxies[i]);
        set_machine(text);
        start(NULL);
        asked_answer(&asked, i == 0 ? "names the proxy: http://proxy:1." : "names the proxy: what", NULL);
        asked_answer(&asked, "It is not tried: this machine's configuration says that its listeners are final", NULL);
        snprintf(shown, sizeof shown, "%s%s%s", i == 0 ? "http://proxy:1" : "what ", i == 0 ? "" : machine,
                 i == 0 ? "" : " names");
        snprintf(expected, sizeof expected, "url=%s extends user= keeping=none kept= trusted= password=\n", shown);
        asked_expect(&asked, expected, EX_OK);
        unset_machine();
    }
}
END_TEST

START_TEST(another_one_may_be_given_unless_that_is_final)
{
    set_machine("[proxy]\nurl = http://proxy:2\n");
    given = "proxy:4";
    start(NULL);
    asked_answer(&asked, "It may lead to the mail", NULL);
    asked_expect(&asked, "url=http://proxy:4 user= keeping=none kept= trusted= password=\n", EX_OK);
    unset_machine();
    set_machine("[sallyport]\nfinal = proxy\n[proxy]\nurl = http://proxy:2\n");
    start(NULL);
    asked_answer(&asked, "It may lead to the mail", NULL); /* a file of another name is not bound by it */
    asked_expect(&asked, "url=http://proxy:4 user= keeping=none kept= trusted= password=\n", EX_OK);
    setenv("XDG_CONFIG_HOME", "/etc", 1);
    output = "/etc/sallyport/sallyport.ini";
    start(NULL);
    asked_answer(&asked, "and that it is final: leave --proxy out", NULL);
    asked_expect(&asked, "", EX_USAGE);
    output = NULL;
    given = NULL;
    unset_machine();
    set_machine("[imap]\ntarget = t\n"); /* which has no proxy */
    start(NULL);
    asked_answer(&asked, "The proxy's URL: ", "proxy:2\n");
    asked_expect(&asked, "url=http://proxy:2 user= keeping=none kept= trusted= password=\n", EX_OK);
    unset_machine();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_choice");

    tcase_add_test(cases, what_is_typed_is_tried);
    tcase_add_test(cases, one_that_does_not_work_is_asked_for_again);
    tcase_add_test(cases, what_the_environment_says_is_confirmed);
    tcase_add_test(cases, what_the_desktop_says_is_confirmed);
    tcase_add_test(cases, none_is_none);
    tcase_add_test(cases, a_wrong_password_is_asked_for_again);
    tcase_add_test(cases, but_not_until_the_account_is_locked);
    tcase_add_test(cases, a_command_is_kept_and_no_password);
    tcase_add_test(cases, a_command_that_prints_none_is_asked_for_again);
    tcase_add_test(cases, each_configuration_has_its_password);
    tcase_add_test(cases, an_option_is_taken_or_refused);
    tcase_add_test(cases, nobody_is_asked);
    tcase_add_test(cases, what_the_machine_s_file_says_is_not_asked);
    tcase_add_test(cases, where_a_probe_does_not_count_nothing_is_tried);
    tcase_add_test(cases, another_one_may_be_given_unless_that_is_final);
    return unit_run();
}
