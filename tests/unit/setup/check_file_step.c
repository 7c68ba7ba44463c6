/* SPDX-License-Identifier: ISC */
#include "setup/file_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "../unit.h"
#include "asked.h"

static char folder[64], output[128];
static struct asked asked;

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/check_file_step.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(output, sizeof output, "%s/new/sallyport.ini", folder);
}

static void tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* One server behind a proxy with a login. */
static struct desk *open_desk(bool agrees)
{
    struct desk *desk = asked_desk(agrees);
    struct draft *draft = &desk->draft;

    snprintf(desk->output, sizeof desk->output, "%s", output);
    snprintf(desk->password, sizeof desk->password, "open sesame");
    snprintf(draft->url, sizeof draft->url, "http://proxy.example.net:3128");
    snprintf(draft->user, sizeof draft->user, "fred");
    draft->keeping = DRAFT_KEEPS_FILE;
    snprintf(draft->kept, sizeof draft->kept, "%s/new/proxy-password", folder);
    draft->count = 1;
    draft->at[0] = (struct draft_listener){protocol_find("imap", 4), {.host = "imap.example.net", .port = 993}, TLS_YES,
                                           1143, NULL, false};
    return desk;
}

static void expect_file(const char *name, const char *text)
{
    char path[128], read_text[100] = "";
    struct stat status;
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "r");
    ck_assert_msg(in, "no %s", name);
    read_text[fread(read_text, 1, strlen(text), in)] = '\0';
    fclose(in);
    ck_assert_str_eq(read_text, text);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0600);
}

START_TEST(both_files_are_written)
{
    struct desk *desk = open_desk(false);

    ck_assert_int_eq(file_step_ask(desk), EX_OK);
    ck_assert_msg(file_step_write(desk) == EX_OK, "%s", asked_said());
    expect_file("new/sallyport.ini", "# sallyport's configuration");
    expect_file("new/proxy-password", "open sesame\n");
    ck_assert_ptr_null(strstr(asked_said(), "sesame"));
    asked_release();
}
END_TEST

START_TEST(or_neither)
{
    struct desk *desk = open_desk(false);

    desk->draft.at[0].target.host[0] = '\0'; /* which the configuration does not take */
    ck_assert_int_eq(file_step_write(desk), EX_CANTCREAT);
    ck_assert_msg(strstr(asked_said(), "would not work, and was not written"), "%s", asked_said());
    ck_assert_int_ne(access(output, F_OK), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    asked_release();
}
END_TEST

START_TEST(the_daemon_has_to_have_a_password)
{
    struct desk *desk = open_desk(false);

    desk->draft.keeping = DRAFT_KEEPS_NONE;
    ck_assert_int_eq(file_step_write(desk), EX_CANTCREAT);
    desk->draft.keeping = DRAFT_KEEPS_ASKING;
    ck_assert_msg(file_step_write(desk) == EX_OK, "%s", asked_said());
    asked_release();
}
END_TEST

START_TEST(one_that_is_there_needs_a_yes)
{
    struct desk *desk = open_desk(false);

    ck_assert_int_eq(file_step_write(desk), EX_OK);
    ck_assert_int_eq(file_step_ask(desk), EX_CANTCREAT);
    ck_assert_ptr_nonnull(strstr(asked_said(), "--yes"));
    asked_release();
    desk = open_desk(true);
    ck_assert_int_eq(file_step_ask(desk), EX_OK);
    ck_assert_int_eq(file_step_write(desk), EX_OK);
    expect_file("new/sallyport.ini.bak", "# sallyport's configuration");
    ck_assert_ptr_nonnull(strstr(asked_said(), "What was there before is "));
    asked_release();
}
END_TEST

/* Before anything is asked, and not after all has been. */
START_TEST(a_place_for_no_file_is_refused_at_once)
{
    struct desk *desk = open_desk(true);

    snprintf(output, sizeof output, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(output, 0600), 0);
    snprintf(desk->output, sizeof desk->output, "%s", output);
    ck_assert_int_eq(file_step_ask(desk), EX_CANTCREAT);
    ck_assert_msg(strstr(asked_said(), "it is no ordinary"), "%s", asked_said());
    snprintf(desk->output, sizeof desk->output, "%s/new/", folder);
    ck_assert_int_eq(file_step_ask(desk), EX_CANTCREAT);
    asked_release();
}
END_TEST

/* Another setup may have been faster. */
START_TEST(one_that_comes_meanwhile_stays)
{
    struct desk *desk = open_desk(false);

    snprintf(desk->output, sizeof desk->output, "%s/late.ini", folder);
    ck_assert_int_eq(file_step_ask(desk), EX_OK);
    fclose(fopen(desk->output, "w"));
    ck_assert_int_eq(file_step_write(desk), EX_CANTCREAT);
    ck_assert_msg(strstr(asked_said(), "late.ini has come while setup ran"), "%s", asked_said());
    ck_assert_int_ne(access(desk->draft.kept, F_OK), 0);
    desk->replaces = true;
    ck_assert_int_eq(file_step_write(desk), EX_OK);
    asked_release();
}
END_TEST

static int ask(struct desk *desk, FILE *told)
{
    (void)told;
    snprintf(desk->output, sizeof desk->output, "%s", output);
    return file_step_ask(desk);
}

START_TEST(a_person_is_asked)
{
    snprintf(output, sizeof output, "%s/there", folder);
    fclose(fopen(output, "w"));
    asked_start(&asked, ask);
    asked_answer(&asked, "There is a configuration already: ", NULL);
    asked_answer(&asked, "/there.\r\nReplace it, keeping a copy [no]: ", "yes\n");
    asked_expect(&asked, "", EX_OK);
    asked_start(&asked, ask);
    asked_answer(&asked, "[no]: ", "\n");
    asked_answer(&asked, "Nothing was changed.", NULL);
    asked_expect(&asked, "", EX_CANTCREAT);
    asked_start(&asked, ask);
    asked_answer(&asked, "[no]: ", "\004");
    asked_expect(&asked, "", EX_NOINPUT);
}
END_TEST

START_TEST(it_may_only_be_printed)
{
    struct desk *desk = open_desk(false);
    FILE *full = fopen("/dev/full", "w"), *nothing = fopen("/dev/null", "w");

    ck_assert_int_eq(file_step_print(desk, nothing), EX_OK);
    ck_assert_int_eq(file_step_print(desk, full), EX_IOERR);
    fclose(full);
    fclose(nothing);
    ck_assert_int_ne(access(output, F_OK), 0);
    asked_release();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("file_step");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, both_files_are_written);
    tcase_add_test(cases, or_neither);
    tcase_add_test(cases, the_daemon_has_to_have_a_password);
    tcase_add_test(cases, one_that_is_there_needs_a_yes);
    tcase_add_test(cases, a_place_for_no_file_is_refused_at_once);
    tcase_add_test(cases, one_that_comes_meanwhile_stays);
    tcase_add_test(cases, a_person_is_asked);
    tcase_add_test(cases, it_may_only_be_printed);
    return unit_run();
}
