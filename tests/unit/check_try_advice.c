/* SPDX-License-Identifier: ISC */
#include "try_advice.h"

#include <stdlib.h>
#include <string.h>

#include "auth/challenge.h"
#include "unit.h"

#define LAST_CAUSE CAUSE_WEAK
#define BASIC (1u << CHALLENGE_BASIC)
#define NEGOTIATE (1u << CHALLENGE_NEGOTIATE)

static const char usual[] = "[proxy out]\nurl = http://proxy.example.net:3128\n"
                            "[imap work]\nlisten = localhost:1144\ntarget = imap.example.net:993\ntls = yes\n"
                            "proxy = out\n";

static const struct endpoint target = {.host = "imap.example.net", .port = 993};
static const struct endpoint proxy = {.host = "proxy.example.net", .port = 3128};

/* --- what is said --- */

static struct config *config;
static struct failure failure;
static char *said; /* owned */

static struct try_advice facts_of(const char *text)
{
    config_unref(config);
    config = unit_config(text);
    failure_set(&failure, FAILURE_PERMANENT, "it failed");
    return (struct try_advice){.listener = &config->listeners[0], .target = &target, .proxy = &proxy};
}

static void failed(struct try_advice *facts, enum failure_cause cause, bool at_proxy, unsigned answer)
{
    failure_at(&failure, at_proxy ? "http" : "", "x.example.net:1");
    failure.cause = cause;
    failure.answer = answer;
    facts->failure = &failure;
}

/* All of it, with each row of blanks as one. */
static const char *say(const struct try_advice *facts)
{
    size_t size, at = 0;
    FILE *out;

    free(said);
    out = open_memstream(&said, &size);
    try_advice_print(facts, out);
    fclose(out);
    for (const char *from = said; *from; from++) {
        bool blank = *from == ' ' || *from == '\n';

        if (!blank || (at > 0 && said[at - 1] != ' '))
            said[at++] = blank ? ' ' : *from;
    }
    said[at] = '\0';
    return said;
}

static void says(const struct try_advice *facts, const char *words)
{
    if (!strstr(say(facts), words))
        ck_abort_msg("\"%s\" is not in \"%s\"", words, said);
}

static void does_not_say(const struct try_advice *facts, const char *words)
{
    if (strstr(say(facts), words))
        ck_abort_msg("\"%s\" is in \"%s\"", words, said);
}

/* --- the tests --- */

START_TEST(what_works_is_typed_so)
{
    struct try_advice facts = facts_of(usual);

    says(&facts, "In the mail program: server localhost, port 1144, and no encryption (\"None\"): TLS "
                 "with imap.example.net begins in sallyport.");
    facts = facts_of("[nntp]\ntarget = news.example.net\nproxy = direct\nlisten = 0.0.0.0:1119\n");
    says(&facts, "In the news program: server localhost, port 1119, and encryption by STARTTLS");
    says(&facts, "set tls = starttls in [nntp]");
    facts = facts_of("[imap]\ntarget = imap.example.net\nproxy = direct\nlisten = unix:/a/$$b unix:/c\n");
    says(&facts, "In the mail program: the socket /a/$b, and encryption by SSL/TLS");
    facts = facts_of("[imap]\ntarget = imap.example.net\nproxy = direct\nlisten = unix:/a localhost:7\n");
    says(&facts, "In the mail program: server localhost, port 7, and encryption by SSL/TLS");
    facts = facts_of("[imap]\ntarget = imap.example.net:993\nproxy = direct\n");
    says(&facts, "encryption by SSL/TLS, which the program does itself with imap.example.net");
    facts = facts_of("[forward]\ntarget = a.example.net:22\nproxy = direct\nlisten = [::1]:0\nprotocol = ssh\n");
    says(&facts, "In the program: server ::1, port as `sallyport status` shows it, and whatever encryption");
}
END_TEST

/* Every kind of failure that is not OTHER has words, somewhere: at the proxy, at the server, or at both. */
START_TEST(each_cause_has_words)
{
    struct try_advice facts = facts_of(usual);
    bool any = false;

    for (int at_proxy = 0; at_proxy < 2; at_proxy++) {
        failed(&facts, (enum failure_cause)_i, at_proxy, _i == CAUSE_ANSWER ? 403 : 0);
        any |= *say(&facts);
        ck_assert(!strchr(said, '}') || strstr(said, "{ method CONNECT }"));
    }
    ck_assert(any == (_i != CAUSE_OTHER));
}
END_TEST

START_TEST(lines_fit_a_terminal)
{
    struct try_advice facts = facts_of(usual);
    char *text, *line, *rest;
    size_t size;

    for (int cause = CAUSE_OTHER; cause <= LAST_CAUSE; cause++)
        for (int at_proxy = 0; at_proxy < 2; at_proxy++) {
            FILE *out = open_memstream(&text, &size);

            failed(&facts, (enum failure_cause)cause, at_proxy, cause == CAUSE_ANSWER ? 403 : 0);
            facts.offered = CHALLENGE_ALL;
            try_advice_print(&facts, out);
            fclose(out);
            for (rest = text; (line = strsep(&rest, "\n"));)
                ck_assert_msg(strlen(line) <= TRY_ADVICE_WIDTH, "%s", line);
            free(text);
        }
}
END_TEST

START_TEST(answers_have_words_by_their_status)
{
    static const struct {
        unsigned status;
        const char *words; /* NULL: none */
    } answers[] = {
        {403, "rules of http://proxy.example.net:3128 forbid it"}, {405, "does not make tunnels"},
        {429, "too many requests"}, {500, "does not reach"}, {501, "does not know CONNECT"}, {502, "does not reach"},
        {503, "does not reach"}, {504, "does not reach"}, {400, NULL}, {402, NULL}, {404, NULL}, {505, NULL},
    };
    struct try_advice facts = facts_of(usual);

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        failed(&facts, CAUSE_ANSWER, true, answers[i].status);
        if (answers[i].words)
            says(&facts, answers[i].words);
        else
            ck_assert_str_eq(say(&facts), "");
    }
}
END_TEST

START_TEST(the_administrator_is_given_lines)
{
    const struct endpoint six = {.host = "2001:db8::1", .port = 143};
    struct try_advice facts = facts_of(usual);

    failed(&facts, CAUSE_ANSWER, true, 403);
    says(&facts, "acl CONNECT method CONNECT acl to-imap.example.net dstdomain -n imap.example.net "
                 "acl to-port-993 port 993 http_access allow CONNECT to-imap.example.net to-port-993");
    says(&facts, "http-request allow if { method CONNECT } { url -i imap.example.net:993 }");
    says(&facts, "add the acl of those who may"); /* above all others, they would be for everybody */
    says(&facts, "such as src with a network, says who may");
    facts.target = &six;
    says(&facts, "acl to-2001-db8--1 dst 2001:db8::1 acl to-port-143 port 143");
    says(&facts, "{ url -i [2001:db8::1]:143 }");
}
END_TEST

/* A name that somebody else has said, as a proxy by PAC or a server by SRV, could be anything. */
START_TEST(no_odd_name_is_given_to_be_pasted)
{
    const struct endpoint odd = {.host = "a\nhttp_access allow all", .port = 1};
    struct try_advice facts = facts_of(usual);

    failed(&facts, CAUSE_ANSWER, true, 403);
    facts.target = &odd;
    does_not_say(&facts, "acl");
    does_not_say(&facts, "http-request");
    facts.target = NULL;
    does_not_say(&facts, "acl");
}
END_TEST

START_TEST(lines_are_for_connect_alone)
{
    struct try_advice facts = facts_of("[proxy]\nurl = https://relay.example.net/tunnel\nmethod = tcpconnection\n"
                                       "[imap]\ntarget = imap.example.net\n");

    facts.proxy = &config->proxies[0].urls.at[0];
    failed(&facts, CAUSE_ANSWER, true, 403);
    says(&facts, "Ask its administrator to allow imap.example.net:993");
    does_not_say(&facts, "acl");
}
END_TEST

START_TEST(a_login_is_asked_for_by_what_is_offered)
{
    struct try_advice facts = facts_of(usual);

    failed(&facts, CAUSE_LOGIN_WANTED, true, 407);
    says(&facts, "by none of the ways that are known here");
    facts.offered = BASIC | NEGOTIATE;
    says(&facts, "http://proxy.example.net:3128 wants a login, by Negotiate, Basic.");
    says(&facts, "Set in [proxy out] the name and the password");
    says(&facts, "user = NAME password-command = PROGRAM");
    says(&facts, "`kinit NAME@REALM`");
    facts.offered = NEGOTIATE;
    does_not_say(&facts, "user = NAME");
    facts = facts_of("[proxy]\nurl = http://proxy.example.net\nuser = jane\npassword = x\n"
                     "[imap]\ntarget = a.example\n");
    failed(&facts, CAUSE_LOGIN_WANTED, true, 407);
    facts.offered = BASIC | NEGOTIATE;
    does_not_say(&facts, "user = NAME");
    says(&facts, "auth = basic in [proxy]");
    failed(&facts, CAUSE_LOGIN_REFUSED, true, 407);
    says(&facts, "does not accept this user and password");
    says(&facts, "not sent again for 30 seconds");
}
END_TEST

START_TEST(a_ticket_is_another_thing_than_a_password)
{
    struct try_advice facts = facts_of(usual);

    failed(&facts, CAUSE_LOGIN_REFUSED, true, 407);
    says(&facts, "does not accept the ticket");
    does_not_say(&facts, "password");
}
END_TEST

START_TEST(a_proxy_before_the_proxy_is_its_own_case)
{
    struct try_advice facts = facts_of("[proxy gate]\nurl = http://gate.example.net\n[proxy]\n"
                                       "url = http://proxy.example.net:3128\nvia = gate\nuser = jane\npassword = x\n"
                                       "[imap]\ntarget = imap.example.net\n");

    failed(&facts, CAUSE_ANSWER, true, 403);
    failure.on_the_way = true;
    says(&facts, "The rules of the proxy before it forbid it. Ask its administrator to allow proxy.example.net:3128");
    says(&facts, "acl to-port-3128 port 3128");
    failed(&facts, CAUSE_LOGIN_WANTED, true, 407);
    facts.offered = BASIC;
    says(&facts, "Set in [proxy gate] the name");
}
END_TEST

START_TEST(certificates_name_the_key_of_whose_they_are)
{
    struct try_advice facts = facts_of(usual);

    for (int cause = CAUSE_SELF_SIGNED; cause <= CAUSE_UNKNOWN_AUTHORITY; cause++) {
        failed(&facts, (enum failure_cause)cause, true, 0);
        says(&facts, " ca-file = FILE in [proxy out]");
        failed(&facts, (enum failure_cause)cause, false, 0);
        says(&facts, " tls-ca-file = FILE in [imap work]");
    }
}
END_TEST

/* Whoever is on the way can answer without TLS. */
START_TEST(a_proxy_without_tls_is_not_taken_at_its_word)
{
    struct try_advice facts = facts_of(usual);

    failed(&facts, CAUSE_NOT_TLS, true, 0);
    says(&facts, "Only if the administrator says that there is none, set http://");
    says(&facts, "somebody else answers in its place");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("try advice");

    tcase_add_test(cases, what_works_is_typed_so);
    tcase_add_loop_test(cases, each_cause_has_words, CAUSE_OTHER, LAST_CAUSE + 1);
    tcase_add_test(cases, lines_fit_a_terminal);
    tcase_add_test(cases, answers_have_words_by_their_status);
    tcase_add_test(cases, the_administrator_is_given_lines);
    tcase_add_test(cases, no_odd_name_is_given_to_be_pasted);
    tcase_add_test(cases, lines_are_for_connect_alone);
    tcase_add_test(cases, a_login_is_asked_for_by_what_is_offered);
    tcase_add_test(cases, a_ticket_is_another_thing_than_a_password);
    tcase_add_test(cases, a_proxy_before_the_proxy_is_its_own_case);
    tcase_add_test(cases, certificates_name_the_key_of_whose_they_are);
    tcase_add_test(cases, a_proxy_without_tls_is_not_taken_at_its_word);
    return unit_run();
}
