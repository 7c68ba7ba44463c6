/* SPDX-License-Identifier: ISC */
#include "recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define PROXY "[sallyport]\n[proxy]\nurl = http://proxy.example.net:3128\nuser = u\npassword = the-secret\n"

/* What a program's recipe is for these sections; *works: what recipe_print returned.  The caller frees it. */
static char *printed(const char *program, const char *sections, struct recipe_params params, bool *works)
{
    char text[3000], *got = NULL;
    size_t length;
    FILE *out = open_memstream(&got, &length);
    struct config *config;

    snprintf(text, sizeof text, "%s%s", PROXY, sections);
    config = unit_config(text);
    params.config = config;
    *works = recipe_print(recipe_find(program), &params, out);
    ck_assert_int_eq(fclose(out), 0);
    config_unref(config);
    return got;
}

static void looks(const char *program, const char *sections, const struct recipe_params *params, const char *wanted)
{
    bool works;
    char *got = printed(program, sections, *params, &works);

    ck_assert(works);
    ck_assert_str_eq(got, wanted);
    free(got);
}

/* Fails unless the recipe has each of the lines, which NULL ends, if has is true; else if it has one. */
static void has(const char *program, const char *sections, bool is, const char *const *lines)
{
    bool works;
    char *got = printed(program, sections, (struct recipe_params){.address = "a@b", .login = "a"}, &works);

    for (; *lines; lines++)
        ck_assert_msg((strstr(got, *lines) != NULL) == is, "%s in\n%s", *lines, got);
    free(got);
}

static const struct recipe_params me = {.address = "me@example.org", .login = "me"};

START_TEST(a_whole_recipe)
{
    looks("msmtp", "[submission]\ntarget = mail.example.org\ntls = starttls\n", &me,
          "# msmtp: put these lines into ~/.msmtprc\n"
          "# [submission] localhost:1587, to mail.example.org:587\n"
          "\n"
          "account sallyport\n"
          "host localhost\n"
          "port 1587\n"
          "tls off\n"
          "# without TLS of its own, msmtp wants the method to be named\n"
          "auth plain\n"
          "user me\n"
          "# msmtp asks for the password, or gets it from a command:\n"
          "# passwordeval pass show mail\n"
          "from me@example.org\n"
          "\n"
          "account default : sallyport\n");
}
END_TEST

START_TEST(comments_are_in_the_programs_own_syntax)
{
    bool works;
    char *got = printed("slrn", "[nntp]\ntarget = n\n[forward]\nlisten = localhost:9\ntarget = c:1\nprotocol = X\n",
                        me, &works);

    ck_assert(works);
    ck_assert_int_eq(strncmp(got, "% slrn: ", 8), 0);
    ck_assert_ptr_nonnull(strstr(got, "\n% [forward] is nothing for slrn\n"));
    for (const char *line = got; *line; line = strchr(line, '\n') + 1)
        ck_assert_msg(strchr("%s\n", *line), "%s", line); /* comments, server, set */
    free(got);
}
END_TEST

/* All programs, for listeners of all kinds: nothing in braces is left, and no secret is in it. */
START_TEST(nothing_is_left_to_fill_in)
{
    static const char all[] =
        "[imap]\ntarget = a\ntls = yes\n[imap t]\nlisten = [::1]:9\ntarget = a:993\n"
        "[pop3 p]\ntarget = a\ntls = yes\n[pop3 q]\nlisten = localhost:11\ntarget = a:995\n"
        "[submission]\ntarget = a\ntls = starttls\n[submission t]\nlisten = localhost:12\ntarget = a:465\n"
        "[smtp p]\ntarget = a\n[nntp]\ntarget = a\n[nntp t]\nlisten = localhost:13\ntarget = a:563\n"
        "[managesieve]\ntarget = a\ntls = starttls\n";

    for (size_t i = 0; recipe_row(i); i++) {
        bool works;
        char *got = printed(recipe_row(i)->name, all, me, &works);

        ck_assert_msg(works, "%s", got);
        for (const char *at = got; (at = strchr(at, '{')); at++)
            ck_assert_msg(strspn(at + 1, "abcdefghijklmnopqrstuvwxyz") == 0 ||
                          at[1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz")] != '}', "%s", at);
        ck_assert_ptr_null(strstr(got, "the-secret"));
        ck_assert_ptr_null(strstr(got, "proxy.example.net"));
        ck_assert_int_eq(got[strlen(got) - 1], '\n');
        free(got);
    }
}
END_TEST

START_TEST(the_person_is_told_what_stands_for_them)
{
    static const char sections[] = "[managesieve]\ntarget = a\ntls = starttls\n";
    const struct recipe_params nobody = {.count = 0}, address = {.address = "me@example.org"};
    bool works;
    char *got = printed("sieve-connect", sections, nobody, &works);

    ck_assert_ptr_nonnull(strstr(got, "# me@example.net stands for your address and login\n"));
    free(got);
    got = printed("sieve-connect", sections, address, &works);
    ck_assert_ptr_nonnull(strstr(got, "# the login is taken to be the address; "));
    ck_assert_ptr_nonnull(strstr(got, "--user 'me@example.org'\n"));
    free(got);
    got = printed("sieve-connect", sections, me, &works);
    ck_assert_ptr_null(strstr(got, "stands for"));
    ck_assert_ptr_null(strstr(got, "taken to be"));
    ck_assert_ptr_nonnull(strstr(got, "--user 'me'\n"));
    free(got);
}
END_TEST

START_TEST(passwords_that_all_can_read_are_warned_of)
{
    has("curl", "[imap]\ntarget = a\n", true, (const char *const[]){"# [imap] has no `tls`: passwords", NULL});
    has("curl", "[imap]\ntarget = a\ntls = starttls\n", false, (const char *const[]){"has no `tls`", NULL});
    has("curl", "[smtp]\ntarget = a\n", false, (const char *const[]){"has no `tls`", NULL}); /* nobody logs in */
    has("tin", "[nntp]\ntarget = a\n", false, (const char *const[]){"has no `tls`", NULL});
}
END_TEST

START_TEST(nobody_logs_in_at_port_25)
{
    has("msmtp", "[smtp]\ntarget = a\n", true, (const char *const[]){"auth off\n", NULL});
    has("msmtp", "[smtp]\ntarget = a:26\n", true, (const char *const[]){"auth plain\n", "user a\n", NULL});
    has("msmtp", "[submission]\ntarget = a:25\n", true, (const char *const[]){"auth plain\n", NULL});
}
END_TEST

START_TEST(tls_by_the_program_needs_the_name)
{
    has("msmtp", "[submission]\ntarget = a:465\n", true,
        (const char *const[]){"tls on\n", "tls_starttls off\n", "tls_host_override a\n", NULL});
    has("aerc", "[imap]\ntarget = a:993\n[imap t]\nlisten = localhost:9\ntarget = b\ntls = yes\n", true,
        (const char *const[]){"# [imap] leaves TLS to its clients, and aerc cannot be told\n", "set `tls = yes`\n",
                              "[t]\n", NULL});
    has("aerc", "[imap]\ntarget = a:993\n[imap t]\nlisten = localhost:9\ntarget = b\ntls = yes\n", false,
        (const char *const[]){"[sallyport]\n", NULL});
}
END_TEST

START_TEST(what_is_left_out_is_said)
{
    has("mutt", "[imap]\ntarget = a\n[pop3]\ntarget = a\n[submission]\ntarget = a\n[smtp]\ntarget = a\n", true,
        (const char *const[]){"# [pop3] is left out: IMAP has the same mail\n",
                              "# [smtp] is left out: submission is the better way to send\n", NULL});
    has("mutt", "[imap]\ntarget = a\nlisten = unix:/a/sock localhost:7\n", true,
        (const char *const[]){"# [imap] localhost:7, to a:143\n", "# [imap] has a socket, too: /a/sock\n", NULL});
    has("aerc", "[imap]\ntarget = a\nlisten = localhost:0\n[imap b]\ntarget = b\n", true,
        (const char *const[]){"# [imap] has another port each time: its key `listen` has to say one, or auto\n",
                              "imap+insecure://", NULL});
    has("aerc", "[imap]\ntarget = a\nlisten = localhost:auto\n[imap b]\ntarget = b\n", true,
        (const char *const[]){"# [imap] has a port of its own, which is known once `sallyport run` has started\n",
                              "imap+insecure://", NULL});
    has("mutt", "[imap]\ntarget = a\nlisten = localhost:auto\n[imap b]\ntarget = b\n", true,
        (const char *const[]){"# [imap] has a port of its own, which is known once `sallyport run` has started\n",
                              "imap://a@localhost:1143/", NULL});
    has("mutt", "[imap]\ntarget = a\n[nntp]\ntarget = a\n", false, (const char *const[]){"nntp", NULL});
}
END_TEST

/* Whoever can run a command for that account has a whole recipe with it; the others are told what to do. */
static const struct {
    const char *program, *lines[4]; /* NULL in the first place: it cannot */
} commands[] = {
    {"mutt", {"\nset tunnel = \"sallyport connect imap\"\n"
              "set folder = \"imap://me@a.test/\"\nset spoolfile = \"+INBOX\"\n"}},
    {"neomutt", {"\nset tunnel = \"sallyport connect imap\"\n"}},
    {"gnus", {"(nnimap-address \"a.test\")\n                      (nnimap-user \"me\")\n"
              "                      (nnimap-shell-program \"sallyport connect imap\")\n"
              "                      (nnimap-stream shell)))\n"}},
    {"mbsync", {"\nIMAPAccount sallyport\nTunnel \"sallyport connect imap\"\n", "\nUser me\n"}},
    {"offlineimap", {"\ntype = IMAP\ntransporttunnel = sallyport connect imap\nremoteuser = me\n"}},
    {"fetchmail", {"\npoll sallyport via \"localhost\" protocol IMAP\n",
                   "\n    plugin \"sallyport connect imap\"\n"
                   "    user \"me\" keep\n"}},
    {"claws-mail", {"\n  Server for receiving:         a.test\n",
                    "\nAdvanced\n  Use command to communicate with server: sallyport connect imap\n"}},
    {"evolution", {"\n  Server:              a.test\n  Username:            me\n",
                   "\n  Use custom command to connect to server: sallyport connect imap\n"}},
    {"alpine", {NULL}}, {"aerc", {NULL}}, {"getmail", {NULL}}, {"thunderbird", {NULL}},
};

START_TEST(a_socket_alone_is_reached_by_a_command)
{
    static const char socket[] = "[imap]\ntarget = a.test\ntls = yes\nlisten = unix:/a/sock\n";
    static const char *const never[] = {"without a port", ":0", "via \"\"", " 0\n", ":1143", "@/"};
    const char *const *line = commands[_i].lines;
    char wanted[200];
    bool works;
    char *got = printed(commands[_i].program, socket, me, &works);

    ck_assert_int_eq(works, *line != NULL);
    snprintf(wanted, sizeof wanted, " [imap] has no port, but a socket, which %s cannot be told:\n",
             commands[_i].program);
    ck_assert_msg((strstr(got, wanted) == NULL) == works, "%s", got);
    ck_assert_msg((strstr(got, " add one to its `listen`, as in localhost:1143\n") == NULL) == works, "%s", got);
    ck_assert_msg((strstr(got, " [imap] has no port: this is run in place of connecting:\n") != NULL) == works, "%s",
                  got);
    ck_assert((strstr(got, "   sallyport connect imap\n") != NULL) == works);
    ck_assert((strstr(got, " socat - UNIX-CONNECT:/a/sock\n") != NULL) == works);
    for (; *line; line++)
        ck_assert_msg(strstr(got, *line) != NULL, "%s in\n%s", *line, got);
    for (size_t i = 0; works && i < sizeof never / sizeof never[0]; i++)
        ck_assert_msg(strstr(got, never[i]) == NULL, "%s in\n%s", never[i], got);
    free(got);
    got = printed(commands[_i].program, socket, (struct recipe_params){.address = "a@b", .config_path = "/a b"},
                  &works);
    ck_assert(!works); /* the command would have to be quoted */
    free(got);
}
END_TEST

START_TEST(a_command_is_for_accounts_that_can_have_one)
{
    static const char *const mutts[] = {"mutt", "neomutt"};
    static const char *const beside[][2] = {
#define ALONE "[imap a]\ntarget = a\ntls = yes\nlisten = unix:/a/one\n"
        {ALONE, "[submission a]\ntarget = a\n"},
        {ALONE, "[imap b]\ntarget = b\n"},
        {"[submission b]\ntarget = b\n", ALONE "[imap b]\ntarget = b\n"}, /* b is the first, but its IMAP comes last */
        {"[pop3 b]\ntarget = b\n", ALONE},
    };
    char config[400], cannot[100], *got;
    bool works;
    static const char two[] = "[imap a]\ntarget = a\ntls = yes\nlisten = unix:/a/one\n"
                              "[imap b]\ntarget = b\ntls = yes\nlisten = unix:/a/two\n";

    has("mbsync", two, true, (const char *const[]){"Tunnel \"sallyport connect imap/a\"\n",
                                                   "Tunnel \"sallyport connect imap/b\"\n", NULL});
    has("mutt", two, true, (const char *const[]){"\nset tunnel = \"sallyport connect imap/a\"\n",
                                                 "# [imap b] has no port, but a socket, which mutt cannot be told:\n",
                                                 NULL});
    has("mutt", "[imap]\ntarget = a\n[imap b]\ntarget = b\nlisten = unix:/a/b\n", true,
        (const char *const[]){"# [imap b] has no port, but a socket, which mutt cannot be told:\n",
                              "set folder = \"imap://a@localhost:1143/\"\n", NULL});
    for (size_t i = 0; i < 2; i++) /* their tunnel is for what sends, and for the other accounts, too */
        for (size_t k = 0; k < sizeof beside / sizeof beside[0]; k++) {
            snprintf(config, sizeof config, "%s%s", beside[k][0], beside[k][1]);
            snprintf(cannot, sizeof cannot, "# [imap a] has no port, but a socket, which %s cannot be told:\n",
                     mutts[i]);
            has(mutts[i], config, true, (const char *const[]){cannot, NULL});
            got = printed(mutts[i], config, me, &works);
            ck_assert_ptr_null(strstr(got, "\nset tunnel"));
            ck_assert_ptr_null(strstr(got, ":0"));
            free(got);
        }
    got = printed("mbsync", "[imap]\ntarget = a\nlisten = unix:/a;$$(id)/b\n", me, &works);
    ck_assert(works);
    ck_assert_ptr_null(strstr(got, "socat")); /* it would have to be quoted, for the shell and for socat */
    free(got);
    has("mbsync", "[imap]\ntarget = a:993\nlisten = unix:/a/b\n", true, /* TLS is its own */
        (const char *const[]){"Host a\nTunnel \"sallyport connect imap\"\n", NULL});
    has("fetchmail", "[pop3]\ntarget = a\nlisten = unix:/a/b\n", true,
        (const char *const[]){"via \"localhost\" protocol POP3\n", "\n    plugin \"sallyport connect pop3\"\n",
                              "# [pop3] has no `tls`: passwords pass the proxy unencrypted.\n", NULL});
    has("swaks", "[submission]\ntarget = a\nlisten = unix:/a/b\n", true,
        (const char *const[]){"\nswaks --pipe 'sallyport connect submission' \\\n    --auth PLAIN --auth-user 'a' \\\n",
                              NULL});
    has("swaks", "[smtp]\ntarget = a\nlisten = unix:/a/b\n", true,
        (const char *const[]){"\nswaks --pipe 'sallyport connect smtp' \\\n    --from 'a@b' --to 'a@b'\n", NULL});
}
END_TEST

#define SOON " [imap] has a port of its own, which is known once `sallyport run` has started\n"

/* A port that is not known yet, or never, is not needed where the program can run a command. */
START_TEST(a_port_that_is_not_known_is_not_needed)
{
    static const char *const listens[] = {"localhost:auto", "localhost:auto unix:/a/b", "localhost:0"};
    const char *const *line = commands[_i].lines;
    char sections[200], *got;
    bool works;

    for (size_t i = 0; i < sizeof listens / sizeof listens[0]; i++) {
        snprintf(sections, sizeof sections, "[imap]\ntarget = a.test\ntls = yes\nlisten = %s\n", listens[i]);
        got = printed(commands[_i].program, sections, me, &works);
        ck_assert_msg(works == (*line != NULL), "%s", got);
        ck_assert_msg((strstr(got, SOON) != NULL) == (i < 2), "%s", got);
        ck_assert_msg((strstr(got, i < 2 ? " it needs none so: this is run in place of connecting:\n"
                                   : " [imap] has another port each time: this is run in place of connecting:\n") !=
                       NULL) == works, "%s", got);
        ck_assert((strstr(got, "   sallyport connect imap\n") != NULL) == works);
        ck_assert((strstr(got, " socat - UNIX-CONNECT:/a/b\n") != NULL) == (works && i == 1));
        for (size_t k = 0; works && line[k]; k++)
            ck_assert_msg(strstr(got, line[k]) != NULL, "%s in\n%s", line[k], got);
        snprintf(sections, sizeof sections, " so there is nothing that %s could use\n", commands[_i].program);
        ck_assert_msg((strstr(got, sections) != NULL) == !works, "%s", got);
        ck_assert_ptr_null(strstr(got, "it is for")); /* there is one */
        free(got);
    }
}
END_TEST

/* Some can be told the path itself. */
START_TEST(a_socket_is_told_to_who_can_take_one)
{
    static const char submission[] = "[submission]\ntarget = a.test\ntls = starttls\nlisten = unix:/a/sock\n";
    bool works;
    char *got;

    looks("msmtp", submission, &me,
          "# msmtp: put these lines into ~/.msmtprc\n"
          "# [submission] /a/sock, to a.test:587\n"
          "\n"
          "account sallyport\n"
          "# msmtp connects to the socket, not to this host\n"
          "host a.test\n"
          "socket /a/sock\n"
          "tls off\n"
          "# without TLS of its own, msmtp wants the method to be named\n"
          "auth plain\n"
          "user me\n"
          "# msmtp asks for the password, or gets it from a command:\n"
          "# passwordeval pass show mail\n"
          "from me@example.org\n"
          "\n"
          "account default : sallyport\n");
    looks("curl", submission, &me,
          "# curl: run one of these commands\n"
          "# [submission] /a/sock, to a.test:587\n"
          "# curl asks for the password, or finds it in ~/.netrc with --netrc\n"
          "\n"
          "curl --user 'me' \\\n"
          "    --mail-from 'me@example.org' --mail-rcpt 'me@example.org' \\\n"
          "    --unix-socket '/a/sock' \\\n"
          "    --upload-file letter.txt 'smtp://localhost/'\n");
    has("curl", "[imap]\ntarget = a\nlisten = localhost:auto unix:/a/b\n[pop3]\ntarget = a\nlisten = unix:/a/c\n"
        "[imap t]\ntarget = t:993\nlisten = unix:/a/t\n[smtp]\ntarget = a\nlisten = unix:/a/d\n", true,
        (const char *const[]){"\ncurl --user 'a' \\\n    --unix-socket '/a/b' \\\n"
                              "    'imap://localhost/INBOX;MAILINDEX=1'\n",
                              "\ncurl --user 'a' \\\n    --unix-socket '/a/c' \\\n    'pop3://localhost/1'\n",
                              "    --unix-socket '/a/t' \\\n    'imaps://t:993/INBOX;MAILINDEX=1'\n",
                              "\ncurl --mail-from 'a@b' --mail-rcpt 'a@b' \\\n    --unix-socket '/a/d' \\\n", NULL});
    has("msmtp", "[submission]\ntarget = a:465\nlisten = unix:/a/b\n", true,
        (const char *const[]){"socket /a/b\n", "tls on\n", "tls_host_override a\n", NULL});
    has("msmtp", "[submission]\ntarget = a\nlisten = localhost:7 unix:/a/b\n", false, /* the port does for all */
        (const char *const[]){"\nsocket ", NULL});
    for (int curl = 0; curl < 2; curl++) { /* they would have to be quoted */
        got = printed(curl ? "curl" : "msmtp", "[submission]\ntarget = a\nlisten = unix:/a;'b/c\n", me, &works);
        ck_assert(!works);
        ck_assert_ptr_nonnull(strstr(got, curl ? "[submission] has no port, but a socket, which curl cannot be told:\n"
                                               : "[submission] has no port, but a socket, which msmtp cannot be told:"
                                                 "\n"));
        free(got);
    }
}
END_TEST

START_TEST(of_no_use_at_all)
{
    bool works;
    char *got = printed("pan", "[imap]\ntarget = a\n", me, &works);

    ck_assert(!works);
    ck_assert_str_eq(got, "# pan: fill this in under Edit, Edit News Servers, Add\n"
                          "# there is nothing that pan could use: it is for [nntp]\n");
    free(got);
}
END_TEST

START_TEST(the_chosen_listeners_only)
{
    struct config *config = unit_config(PROXY "[imap]\ntarget = a\n[nntp]\ntarget = b\n[imap c]\n"
                                        "listen = localhost:9\ntarget = c\n");
    const struct listener_config *chosen[] = {config_listener(config, "imap/c"), config_listener(config, "nntp")};
    const struct recipe_params params = {.config = config, .listeners = chosen, .count = 2};
    char *got = NULL;
    size_t length;
    FILE *out = open_memstream(&got, &length);

    ck_assert(recipe_print(recipe_find("fetchmail"), &params, out));
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(got, "poll c via"));
    ck_assert_ptr_null(strstr(got, "poll sallyport"));
    ck_assert_ptr_nonnull(strstr(got, "# [nntp] is nothing for fetchmail\n")); /* it was asked for */
    free(got);
    config_unref(config);
}
END_TEST

START_TEST(programs_are_found_by_name)
{
    ck_assert_str_eq(recipe_find("mutt")->name, "mutt");
    ck_assert_str_eq(recipe_find("Thunderbird")->name, "thunderbird");
    ck_assert_ptr_null(recipe_find("mut"));
    ck_assert_ptr_null(recipe_find(""));
    ck_assert_ptr_eq(recipe_find("curl"), recipe_row(19));
    ck_assert_ptr_null(recipe_row(20));
}
END_TEST

START_TEST(what_needs_quotes_somewhere_is_no_address)
{
    static const char *const fine[] = {"me", "me@example.net", "a.b+c_d-e=f~g@x", "\xc3\xa4@x"};
    static const char *const wrong[] = {"", "-a", "a b", "a\"b", "a'b", "a\\b", "a$b", "a`b", "a#b", "a%b", "a{b}",
                                        "a\nb", "a;b", "a:b", "a,b", "a<b", "a&b", "a!b", "a|b", "a(b", "a[b", "a*b",
                                        "a/novalidate-cert@x"};
    char longest[RECIPE_WHO_MAX + 2];
    const char *why;

    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        ck_assert_msg(recipe_accepts(fine[i], &why), "%s", fine[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!recipe_accepts(wrong[i], &why), "%s", wrong[i]);
        ck_assert_ptr_nonnull(why);
    }
    memset(longest, 'a', sizeof longest);
    longest[RECIPE_WHO_MAX + 1] = '\0';
    ck_assert(!recipe_accepts(longest, &why));
    ck_assert(recipe_accepts(longest + 1, &why));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("recipe");

    tcase_add_test(cases, a_whole_recipe);
    tcase_add_test(cases, comments_are_in_the_programs_own_syntax);
    tcase_add_test(cases, nothing_is_left_to_fill_in);
    tcase_add_test(cases, the_person_is_told_what_stands_for_them);
    tcase_add_test(cases, passwords_that_all_can_read_are_warned_of);
    tcase_add_test(cases, nobody_logs_in_at_port_25);
    tcase_add_test(cases, tls_by_the_program_needs_the_name);
    tcase_add_test(cases, what_is_left_out_is_said);
    tcase_add_loop_test(cases, a_socket_alone_is_reached_by_a_command, 0, sizeof commands / sizeof commands[0]);
    tcase_add_loop_test(cases, a_port_that_is_not_known_is_not_needed, 0, sizeof commands / sizeof commands[0]);
    tcase_add_test(cases, a_socket_is_told_to_who_can_take_one);
    tcase_add_test(cases, a_command_is_for_accounts_that_can_have_one);
    tcase_add_test(cases, of_no_use_at_all);
    tcase_add_test(cases, the_chosen_listeners_only);
    tcase_add_test(cases, programs_are_found_by_name);
    tcase_add_test(cases, what_needs_quotes_somewhere_is_no_address);
    return unit_run();
}
