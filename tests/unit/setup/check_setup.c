/* SPDX-License-Identifier: ISC */
#include "setup/setup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "../unit.h"
#include "setup/desk.h"
#include "setup/user_service.h"

int __wrap_proxy_choice_make(struct desk *desk, const char *given);
int __wrap_server_choice_make(struct desk *desk);
bool __wrap_user_service_is_there(struct loop *loop);
bool __wrap_user_service_start(struct loop *loop);

/* What happened, a letter for each step that is the test's: P, S, T, M (a manager is looked for), U (it starts). */
static char happened[16];
static int proxy_status, server_status, try_status;
static bool manager, starts;
static enum draft_keeping keeping;
static char folder[64], output[128];

static void note(char letter)
{
    size_t length = strlen(happened);

    ck_assert_uint_lt(length, sizeof happened - 1);
    happened[length] = letter;
    happened[length + 1] = '\0';
}

int __wrap_proxy_choice_make(struct desk *desk, const char *given)
{
    note('P');
    ck_assert_str_eq(given, "http://proxy:3128");
    ck_assert_str_eq(desk->draft.address, "me@example.net");
    snprintf(desk->draft.url, sizeof desk->draft.url, "%s", given);
    snprintf(desk->draft.user, sizeof desk->draft.user, "%s", keeping == DRAFT_KEEPS_NONE ? "" : "fred");
    desk->draft.keeping = keeping;
    return proxy_status;
}

int __wrap_server_choice_make(struct desk *desk)
{
    note('S');
    desk->draft.count = 1;
    desk->draft.at[0] = (struct draft_listener){protocol_find("imap", 4), {.host = "imap.example.net", .port = 993},
                                                TLS_YES, 1143, NULL, false};
    return server_status;
}

static int try_all(struct config *config, char *const names[], int count)
{
    note('T');
    ck_assert_ptr_null(names);
    ck_assert_int_eq(count, 0);
    ck_assert_uint_eq(config->listener_count, 1);
    return try_status;
}

bool __wrap_user_service_is_there(struct loop *loop)
{
    note('M');
    ck_assert_ptr_nonnull(loop);
    return manager;
}

bool __wrap_user_service_start(struct loop *loop)
{
    note('U');
    ck_assert_ptr_nonnull(loop);
    return starts;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/check_setup.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(output, sizeof output, "%s/new.ini", folder);
    proxy_status = server_status = try_status = EX_OK;
    manager = starts = false;
    keeping = DRAFT_KEEPS_NONE;
}

static void tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct setup_params sample(void)
{
    return (struct setup_params){.address = "me@example.net", .proxy = "http://proxy:3128", .program = "mutt",
                                 .yes = true, .usual_output = output, .try_all = try_all};
}

/* It ends so, after these steps; a file was written, or not. */
static void expect(const struct setup_params *params, int status, const char *steps, bool written)
{
    happened[0] = '\0';
    ck_assert_int_eq(setup_run(params), status);
    ck_assert_str_eq(happened, steps);
    ck_assert_int_eq(access(output, F_OK) == 0, written);
    unlink(output);
}

START_TEST(one_step_after_the_other)
{
    struct setup_params params = sample();

    expect(&params, EX_OK, "PSTM", true);
    params.program = NULL;
    expect(&params, EX_OK, "PSTM", true);
    manager = starts = true;
    expect(&params, EX_OK, "PSTMU", true);
    starts = false;
    expect(&params, EX_UNAVAILABLE, "PSTMU", true);
}
END_TEST

START_TEST(a_step_that_fails_is_the_last)
{
    struct setup_params params = sample();

    server_status = EX_UNAVAILABLE;
    expect(&params, EX_UNAVAILABLE, "PS", false);
    proxy_status = EX_NOPERM;
    expect(&params, EX_NOPERM, "P", false);
}
END_TEST

START_TEST(what_does_not_work_is_told_in_the_end)
{
    struct setup_params params = sample();

    try_status = EX_UNAVAILABLE;
    expect(&params, EX_UNAVAILABLE, "PSTM", true);
}
END_TEST

START_TEST(options_are_looked_at_first)
{
    struct setup_params params = sample();
    char spelled[sizeof folder + 20];

    params.address = "nobody";
    expect(&params, EX_USAGE, "", false);
    params = sample();
    params.address = NULL;
    expect(&params, EX_USAGE, "", false);
    params = sample();
    params.program = "outlook";
    expect(&params, EX_USAGE, "", false);
    params = sample();
    params.usual_output = NULL;
    expect(&params, EX_USAGE, "", false);
    params.output = output;
    expect(&params, EX_OK, "PST", true); /* systemd's daemon would look elsewhere */
    params.usual_output = output;
    snprintf(spelled, sizeof spelled, "%s/./new.ini", folder);
    params.output = spelled;
    expect(&params, EX_OK, "PSTM", true); /* it is where it looks, in whatever spelling */
}
END_TEST

START_TEST(a_dry_one_writes_nothing)
{
    struct setup_params params = sample();

    params.dry_run = true;
    expect(&params, EX_OK, "PS", false);
}
END_TEST

START_TEST(without_a_password_systemd_is_no_help)
{
    struct setup_params params = sample();

    keeping = DRAFT_KEEPS_ASKING;
    manager = starts = true;
    expect(&params, EX_OK, "PST", true);
}
END_TEST

/* Commands that name it are run in other folders. */
START_TEST(the_output_becomes_a_full_path)
{
    struct setup_params params = sample();
    char whole[PATH_MAX + 1];

    ck_assert_int_eq(chdir(folder), 0);
    params.output = "new.ini";
    expect(&params, EX_OK, "PSTM", true); /* the manager's would find that place */
    params.output = "";
    expect(&params, EX_USAGE, "", false);
    memset(whole, 'x', sizeof whole - 1);
    whole[sizeof whole - 1] = '\0';
    params.output = whole;
    expect(&params, EX_USAGE, "", false);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("setup");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, one_step_after_the_other);
    tcase_add_test(cases, a_step_that_fails_is_the_last);
    tcase_add_test(cases, what_does_not_work_is_told_in_the_end);
    tcase_add_test(cases, options_are_looked_at_first);
    tcase_add_test(cases, a_dry_one_writes_nothing);
    tcase_add_test(cases, the_output_becomes_a_full_path);
    tcase_add_test(cases, without_a_password_systemd_is_no_help);
    return unit_run();
}
