/* SPDX-License-Identifier: ISC */
#include "relay/relay_users.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

#define HASH "$6$salt$3aEJgflnzWuw1O3tr0IYSmhUY0cZ7iBQeBP392T7RXjLP3TKKu3ddIapQaCpbD4p9ioeGaVIjOHaym7HvCuUm0"

static char reports[4096];

static void set_up(void)
{
    reports[0] = '\0';
}

static void note(void *arg, const char *line)
{
    size_t length = strlen(reports);

    (void)arg;
    snprintf(reports + length, sizeof reports - length, "%s\n", line);
}

static struct relay_users *parse_bytes(const char *text, size_t length)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, length, "r");
    struct relay_users *users;

    ck_assert_ptr_nonnull(stream);
    users = relay_users_parse(stream, "users", note, NULL);
    fclose(stream);
    return users;
}

static struct relay_users *parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static struct relay_users *good(const char *text)
{
    struct relay_users *users = parse(text);

    ck_assert_str_eq(reports, "");
    ck_assert_ptr_nonnull(users);
    return users;
}

START_TEST(a_line_is_cut_at_the_first_two_colons)
{
    struct relay_users *users = good("# who\n\n  \t\nalice:" HASH ":register=home:993,Home:143 reach=*\r\n"
                                     "b\xc3\xb6" "b smith:" HASH ":  reach=home:143\nnobody:" HASH ":");
    const struct relay_user *alice = relay_users_find(users, "alice");
    const struct relay_user *bob = relay_users_find(users, "b\xc3\xb6" "b smith");
    const struct relay_user *nobody = relay_users_find(users, "nobody");

    ck_assert(alice && bob && nobody);
    ck_assert_ptr_null(relay_users_find(users, "Alice"));
    ck_assert_ptr_null(relay_users_find(users, ""));
    ck_assert_str_eq(relay_user_name(alice), "alice");
    ck_assert_str_eq(relay_user_hash(alice), HASH);
    ck_assert(relay_user_may_register(alice, "home", 993));
    ck_assert(relay_user_may_register(alice, "HOME", 143));
    ck_assert(!relay_user_may_register(alice, "home", 25));
    ck_assert(!relay_user_may_register(alice, "home.example", 993));
    ck_assert(!relay_user_may_register(alice, "", 993));
    ck_assert(relay_user_may_reach(alice, "whatever", 1));
    ck_assert(!relay_user_may_register(bob, "home", 143));
    ck_assert(relay_user_may_reach(bob, "home", 143));
    ck_assert(!relay_user_may_reach(bob, "home", 993));
    ck_assert(!relay_user_may_reach(nobody, "home", 993) && !relay_user_may_register(nobody, "home", 993));
    relay_users_unref(users);
}
END_TEST

START_TEST(names_of_all_kinds)
{
    struct relay_users *users = good("a:" HASH ":register=[2001:db8::1]:993,10.0.0.1:25,*\n");
    const struct relay_user *user = relay_users_find(users, "a");

    ck_assert(relay_user_may_register(user, "2001:DB8::1", 993));
    ck_assert(relay_user_may_register(user, "any", 1)); /* by the star */
    ck_assert(!relay_user_may_reach(user, "10.0.0.1", 25));
    relay_users_unref(users);
}
END_TEST

START_TEST(who_is_locked_out_has_no_hash)
{
    struct relay_users *users = good("a:!" HASH ":reach=*\nb:*:reach=*\nc:!:\n");

    ck_assert_ptr_null(relay_user_hash(relay_users_find(users, "a")));
    ck_assert_ptr_null(relay_user_hash(relay_users_find(users, "b")));
    ck_assert_ptr_null(relay_user_hash(relay_users_find(users, "c")));
    ck_assert_int_eq(strncmp(relay_users_decoy(users), "$y$", 3), 0);
    relay_users_unref(users);
    users = good("a:!:\nb:" HASH ":\n");
    ck_assert_uint_eq(strlen(relay_users_decoy(users)), strlen(HASH)); /* costs what the others cost */
    ck_assert_int_eq(strncmp(relay_users_decoy(users), HASH, strlen(HASH) - 1), 0);
    ck_assert_str_ne(relay_users_decoy(users), HASH); /* and fits no password, not even of b */
    relay_users_unref(users);
}
END_TEST

START_TEST(whom_the_file_names)
{
    struct relay_users *users = good("a:" HASH ":register=home:993 reach=far:1\nb:!:register=*\n");

    ck_assert(relay_users_list(users, "Home", 993));
    ck_assert(!relay_users_list(users, "home", 143));
    ck_assert(!relay_users_list(users, "far", 1));
    relay_users_unref(users);
}
END_TEST

START_TEST(an_empty_file_lets_nobody_in)
{
    struct relay_users *users = good("# none yet\n");

    ck_assert_ptr_nonnull(users);
    ck_assert_ptr_null(relay_users_find(users, ""));
    relay_users_unref(users);
}
END_TEST

/* Each line alone is a fault, and says so. */
START_TEST(faults_are_told_with_their_line)
{
    static const char *const rows[][2] = {
        {"alice", "this is not NAME:HASH:register=NAME:PORT,... reach=NAME:PORT,..."},
        {"alice:" HASH, "this is not NAME:HASH:register=NAME:PORT,... reach=NAME:PORT,..."},
        {":" HASH ":reach=*", "this cannot be a user's name: it is empty"},
        {" alice:" HASH ":", "this cannot be a user's name: it has a blank at an end"},
        {"al\x01ice:" HASH ":", "this cannot be a user's name: it has a control character in it"},
        {"alice::reach=*", "it has no hash of a password; `sallyport relay-user NAME` makes one, and '!' locks the "
                           "user out"},
        {"alice:secret:reach=*", "the second part is no hash of a password that is good enough; `sallyport relay-user "
                                 "NAME` makes one"},
        {"alice:abJnggxhB/yWI:reach=*", "the second part is no hash of a password that is good enough; `sallyport "
                                        "relay-user NAME` makes one"},
        {"alice:$unknown$salt$hash:", "crypt(3) of this system does not know this kind of hash; `sallyport relay-user "
                                      "NAME` makes one"},
        {"alice:" HASH ":everything", "\"everything\" is neither register=NAME:PORT,... nor reach=NAME:PORT,..."},
        {"alice:" HASH ":Reach=*", "\"Reach=*\" is neither register=NAME:PORT,... nor reach=NAME:PORT,..."},
        {"alice:" HASH ":reach=home", "\"home\" is no NAME:PORT and not `*`: the port is missing"},
        {"alice:" HASH ":reach=home:0", NULL},
        {"alice:" HASH ":reach=", NULL},
        {"alice:" HASH ":reach=home:143,", NULL},
        {"alice:" HASH ":reach=home:143,,home:25", NULL},
        {"alice:" HASH ":reach=home:*", NULL},
        {"alice:" HASH ":reach=ho/me:143", NULL},
        {"alice:" HASH ":reach=home:143 reach=home:25", "a second `reach`; names are put behind the first, with commas "
                                                         "between"},
        {"alice:" HASH ":register=* register=*", "a second `register`; names are put behind the first, with commas "
                                                  "between"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024], expected[1024];

        reports[0] = '\0';
        snprintf(text, sizeof text, "# one\nbob:%s:\n%s\n", HASH, rows[i][0]);
        ck_assert_ptr_null(parse(text));
        ck_assert_int_eq(strncmp(reports, "users:3: ", 9), 0);
        snprintf(expected, sizeof expected, "users:3: %s\n", rows[i][1] ? rows[i][1] : "");
        if (rows[i][1])
            ck_assert_str_eq(reports, expected);
    }
}
END_TEST

START_TEST(all_faults_of_a_file_are_told)
{
    ck_assert_ptr_null(parse("a:" HASH ":\na:" HASH ":\nb\n"));
    ck_assert_str_eq(reports, "users:2: a second line for the user a\n"
                     "users:3: this is not NAME:HASH:register=NAME:PORT,... reach=NAME:PORT,...\n");
}
END_TEST

START_TEST(what_is_too_much_is_a_fault)
{
    size_t size = (RELAY_USERS_MAX + 1) * sizeof "u12345:!:\n" + RELAY_USERS_LINE_MAX + 100;
    char *text = malloc(size), *at = text;
    struct relay_users *users;

    for (int i = 0; i < RELAY_USERS_MAX; i++)
        at += snprintf(at, size - (size_t)(at - text), "u%d:!:\n", i);
    users = good(text);
    ck_assert_ptr_nonnull(relay_users_find(users, "u4095"));
    relay_users_unref(users);
    snprintf(at, size - (size_t)(at - text), "more:!:\n");
    ck_assert_ptr_null(parse(text));
    ck_assert_str_eq(reports, "users:4097: more than 4096 users\n");

    reports[0] = '\0';
    at = text + snprintf(text, size, "a:!:reach=");
    for (int i = 0; i < RELAY_USER_PLACES_MAX; i++)
        at += snprintf(at, size - (size_t)(at - text), "%sh:%d", i ? "," : "", i + 1);
    relay_users_unref(good(text));
    snprintf(at, size - (size_t)(at - text), ",h:999");
    ck_assert_ptr_null(parse(text));
    ck_assert_str_eq(reports, "users:1: more than 256 names; `*` stands for all\n");

    reports[0] = '\0';
    memset(text, '#', RELAY_USERS_LINE_MAX);
    snprintf(text + RELAY_USERS_LINE_MAX, 100, "\nb:!:\n");
    relay_users_unref(good(text));
    memset(text, '#', RELAY_USERS_LINE_MAX + 50);
    snprintf(text + RELAY_USERS_LINE_MAX + 50, 100, "\nb:!:\n");
    ck_assert_ptr_null(parse(text));
    ck_assert_str_eq(reports, "users:1: the line is longer than 16384 bytes, or has a NUL in it\n");

    reports[0] = '\0';
    ck_assert_ptr_null(parse_bytes("a:!:\0\nb:!:\n", 12));
    ck_assert_ptr_null(parse_bytes("\0\nb:!:\n", 8));
    free(text);
}
END_TEST

START_TEST(a_name_may_be_as_long_as_this)
{
    char name[RELAY_USER_NAME_MAX + 2];

    memset(name, 'x', sizeof name);
    name[RELAY_USER_NAME_MAX] = '\0';
    ck_assert_ptr_null(relay_user_name_fault(name));
    name[RELAY_USER_NAME_MAX] = 'x';
    name[RELAY_USER_NAME_MAX + 1] = '\0';
    ck_assert_str_eq(relay_user_name_fault(name), "it is too long");
    ck_assert_str_eq(relay_user_name_fault(""), "it is empty");
    ck_assert_str_eq(relay_user_name_fault("#a"), "it begins with '#'");
    ck_assert_str_eq(relay_user_name_fault("a:b"), "it has a colon in it");
    ck_assert_str_eq(relay_user_name_fault("a\nb"), "it has a control character in it");
    ck_assert_str_eq(relay_user_name_fault("a\x7f"), "it has a control character in it");
    ck_assert_str_eq(relay_user_name_fault("a "), "it has a blank at an end");
    ck_assert_ptr_null(relay_user_name_fault("J\xc3\xb6rg M\xc3\xbcller"));
}
END_TEST

START_TEST(others_must_not_read_the_file)
{
    char folder[] = "/tmp/relay-users-XXXXXX", path[64], expected[400];
    struct relay_users *users;
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/users", folder);
    ck_assert_ptr_null(relay_users_load(path, note, NULL));
    snprintf(expected, sizeof expected, "%s: cannot be opened: No such file or directory\n", path);
    ck_assert_str_eq(reports, expected);
    file = fopen(path, "w");
    fputs("a:" HASH ":reach=*\n", file);
    fclose(file);
    for (unsigned i = 0; i < 6; i++) {
        reports[0] = '\0';
        chmod(path, 0600 | 1u << i);
        ck_assert_ptr_null(relay_users_load(path, note, NULL));
        snprintf(expected, sizeof expected, "%s: others can read or change it, and it has hashes of passwords: run "
                 "`chmod 600 %s`\n", path, path);
        ck_assert_str_eq(reports, expected);
    }
    reports[0] = '\0';
    chmod(path, 0400);
    users = relay_users_load(path, note, NULL);
    ck_assert_ptr_nonnull(users);
    ck_assert_ptr_nonnull(relay_users_find(users, "a"));
    relay_users_unref(users);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody writes into it: it must not be waited for */
    ck_assert_ptr_null(relay_users_load(path, note, NULL));
    snprintf(expected, sizeof expected, "%s: is no file\n", path);
    ck_assert_str_eq(reports, expected);
    unlink(path);
    reports[0] = '\0';
    ck_assert_ptr_null(relay_users_load(folder, note, NULL));
    ck_assert_ptr_nonnull(strstr(reports, ": is no file\n"));
    rmdir(folder);
}
END_TEST

START_TEST(a_file_lives_as_long_as_somebody_has_it)
{
    struct relay_users *users = good("a:" HASH ":\n");
    const struct relay_user *user = relay_users_find(users, "a");

    ck_assert_ptr_eq(relay_users_ref(users), users);
    relay_users_unref(users);
    ck_assert_str_eq(relay_user_name(user), "a");
    relay_users_unref(users);
    relay_users_unref(NULL);
    ck_assert_ptr_null(relay_users_ref(NULL));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("relay_users");

    tcase_add_checked_fixture(cases, set_up, NULL);
    tcase_add_test(cases, a_line_is_cut_at_the_first_two_colons);
    tcase_add_test(cases, names_of_all_kinds);
    tcase_add_test(cases, who_is_locked_out_has_no_hash);
    tcase_add_test(cases, whom_the_file_names);
    tcase_add_test(cases, an_empty_file_lets_nobody_in);
    tcase_add_test(cases, faults_are_told_with_their_line);
    tcase_add_test(cases, all_faults_of_a_file_are_told);
    tcase_add_test(cases, what_is_too_much_is_a_fault);
    tcase_add_test(cases, a_name_may_be_as_long_as_this);
    tcase_add_test(cases, others_must_not_read_the_file);
    tcase_add_test(cases, a_file_lives_as_long_as_somebody_has_it);
    return unit_run();
}
