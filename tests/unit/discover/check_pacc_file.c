/* SPDX-License-Identifier: ISC */
#include "discover/pacc_file.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "read_file.h"

static struct read_file scene;

static void check_servers(const char *text, const char *servers)
{
    ck_assert_msg(read_file_text(&scene, pacc_file_read, text), "%s", scene.why);
    ck_assert_str_eq(read_file_servers(&scene), servers);
}

static void check_fault(const char *text, const char *why)
{
    ck_assert(!read_file_text(&scene, pacc_file_read, text));
    ck_assert_str_eq(scene.why, why);
}

START_TEST(servers_are_read)
{
    check_servers("{\"protocols\": {\"imap\": {\"host\": \"imap.example.net\"},"
                  "\"submit\": {\"host\": \"s.example.net\"},"
                  "\"jmap\": {\"url\": \"https://j.example.net\"}, \"pop3\": {\"host\": \"p.example.net\"}},"
                  "\"authentication\": {\"password\": true, \"oauth-public\": {\"issuer\": \"https://x\"}},"
                  "\"info\": {\"provider\": {\"name\": \"\xc3\x84\"}}}",
                  "imap imap.example.net:993 yes\npop3 p.example.net:995 yes\nsubmission s.example.net:465 yes\n");
    check_servers("{\"protocols\": {\"smtp\": {\"host\": \"s.example.net\", \"port\": 4650}}}",
                  "submission s.example.net:4650 yes\n");
}
END_TEST

START_TEST(only_oauth_is_noted)
{
    check_servers("{\"protocols\": {\"imap\": {\"host\": \"i.example.net\"}}, \"authentication\": "
                  "{\"oauth-public\": {\"issuer\": \"https://x\"}}}", "imap i.example.net:993 yes oauth\n");
    check_servers("{\"protocols\": {\"imap\": {\"host\": \"i.example.net\"}}, \"authentication\": "
                  "{\"password\": false, \"oauth-public\": {}}}", "imap i.example.net:993 yes oauth\n");
    check_servers("{\"protocols\": {\"imap\": {\"host\": \"i.example.net\"}}, \"authentication\": "
                  "{\"password\": false}}", "imap i.example.net:993 yes\n");
}
END_TEST

START_TEST(what_is_of_no_use_is_passed_over)
{
    check_servers("{\"protocols\": {\"imap\": \"imap.example.net\", \"pop3\": [1], \"submit\": {\"host\": 5}}}", "");
    read_file_check_remark(&scene, "a server for submission is left out (): it has no name");
    check_servers("{\"protocols\": {\"imap\": {\"host\": \"a\\nb\"}, \"pop3\": {\"host\": \"p.example.net\", \"port\": "
                  "999999999999999999}, \"submit\": {\"host\": \"s.example.net\", \"port\": -1}}}", "");
}
END_TEST

START_TEST(broken_files_are_told)
{
    char *deep = malloc(200001);

    check_fault("", "it is no JSON, in line 1");
    check_fault("<html>", "it is no JSON, in line 1");
    check_fault("{\"protocols\":\n{", "it is no JSON, in line 2");
    check_fault("{\"protocols\": {\"imap\": {\"host\": \"\xff\"}}}", "it is no JSON, in line 1");
    check_fault("{}", "it is JSON, but no PACC file: it has no \"protocols\"");
    check_fault("[]", "it is JSON, but no PACC file: it has no \"protocols\"");
    check_fault("{\"protocols\": []}", "it is JSON, but no PACC file: it has no \"protocols\"");
    ck_assert_ptr_nonnull(deep);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    check_fault(deep, "it is no JSON, in line 1");
    free(deep);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_a_fault)
{
    static const char text[] = "{\"protocols\": {\"imap\": {\"host\": \"imap.example.net\"}}}";

    for (size_t length = 0; length < sizeof text - 1; length++)
        ck_assert(!read_file_bytes(&scene, pacc_file_read, text, length));
    ck_assert(read_file_bytes(&scene, pacc_file_read, text, sizeof text - 1));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pacc_file");

    tcase_add_test(cases, servers_are_read);
    tcase_add_test(cases, only_oauth_is_noted);
    tcase_add_test(cases, what_is_of_no_use_is_passed_over);
    tcase_add_test(cases, broken_files_are_told);
    tcase_add_test(cases, a_file_cut_anywhere_is_a_fault);
    return unit_run();
}
