/* SPDX-License-Identifier: ISC */
#include "auth/login_challenge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "http/connect_request.h"

#define FIRST "Digest realm=\"r\", nonce=\"n1\""
#define NEXT "Digest realm=\"r\", nonce=\"n2\""

static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};

static struct nonces *nonces;
static struct login_challenge login;

static void init(enum challenge_scheme scheme, unsigned method)
{
    login_challenge_clear(&login); /* of the one before */
    login_challenge_init(&login, scheme, nonces, &proxy, method);
}

static void set_up(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    nonces = nonces_new();
    ck_assert_ptr_nonnull(nonces);
    init(CHALLENGE_DIGEST, METHOD_CONNECT);
}

static void tear_down(void) /* what was not freed is seen by the sanitizers */
{
    login_challenge_clear(&login);
    login_challenge_clear(&login);
    nonces_free(nonces);
    curl_global_cleanup();
}

/* An answer with this field, until the next one. */
static const struct http_head *answer(int status, const char *field)
{
    static struct http_head head;
    static char bytes[300];
    size_t used;

    snprintf(bytes, sizeof bytes, "HTTP/1.1 %d Well\r\n%s\r\n\r\n", status, field);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, strlen(bytes), &used, NULL), HTTP_HEAD_DONE);
    return &head;
}

static void check(const char *text, bool early, bool old)
{
    ck_assert_str_eq(login.text ? login.text : "none", text);
    ck_assert_int_eq(login.is_early, early);
    ck_assert_int_eq(login.is_old, old);
}

/* Begins; the handle, or NULL. */
static CURL *begin(const struct http_head *head)
{
    CURL *easy = (CURL *)&login;

    login_challenge_clear(&login);
    ck_assert(login_challenge_begin(&login, head, "arthur", &easy));
    return easy;
}

/* Has answered a 407, and the proxy says this. */
static CURL *answer_first(const char *field)
{
    CURL *easy = curl_easy_init();

    ck_assert_ptr_nonnull(easy);
    ck_assert(login_challenge_read(&login, answer(407, "Proxy-Authenticate: " FIRST)));
    ck_assert_str_eq(login.text, FIRST);
    login_challenge_leave(&login, field ? answer(200, field) : NULL, "arthur", easy);
    ck_assert_ptr_null(login.text);
    init(login.scheme, METHOD_CONNECT);
    return easy;
}

START_TEST(without_a_nonce_it_is_asked_for)
{
    set_up();
    ck_assert_ptr_null(begin(NULL));
    check("none", false, false);
    tear_down();
}
END_TEST

START_TEST(the_owners_comes_first)
{
    set_up();
    answer_first(NULL);
    ck_assert_ptr_null(begin(answer(407, "Proxy-Authenticate: " NEXT)));
    check(NEXT, true, false);
    init(CHALLENGE_DIGEST, METHOD_CONNECT);
    ck_assert_ptr_null(begin(answer(407, "Proxy-Authenticate: NTLM"))); /* libcurl is told that there is none */
    check("none", true, false);
    tear_down();
}
END_TEST

/* Where the answer names no other: nothing is to be told to a handle that knows it. */
START_TEST(a_nonce_is_used_on)
{
    static const char *const fields[] = {NULL, "Via: x", "Proxy-Authentication-Info: rspauth=\"n2\"",
                                         "Proxy-Authentication-Info: nextnonce=\"n1\"",
                                         "Authentication-Info: nextnonce=\"n2\""};
    CURL *easy;

    set_up();
    easy = answer_first(fields[_i]);
    ck_assert_ptr_eq(begin(NULL), easy);
    check(FIRST, false, true);
    login_challenge_leave(&login, NULL, "arthur", easy);
    login_challenge_forget(&login);
    init(CHALLENGE_DIGEST, METHOD_CONNECT);
    ck_assert_ptr_null(begin(NULL));
    check("none", false, false);
    tear_down();
}
END_TEST

/* In the field of the proxy, or of the server that is asked for a resource. */
START_TEST(a_next_nonce_is_told_to_a_new_handle)
{
    static const struct {
        unsigned method;
        int status;
        const char *asks, *names;
    } sides[] = {{METHOD_CONNECT, 407, "Proxy-Authenticate: ", "proxy-authentication-INFO: nextnonce=\"n2\""},
                 {METHOD_CONNECT_TCP, 401, "WWW-Authenticate: ", "Authentication-Info: qop=auth, nextnonce=n2"},
                 {METHOD_TCPCONNECTION, 401, "WWW-Authenticate: ", "Authentication-Info: nextnonce=\"n2\""}};
    char asks[100];

    set_up();
    init(CHALLENGE_DIGEST, sides[_i].method);
    snprintf(asks, sizeof asks, "%s%s", sides[_i].asks, FIRST);
    ck_assert(login_challenge_read(&login, answer(sides[_i].status, asks)));
    login_challenge_leave(&login, answer(101, sides[_i].names), "arthur", curl_easy_init());
    init(CHALLENGE_DIGEST, sides[_i].method);
    ck_assert_ptr_null(begin(NULL));
    check(NEXT, true, true);
    ck_assert(login_challenge_read(&login, answer(sides[_i].status, asks))); /* the proxy had forgotten it */
    ck_assert_str_eq(login.text, FIRST);
    tear_down();
}
END_TEST

/* The one that was named first has it; the other uses its own on. */
START_TEST(two_do_not_count_the_same_nonce)
{
    CURL *second;

    set_up();
    answer_first("Proxy-Authentication-Info: nextnonce=\"n2\"");
    ck_assert_ptr_null(begin(NULL));
    check(NEXT, true, true);
    second = answer_first("Proxy-Authentication-Info: nextnonce=\"n2\"");
    ck_assert_ptr_eq(begin(NULL), second);
    check(FIRST, false, true);
    curl_easy_cleanup(second);
    tear_down();
}
END_TEST

START_TEST(only_digest_remembers)
{
    set_up();
    answer_first("Proxy-Authentication-Info: nextnonce=\"n2\"");
    init(CHALLENGE_NTLM, METHOD_CONNECT);
    ck_assert_ptr_null(begin(NULL));
    check("none", false, false);
    ck_assert_ptr_null(begin(answer(407, "Proxy-Authenticate: NTLM")));
    check("none", false, false);
    ck_assert(login_challenge_read(&login, answer(407, "Proxy-Authenticate: " FIRST ", NTLM abc=")));
    check("NTLM abc=", false, false);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("login_challenge");

    tcase_add_test(cases, without_a_nonce_it_is_asked_for);
    tcase_add_test(cases, the_owners_comes_first);
    tcase_add_loop_test(cases, a_nonce_is_used_on, 0, 5);
    tcase_add_loop_test(cases, a_next_nonce_is_told_to_a_new_handle, 0, 3);
    tcase_add_test(cases, two_do_not_count_the_same_nonce);
    tcase_add_test(cases, only_digest_remembers);
    return unit_run();
}
