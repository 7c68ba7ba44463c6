/* SPDX-License-Identifier: ISC */
#include "recipe/accounts.h"

#include <string.h>

#include "../unit.h"

#define PROXY "[sallyport]\n[proxy]\nurl = http://proxy.example.net:3128\n"

static struct accounts accounts;
static struct config *config;

/* Reads the sections and puts all listeners into accounts, which has none before.  Returns how many were put there. */
static size_t add_all(const char *sections)
{
    const struct listener_config *replaced;
    char text[2000];
    size_t added = 0;

    snprintf(text, sizeof text, "%s%s", PROXY, sections);
    config = unit_config(text);
    accounts.count = 0;
    for (size_t i = 0; i < config->listener_count; i++)
        added += accounts_add(&accounts, &config->listeners[i], &replaced);
    return added;
}

static void has(size_t account, unsigned role, const char *name)
{
    const struct listener_config *listener = account_listener(&accounts.at[account], role);

    if (!name)
        ck_assert_ptr_null(listener);
    else
        ck_assert_str_eq(listener ? listener->name : "none", name);
}

START_TEST(each_protocol_has_its_role)
{
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("imap", 4)), ROLE_IMAP);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("pop3", 4)), ROLE_POP3);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("smtp", 4)), ROLE_SEND);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("submission", 10)), ROLE_SEND);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("nntp", 4)), ROLE_NEWS);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("managesieve", 11)), ROLE_SIEVE);
    ck_assert_uint_eq(accounts_protocol_role(protocol_find("forward", 7)), 0);
}
END_TEST

START_TEST(the_same_label_is_the_same_account)
{
    ck_assert_uint_eq(add_all("[imap]\ntarget = a\n[imap work]\nlisten = localhost:2143\ntarget = b\n"
                              "[submission work]\ntarget = b\n[nntp]\ntarget = n\n"), 4);
    ck_assert_uint_eq(accounts.count, 2);
    ck_assert_str_eq(accounts.at[0].name, ACCOUNTS_NO_LABEL);
    ck_assert_str_eq(accounts.at[1].name, "work");
    has(0, ROLE_IMAP, "imap");
    has(0, ROLE_NEWS, "nntp");
    has(0, ROLE_SEND, NULL);
    has(1, ROLE_IMAP, "imap/work");
    has(1, ROLE_SEND, "submission/work");
    has(1, ROLE_NEWS | ROLE_SEND | ROLE_IMAP, "imap/work"); /* the first of the roles, not of those asked for */
    ck_assert(account_has(&accounts.at[0], config_listener(config, "nntp")));
    ck_assert(!account_has(&accounts.at[1], config_listener(config, "nntp")));
    account_drop(&accounts.at[1], ROLE_IMAP);
    has(1, ROLE_IMAP, NULL);
    config_unref(config);
}
END_TEST

START_TEST(submission_is_preferred_to_smtp_in_any_order)
{
    const struct listener_config *replaced;

    ck_assert_uint_eq(add_all("[submission]\ntarget = a\n[smtp]\ntarget = b\n"), 1);
    has(0, ROLE_SEND, "submission");
    config_unref(config);

    ck_assert_uint_eq(add_all("[smtp]\ntarget = b\n[forward]\nlisten = localhost:99\ntarget = c:1\nprotocol = X\n"), 1);
    config_unref(config);
    ck_assert_uint_eq(add_all("[smtp]\ntarget = b\n[submission]\ntarget = a\n"), 2);
    has(0, ROLE_SEND, "submission");
    accounts.count = 0;
    ck_assert(accounts_add(&accounts, config_listener(config, "smtp"), &replaced));
    ck_assert_ptr_null(replaced);
    ck_assert(accounts_add(&accounts, config_listener(config, "submission"), &replaced));
    ck_assert_str_eq(replaced->name, "smtp");
    config_unref(config);
}
END_TEST

START_TEST(one_sender_is_everybodys)
{
    add_all("[submission]\ntarget = a\n[imap home]\ntarget = b\n[pop3 work]\ntarget = c\n[nntp news]\ntarget = n\n");
    accounts_share_sender(&accounts);
    ck_assert_uint_eq(accounts.count, 3); /* that of the sender alone is gone */
    ck_assert_str_eq(accounts.at[0].name, "home");
    has(0, ROLE_SEND, "submission");
    has(1, ROLE_SEND, "submission");
    has(2, ROLE_SEND, NULL); /* news is posted by another way */
    config_unref(config);
}
END_TEST

START_TEST(two_senders_stay_where_they_are)
{
    add_all("[submission]\ntarget = a\n[imap home]\ntarget = b\n[smtp work]\ntarget = c\n");
    accounts_share_sender(&accounts);
    ck_assert_uint_eq(accounts.count, 3);
    has(1, ROLE_SEND, NULL);
    config_unref(config);
}
END_TEST

START_TEST(a_sender_whom_nobody_reads_with_stays)
{
    add_all("[submission work]\ntarget = a\n[nntp]\ntarget = n\n");
    accounts_share_sender(&accounts);
    ck_assert_uint_eq(accounts.count, 2);
    has(0, ROLE_SEND, "submission/work");
    has(1, ROLE_SEND, NULL);
    config_unref(config);
}
END_TEST

START_TEST(alone_each_is_an_account)
{
    add_all("[imap]\ntarget = a\n[pop3]\ntarget = a\n[forward]\nlisten = localhost:99\ntarget = c:1\nprotocol = X\n");
    accounts.count = 0;
    for (size_t i = 0; i < config->listener_count; i++)
        accounts_add_alone(&accounts, &config->listeners[i]);
    ck_assert_uint_eq(accounts.count, 2);
    has(0, ROLE_IMAP, "imap");
    has(1, ROLE_POP3, "pop3");
    config_unref(config);
}
END_TEST

START_TEST(there_is_room_for_as_many_as_a_file_may_have)
{
    const struct listener_config *replaced;

    add_all("[imap]\ntarget = a\n[imap other]\nlisten = localhost:99\ntarget = b\n");
    accounts.count = CONFIG_SECTIONS_MAX;
    for (size_t i = 0; i < CONFIG_SECTIONS_MAX; i++)
        accounts.at[i] = (struct account){.name = "taken"};
    ck_assert(!accounts_add(&accounts, &config->listeners[1], &replaced));
    accounts_add_alone(&accounts, &config->listeners[1]);
    ck_assert_uint_eq(accounts.count, CONFIG_SECTIONS_MAX);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("accounts");

    tcase_add_test(cases, each_protocol_has_its_role);
    tcase_add_test(cases, the_same_label_is_the_same_account);
    tcase_add_test(cases, submission_is_preferred_to_smtp_in_any_order);
    tcase_add_test(cases, one_sender_is_everybodys);
    tcase_add_test(cases, two_senders_stay_where_they_are);
    tcase_add_test(cases, a_sender_whom_nobody_reads_with_stays);
    tcase_add_test(cases, alone_each_is_an_account);
    tcase_add_test(cases, there_is_room_for_as_many_as_a_file_may_have);
    return unit_run();
}
