/* SPDX-License-Identifier: ISC */
#include "relay/login.h"

#include <stdlib.h>
#include <string.h>

#include "auth/basic.h"
#include "relay/guesses.h"
#include "relay/password_trial.h"

#include "../session/given.h"
#include "../stage.h"
#include "../unit.h"

/* What the linker puts in place of the program's own: a hash is "$", the word that fits it; comparing them takes no
 * time, or as long as the test wants. */
struct crypt_child *__wrap_crypt_child_start(struct loop *loop, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg);
void __wrap_crypt_child_cancel(struct crypt_child *child);

#define HASH "$6$salt$3aEJgflnzWuw1O3tr0IYSmhUY0cZ7iBQeBP392T7RXjLP3TKKu3ddIapQaCpbD4p9ioeGaVIjOHaym7HvCuUm0" /* pass */

static struct {
    unsigned started;
    char password[600], hash[200];
    crypt_child_done_fn *done;
    void *arg;
    bool none;  /* no process can be started */
    bool lost;  /* and this one comes to nothing */
} child;

struct crypt_child *__wrap_crypt_child_start(struct loop *loop, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg)
{
    (void)loop, (void)limit_ms;
    if (child.none)
        return NULL;
    child.started++;
    snprintf(child.password, sizeof child.password, "%s", password);
    snprintf(child.hash, sizeof child.hash, "%s", hash);
    child.done = done;
    child.arg = arg;
    return (struct crypt_child *)&child;
}

void __wrap_crypt_child_cancel(struct crypt_child *asked)
{
    (void)asked;
    child.done = NULL;
}

static struct relay_users *users;
static struct relay_logins *logins;

static struct asker {
    struct relay_login *login;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
} asker;

static void note(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asker *it = arg;

    unit_note_outcome(&it->told, &it->outcome, &it->failure, outcome, failure);
}

static void ignore(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static void read_users(const char *text)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    relay_users_unref(users);
    users = relay_users_parse(stream, "users", ignore, NULL);
    fclose(stream);
}

static void set_up(void)
{
    memset(&child, 0, sizeof child);
    memset(&asker, 0, sizeof asker);
    stage_set_up();
    read_users("alice:" HASH ":reach=*\nj\xc3\xb6rg:" HASH ":\nlocked:!" HASH ":reach=*\n");
    logins = relay_logins_new(stage_loop());
    given_forget_log();
}

static void tear_down(void)
{
    relay_login_free(asker.login);
    stage_settle();
    relay_logins_free(logins);
    relay_users_unref(users);
    users = NULL;
    stage_tear_down();
}

static void begin_with(const char *credentials, const char *host)
{
    struct relay_login_params params = {.logins = logins, .users = users, .credentials = credentials,
                                        .name = "relay #7", .done = note, .arg = &asker};

    relay_login_free(asker.login);
    memset(&asker, 0, sizeof asker);
    ck_assert(address_from_literal(&params.address, host, 4711));
    asker.login = relay_login_start(&params);
    ck_assert_ptr_nonnull(asker.login);
    ck_assert_uint_eq(asker.told, 0);
    stage_settle();
}

static void begin(const char *user, const char *password, const char *host)
{
    char value[BASIC_MAX];

    ck_assert_uint_gt(basic_format(user, password, value), 0);
    begin_with(value, host);
}

/* The child ends. */
static void end(void)
{
    crypt_child_done_fn *done = child.done;

    ck_assert(done != NULL);
    child.done = NULL;
    done(child.arg, child.lost ? CRYPT_LOST :
         strcmp(child.password, "pass") == 0 ? CRYPT_RIGHT : /* whatever the hash */
         strcmp(child.password, "unfit") == 0 ? CRYPT_UNFIT : CRYPT_WRONG);
    stage_settle();
}

static void expect(enum login_verdict verdict, enum outcome outcome)
{
    ck_assert_uint_eq(asker.told, 1);
    ck_assert_int_eq(asker.outcome, outcome);
    ck_assert_int_eq(relay_login_verdict(asker.login), verdict);
    ck_assert((relay_login_user(asker.login) != NULL) == (verdict == LOGIN_USER));
}

/* From start to end, the answer being as late as it must be. */
static void mistake(const char *user, const char *password, const char *host)
{
    begin(user, password, host);
    end();
    ck_assert_uint_eq(asker.told, 0);
    stage_advance(LOGIN_DELAY_MS);
    expect(LOGIN_WRONG, OUTCOME_FORBIDDEN);
}

START_TEST(who_sends_nothing_is_asked_at_once)
{
    begin_with(NULL, "192.0.2.7");
    expect(LOGIN_NONE, OUTCOME_FORBIDDEN);
    ck_assert_uint_eq(child.started, 0);
    given_check_log("");
}
END_TEST

START_TEST(a_right_password_is_told_as_soon_as_it_is_known)
{
    begin("alice", "pass", "192.0.2.7");
    ck_assert_str_eq(child.hash, HASH);
    ck_assert_uint_eq(asker.told, 0);
    end();
    expect(LOGIN_USER, OUTCOME_DONE);
    ck_assert_str_eq(relay_user_name(relay_login_user(asker.login)), "alice");
    given_check_log("");
}
END_TEST

START_TEST(it_costs_one_process_and_later_none)
{
    begin("alice", "pass", "192.0.2.7");
    end();
    for (int i = 0; i < 3; i++) {
        begin("alice", "pass", "198.51.100.9");
        expect(LOGIN_USER, OUTCOME_DONE);
    }
    ck_assert_uint_eq(child.started, 1);
    read_users("alice:" HASH "x:reach=*\n"); /* another hash */
    begin("alice", "pass", "192.0.2.7");
    ck_assert_uint_eq(child.started, 2);
    read_users("bob:" HASH ":reach=*\n"); /* alice was taken out */
    mistake("alice", "pass", "192.0.2.7");
}
END_TEST

START_TEST(a_wrong_one_is_answered_after_a_second_and_logged)
{
    begin("alice", "Pass", "192.0.2.7");
    stage_advance(300);
    end();
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"alice\" reason=\"wrong password\"\n");
    stage_advance(LOGIN_DELAY_MS - 301);
    ck_assert_uint_eq(asker.told, 0);
    stage_advance(1);
    expect(LOGIN_WRONG, OUTCOME_FORBIDDEN);
    ck_assert_int_eq(asker.failure.class, FAILURE_PERMANENT);
}
END_TEST

/* When the comparison itself takes longer, nothing is added. */
START_TEST(a_slow_one_is_not_delayed_further)
{
    begin("alice", "Pass", "192.0.2.7");
    stage_advance(LOGIN_DELAY_MS + 500);
    end();
    stage_advance(0);
    expect(LOGIN_WRONG, OUTCOME_FORBIDDEN);
}
END_TEST

START_TEST(one_who_is_not_there_costs_the_same)
{
    mistake("mallory", "pass", "192.0.2.7"); /* the password of the hash that stands in */
    ck_assert_uint_eq(child.started, 1);
    ck_assert_str_eq(child.hash, relay_users_decoy(users));
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"mallory\" reason=\"unknown user\"\n");
    mistake("mallory", "pass", "192.0.2.7"); /* and it is not remembered for mallory */
    ck_assert_uint_eq(child.started, 2);
    begin("alice", "pass", "192.0.2.8"); /* nor has it said anything about hers */
    ck_assert_uint_eq(asker.told, 0);
    end();
    given_forget_log();
    mistake("locked", "pass", "192.0.2.7");
    ck_assert_uint_eq(child.started, 4);
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"locked\" reason=\"locked user\"\n");
}
END_TEST

START_TEST(a_hash_that_nothing_fits_is_said_to_be_one)
{
    mistake("alice", "unfit", "2001:db8::7");
    given_check_log("warning relay #7 refused from=2001:db8::7 user=\"alice\" reason=\"no password fits this hash\"\n");
}
END_TEST

START_TEST(what_cannot_be_read_is_a_wrong_password)
{
    static const char *const rows[] = {"Digest username=\"alice\"", "Basic", "Basic ", "Basic !!!!", "Bearer YTpi",
                                       "Basic YWxpY2U="};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char host[32];

        snprintf(host, sizeof host, "192.0.2.%d", (int)i);
        begin_with(rows[i], host);
        ck_assert_uint_eq(asker.told, 0);
        stage_advance(LOGIN_DELAY_MS);
        expect(LOGIN_WRONG, OUTCOME_FORBIDDEN);
    }
    ck_assert_uint_eq(child.started, 0);
    given_forget_log();
    begin_with("Basic !!!!", "192.0.2.99");
    given_check_log("warning relay #7 refused from=192.0.2.99 user=\"\" reason=\"unreadable credentials\"\n");
    stage_advance(LOGIN_DELAY_MS);
}
END_TEST

START_TEST(a_name_of_any_alphabet_and_a_password_with_colons)
{
    begin("j\xc3\xb6rg", "a:b:c", "192.0.2.7");
    ck_assert_str_eq(child.password, "a:b:c");
    end();
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"j\\xc3\\xb6rg\" reason=\"wrong password\"\n");
    stage_advance(LOGIN_DELAY_MS);
}
END_TEST

/* Nobody can write a line of the log that names another address. */
START_TEST(the_name_cannot_forge_a_line)
{
    mistake("x\" reason=\"y\" refused from=198.51.100.1 user=\"z", "no", "192.0.2.7");
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"x\\\" reason=\\\"y\\\" refused from=198.51.100.1 "
                    "user=\\\"z\" reason=\"unknown user\"\n");
}
END_TEST

START_TEST(after_five_the_address_rests)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++)
        mistake("alice", "no", "192.0.2.7");
    given_forget_log();
    mistake("alice", "no", "192.0.2.7");
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"alice\" reason=\"wrong password\" rests=60\n");
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
    ck_assert_uint_eq(relay_login_retry_after(asker.login), 59);
    ck_assert_uint_eq(child.started, GUESSES_ALLOWED);
    begin("alice", "pass", "192.0.2.8");
    end();
    expect(LOGIN_USER, OUTCOME_DONE);
    begin("alice", "pass", "192.0.2.7"); /* what is remembered is no guess */
    expect(LOGIN_USER, OUTCOME_DONE);
    stage_advance(GUESSES_REST_FIRST_MS);
    mistake("alice", "no", "192.0.2.7");
}
END_TEST

/* Who is turned away without a trial must not learn in that way, as fast as the line is, what others log in with. */
START_TEST(what_is_remembered_cannot_be_guessed_while_the_address_rests)
{
    begin("alice", "pass", "192.0.2.8");
    end();
    expect(LOGIN_USER, OUTCOME_DONE);
    for (int i = 0; i < GUESSES_ALLOWED; i++)
        mistake("alice", "no", "192.0.2.7");
    for (int i = 0; i < GUESSES_RECALLED; i++) {
        begin("alice", "guess", "192.0.2.7");
        expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
    }
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
    begin("alice", "pass", "192.0.2.8"); /* another address is none the worse for it */
    expect(LOGIN_USER, OUTCOME_DONE);
    stage_advance(GUESSES_WINDOW_MS);
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_USER, OUTCOME_DONE);
}
END_TEST

START_TEST(what_is_remembered_cannot_be_guessed_behind_trials_under_way)
{
    struct relay_login *under_way[GUESSES_ALLOWED];

    begin("alice", "pass", "192.0.2.8");
    end();
    for (size_t i = 0; i < GUESSES_ALLOWED; i++) {
        begin("alice", "slow", "192.0.2.7");
        under_way[i] = asker.login;
        asker.login = NULL;
    }
    for (int i = 0; i < GUESSES_RECALLED; i++) {
        begin("alice", "guess", "192.0.2.7");
        expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
    }
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
    for (size_t i = 0; i < GUESSES_ALLOWED; i++)
        relay_login_free(under_way[i]);
    stage_settle();
}
END_TEST

START_TEST(who_goes_away_before_the_answer_has_guessed_all_the_same)
{
    for (int i = 0; i < GUESSES_ALLOWED; i++) {
        begin("alice", "no", "192.0.2.7");
        end();
        relay_login_free(asker.login);
        asker.login = NULL;
        stage_settle();
    }
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
}
END_TEST

/* The next one would be told at once if it was right. */
START_TEST(who_goes_away_while_it_is_compared_has_guessed_all_the_same)
{
    for (int i = 0; i < GUESSES_ALLOWED; i++) {
        given_forget_log();
        begin("alice", "no", "192.0.2.7");
        relay_login_free(asker.login);
        asker.login = NULL;
        stage_settle();
        end();
    }
    given_check_log("warning relay #7 refused from=192.0.2.7 user=\"alice\" "
                    "reason=\"the client did not wait for the answer\" rests=60\n");
    begin("alice", "pass", "192.0.2.7");
    expect(LOGIN_RESTS, OUTCOME_FORBIDDEN);
}
END_TEST

START_TEST(one_that_is_freed_early_is_not_told)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++) {
        begin("alice", "no", "192.0.2.7");
        relay_login_free(asker.login);
        asker.login = NULL;
        stage_settle();
        end(); /* the child was under way */
        ck_assert_uint_eq(asker.told, 0);
    }
    relay_login_free(NULL);
}
END_TEST

START_TEST(without_a_process_nobody_is_wrong)
{
    for (int i = 0; i < 2 * GUESSES_ALLOWED; i++) {
        child.none = i % 2 == 0;
        child.lost = true;
        begin("alice", "pass", "192.0.2.7");
        if (!child.none)
            end();
        expect(LOGIN_CROWDED, OUTCOME_LOCAL);
        ck_assert_uint_gt(relay_login_retry_after(asker.login), 0);
        ck_assert_int_eq(asker.failure.class, FAILURE_TEMPORARY);
    }
    given_check_log("");
}
END_TEST

START_TEST(one_that_is_over_uses_what_it_began_with)
{
    begin("alice", "pass", "192.0.2.7");
    read_users("bob:" HASH ":\n"); /* a reload meanwhile */
    end();
    expect(LOGIN_USER, OUTCOME_DONE);
    ck_assert_str_eq(relay_user_name(relay_login_user(asker.login)), "alice");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("login");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, who_sends_nothing_is_asked_at_once);
    tcase_add_test(cases, a_right_password_is_told_as_soon_as_it_is_known);
    tcase_add_test(cases, it_costs_one_process_and_later_none);
    tcase_add_test(cases, a_wrong_one_is_answered_after_a_second_and_logged);
    tcase_add_test(cases, a_slow_one_is_not_delayed_further);
    tcase_add_test(cases, one_who_is_not_there_costs_the_same);
    tcase_add_test(cases, a_hash_that_nothing_fits_is_said_to_be_one);
    tcase_add_test(cases, what_cannot_be_read_is_a_wrong_password);
    tcase_add_test(cases, a_name_of_any_alphabet_and_a_password_with_colons);
    tcase_add_test(cases, the_name_cannot_forge_a_line);
    tcase_add_test(cases, after_five_the_address_rests);
    tcase_add_test(cases, what_is_remembered_cannot_be_guessed_while_the_address_rests);
    tcase_add_test(cases, what_is_remembered_cannot_be_guessed_behind_trials_under_way);
    tcase_add_test(cases, who_goes_away_while_it_is_compared_has_guessed_all_the_same);
    tcase_add_test(cases, who_goes_away_before_the_answer_has_guessed_all_the_same);
    tcase_add_test(cases, one_that_is_freed_early_is_not_told);
    tcase_add_test(cases, without_a_process_nobody_is_wrong);
    tcase_add_test(cases, one_that_is_over_uses_what_it_began_with);
    return unit_run();
}
