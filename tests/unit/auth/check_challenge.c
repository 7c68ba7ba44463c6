/* SPDX-License-Identifier: ISC */
#include "auth/challenge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

enum {
    NONE = 0,
    BASIC = 1 << CHALLENGE_BASIC,
    NTLM = 1 << CHALLENGE_NTLM,
    DIGEST = 1 << CHALLENGE_DIGEST,
    NEGOTIATE = 1 << CHALLENGE_NEGOTIATE,
};

/* Fields of a 407, and what they offer.  A field is given as its value; two are parted by "\n". */
static const struct {
    const char *fields;
    unsigned offered;
} cases[] = {
    {"Basic realm=\"x\"", BASIC},
    {"Basic", BASIC},
    {"basic realm=x", BASIC},
    {"BASIC realm=\"x\", charset=\"UTF-8\"", BASIC},
    {"NTLM", NTLM},
    {"Negotiate", NEGOTIATE},
    {"Negotiate YIIabc+/==", NEGOTIATE},
    {"Negotiate, NTLM, Basic realm=\"x\"", NEGOTIATE | NTLM | BASIC},
    {"Negotiate,NTLM", NEGOTIATE | NTLM},
    {"Negotiate\nNTLM\nBasic realm=\"a\"", NEGOTIATE | NTLM | BASIC},
    {"Digest realm=\"a\", nonce=\"b\"", DIGEST},
    {"Digest realm=\"a\",nonce=\"b\",qop=\"auth,auth-int\",algorithm=MD5", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=\"MD5\"", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=md5-SESS", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256-sess", DIGEST},
    {"Digest nonce = \"b\" , algorithm = SHA-256 , realm = \"a\"", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256", NONE}, /* libcurl 7.88 does that one wrong */
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512", NONE},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=", NONE},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-2566", NONE},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=MD", NONE},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=rot13, algorithm=MD5", NONE},
    {"Digest realm=\"a\"", NONE}, /* no nonce */
    {"Digest", NONE},
    {"Digest realm=\"nonce=1\"", NONE},
    /* the first that can be answered is looked for, whatever stands before it */
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256\nDigest realm=\"a\", nonce=\"b\"", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256, Digest realm=\"a\", nonce=\"b\"", DIGEST},
    {"Digest realm=\"a\"\nDigest, Digest nonce=\"unended\nDigest nonce=\"b\"", DIGEST},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256, Digest realm=\"a\", nonce=\"b\", algorithm=odd", DIGEST},
    {"Digest abc==, nonce=\"b\"", NONE},
    {"Basic realm=\"x\", Digest realm=\"a\", nonce=\"b\", NTLM", BASIC | DIGEST | NTLM},
    /* names in parameters, in quotes, in token68 */
    {"Basic realm=\"a, Negotiate, NTLM\"", BASIC},
    {"Basic realm=\"a\\\", NTLM, \\\"\"", BASIC},
    {"Basic realm=\"\\\\\", NTLM", BASIC | NTLM},
    {"Basic negotiate=\"x\", NTLM=y", BASIC},
    {"Negotiate NTLM", NEGOTIATE},
    {"Negotiate Basic==, NTLM", NEGOTIATE | NTLM},
    {"Basic realm=Digest, nonce=NTLM", BASIC},
    {"Digest opaque=\"NTLM, Basic\", nonce=\"a,b\", realm=\",\"", DIGEST},
    /* empty members, blanks */
    {"", NONE},
    {" , ,, ", NONE},
    {",,Basic realm=\"x\",,\t,NTLM,,", BASIC | NTLM},
    {"Basic\trealm=\"x\"", BASIC},
    {"Basic   realm=\"x\"", BASIC},
    /* unknown schemes and their parameters */
    {"Bearer realm=\"Basic\", scope=\"a\"", NONE},
    {"Bearer abc, Basic realm=\"a\"", BASIC},
    {"Kerberos", NONE},
    {"Basically realm=\"x\"", NONE},
    {"XBasic", NONE},
    {"NTLMv2", NONE},
    /* against the syntax */
    {"realm=\"x\", Basic", BASIC},
    {"nonce=\"b\", Digest realm=\"a\"", NONE},
    {"=, Basic", BASIC},
    {"\"Basic\", NTLM", NTLM},
    {"(Basic), NTLM", NTLM},
    {"Basic realm=\"unended, NTLM", BASIC},
    {"Basic realm=My Proxy, NTLM", BASIC | NTLM},
    {"Basic realm=\"a\" charset=\"b\", NTLM", BASIC | NTLM},
    {"Digest realm=\"a\" nonce=\"b\"", NONE},
    {"Digest realm=\"a\", nonce=\"unended", NONE},
    {"Digest realm=\"a\", nonce=\"b\\", NONE},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256 x", NONE},
    {"Basic:realm", NONE},
    {"Basic\"x\"", NONE},
    {"\xff\xfe, NTLM", NTLM},
    {"Basic realm=\"\xff\x80\"", BASIC},
    {"Negotiate ====, NTLM", NTLM}, /* a value without a scheme */
};

/* A proxy's answer has fields of a name; and others, which are for a server's to have, and the other way round. */
static const struct {
    int status;
    const char *name, *other;
} sides[] = {{407, "proxy-AUTHENTICATE", "WWW-Authenticate"}, {401, "www-AUTHENTICATE", "Proxy-Authenticate"}};

static size_t side; /* the one under test */

/* A head of heap memory of just its size, so that a read past a field's end is seen at the head's end at least. */
static void read_head(struct http_head *head, char **bytes, const char *fields)
{
    char text[2000];
    size_t at = (size_t)snprintf(text, sizeof text, "HTTP/1.1 %d No\r\nVia: Basic, NTLM\r\n", sides[side].status), used;
    const char *why = "";

    for (;;) {
        size_t length = strcspn(fields, "\n");

        at += (size_t)snprintf(text + at, sizeof text - at, "%s:%.*s\r\n", sides[side].name, (int)length,
                               fields);
        if (!fields[length])
            break;
        fields += length + 1;
    }
    at += (size_t)snprintf(text + at, sizeof text - at, "%s: Negotiate\r\n\r\n", sides[side].other);
    *bytes = unit_exact(text, at);
    http_head_start(head);
    ck_assert_msg(http_head_read(head, *bytes, at, &used, &why) == HTTP_HEAD_DONE, "%s: %s", fields, why);
}

START_TEST(offers_are_found)
{
    side = (size_t)_i;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *bytes, found[CHALLENGE_LIST_MAX];
        struct http_head head;

        read_head(&head, &bytes, cases[i].fields);
        ck_assert_msg(challenge_offered(&head) == cases[i].offered, "%s: %s", cases[i].fields,
                      challenge_list(challenge_offered(&head), found, sizeof found));
        free(bytes);
    }
}
END_TEST

/* A value that ends where memory ends, cut at every place: nothing behind it is read. */
START_TEST(nothing_behind_a_value_is_read)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t length = 0; length <= strlen(cases[i].fields); length++) {
            char *value = unit_exact(cases[i].fields, length);
            struct http_head head = {.fields.count = 1};

            head.fields.at[0].name = (struct http_head_slice){"Proxy-Authenticate", 18};
            head.fields.at[0].value = (struct http_head_slice){length ? value : NULL, length};
            if (length > 0)
                ck_assert_uint_eq(challenge_offered(&head) & ~CHALLENGE_ALL, 0);
            for (unsigned scheme = CHALLENGE_BASIC; length > 0 && scheme <= CHALLENGE_NEGOTIATE; scheme++) {
                char *text;

                ck_assert(challenge_write(&head, (enum challenge_scheme)scheme, &text));
                ck_assert_int_eq(text != NULL, (challenge_offered(&head) >> scheme & 1) != 0);
                free(text);
            }
            free(value);
        }
}
END_TEST

static const struct {
    const char *fields;
    enum challenge_scheme scheme;
    const char *text; /* NULL: there is none */
    bool stale;
} written[] = {
    {"Digest realm=\"a\", nonce=\"b\"", CHALLENGE_DIGEST, "Digest realm=\"a\", nonce=\"b\"", false},
    {"dIgEsT\tnonce = b ,,\talgorithm= MD5 , realm =\"a\\\"\" ,", CHALLENGE_DIGEST,
     "Digest nonce=\"b\", algorithm=\"MD5\", realm=\"a\\\"\"", false},
    {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256\nNTLM, Digest nonce=\"c\", stale=TRUE, NTLM",
     CHALLENGE_DIGEST, "Digest nonce=\"c\", stale=\"TRUE\"", true},
    {"Digest nonce=\"b\", stale=true, algorithm=odd\nDigest nonce=\"c\", stale=false", CHALLENGE_DIGEST,
     "Digest nonce=\"c\", stale=\"false\"", false},
    {"Digest nonce=\"b\"\nDigest nonce=\"c\", stale=true", CHALLENGE_DIGEST, "Digest nonce=\"b\"", false},
    {"Digest nonce=\"stale=true\"", CHALLENGE_DIGEST, "Digest nonce=\"stale=true\"", false},
    {"Digest realm=\"a\"", CHALLENGE_DIGEST, NULL, false},
    {"Basic realm=\"a\", NTLM   TlRM+/==  , Negotiate", CHALLENGE_NTLM, "NTLM TlRM+/==", false},
    {"Basic realm=\"a, NTLM b\", Negotiate a=b, ntlm", CHALLENGE_NTLM, "NTLM", false},
    {"Basic realm=\"a, NTLM b\", Negotiate a=b, ntlm", CHALLENGE_NEGOTIATE, "Negotiate", false},
    {"Digest nonce=\"b\", algorithm=odd, negotiate YII=", CHALLENGE_NEGOTIATE, "Negotiate YII=", false},
    {"Basic realm=\"a\"", CHALLENGE_NEGOTIATE, NULL, false},
};

START_TEST(a_challenge_is_written_as_libcurl_reads_it)
{
    side = (size_t)_i;
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        char *bytes, *text;
        struct http_head head;

        read_head(&head, &bytes, written[i].fields);
        ck_assert(challenge_write(&head, written[i].scheme, &text));
        ck_assert_str_eq(text ? text : "none", written[i].text ? written[i].text : "none");
        ck_assert_msg(challenge_is_stale(&head) == written[i].stale, "%s", written[i].fields);
        free(text);
        free(bytes);
    }
}
END_TEST

/* What an answer says (fields parted by "\n"), and the nonce in the challenge that follows (at @); NULL: none does. */
static const struct {
    const char *challenge, *fields, *nonce;
} named[] = {
    {"Digest nonce=\"@\"", "nextnonce=\"n\"", "n"},
    {"Digest realm=\"a, \\\"b\", NONCE=\"@\", qop=\"auth\", opaque=\"nonce=c\", userhash=\"true\"",
     "nextnonce=n", "n"},
    {"Digest nonce=\"@\", algorithm=\"SHA-256\", stale=\"true\"",
     "qop=auth, rspauth=\"0f\" ,, NextNonce = \"a, \\\"b\" , cnonce=\"x\", nc=00000001", "a, \\\"b"},
    {"Digest nonce=\"@\"", "rspauth=\"0f\"\nnextnonce=\"n\"\nnextnonce=\"m\"", "n"},
    {"Digest nonce=\"@\"", "nextnonce=\"n\", nextnonce=\"m\"", "n"},
    {"Digest nonce=\"@\"", "nextnonce=\"n\" b\nnextnonce=\"m\"", "m"}, /* the first field has a syntax error */
    {"Digest nonce=\"@\"", "nextnonce=\"n\", \"b\"", NULL},
    {"Digest nonce=\"@\"", "nextnonce=\"n", NULL},
    {"Digest nonce=\"@\"", "nextnonce=n==", NULL},
    {"Digest nonce=\"@\"", "Digest nextnonce=\"n\"", NULL},
    {"Digest nonce=\"@\"", "nextnonce=\"\"", NULL},
    {"Digest nonce=\"@\"", "nextnonce=", NULL},
    {"Digest nonce=\"@\"", "nextnonce", NULL},
    {"Digest nonce=\"@\"", "nonce=\"n\"", NULL},
    {"Digest nonce=\"@\"", "rspauth=\"nextnonce=n\"", NULL},
    {"Digest nonce=\"@\"", "", NULL},
    {"Digest nonce=\"@\"", "nextnonce=old", NULL}, /* its uses are counted on */
    {"Digest nonce=\"@\"", "nextnonce=older", "older"},
    {"Digest nonce=\"@\"", "nextnonce=Old", "Old"},
    {"Digest nonce=\"@\", algorithm=\"md5-sess\"", "nextnonce=n", NULL},
    {"Digest algorithm=\"SHA-256-sess\", nonce=\"@\"", "nextnonce=n", NULL},
    {"Digest realm=\"@\"", "nextnonce=n", NULL},
};

static void put_nonce(char out[200], const char *challenge, const char *nonce)
{
    const char *at = strchr(challenge, '@');

    snprintf(out, 200, "%.*s%s%s", (int)(at - challenge), challenge, nonce, at + 1);
}

START_TEST(the_next_nonce_takes_the_place_of_its_own)
{
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        for (int other = 0; other < 2; other++) {
            char own[200], expected[200] = "none", *bytes, *text;
            struct http_head head;

            side = (size_t)_i;
            put_nonce(own, named[i].challenge, "old");
            if (named[i].nonce && !other)
                put_nonce(expected, named[i].challenge, named[i].nonce);
            read_head(&head, &bytes, named[i].fields);
            ck_assert(challenge_write_next(own, &head, other ? sides[side].other : sides[side].name, &text));
            ck_assert_msg(strcmp(text ? text : "none", expected) == 0, "%s: %s", named[i].fields, text);
            free(text);
            free(bytes);
        }
}
END_TEST

START_TEST(a_next_nonce_that_is_too_long_for_libcurl_is_none)
{
    for (int more = 0; more < 2; more++) {
        char nonce[1100], field[1200], *bytes, *text;
        struct http_head head;

        memset(nonce, 'n', sizeof nonce);
        nonce[1023 + more] = '\0';
        snprintf(field, sizeof field, "nextnonce=\"%s\"", nonce);
        side = 0;
        read_head(&head, &bytes, field);
        ck_assert(challenge_write_next("Digest nonce=\"old\"", &head, sides[0].name, &text));
        ck_assert_int_eq(text != NULL, !more);
        free(text);
        free(bytes);
    }
}
END_TEST

/* Which cuts what is longer, in silence. */
START_TEST(what_is_too_long_for_libcurl_is_no_offer)
{
    side = 0;
    static const struct {
        const char *before, *behind;
        int most; /* bytes */
    } limits[] = {{"Digest nonce=\"", "\"", 1023}, {"Digest nonce=b, opaque=", "", 1023},
                  {"Digest ", "=x, nonce=\"b\"", 255}};

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (int more = 0; more < 2; more++) {
            char text[1200], field[1300], *bytes;
            struct http_head head;

            memset(text, 'n', sizeof text);
            text[limits[i].most + more] = '\0';
            snprintf(field, sizeof field, "%s%s%s", limits[i].before, text, limits[i].behind);
            read_head(&head, &bytes, field);
            ck_assert_uint_eq(challenge_offered(&head), more ? NONE : DIGEST);
            free(bytes);
        }
}
END_TEST

START_TEST(the_strongest_of_both_is_taken)
{
    ck_assert_int_eq(challenge_choose(NEGOTIATE | DIGEST | NTLM | BASIC, CHALLENGE_ALL), CHALLENGE_NEGOTIATE);
    ck_assert_int_eq(challenge_choose(DIGEST | NTLM | BASIC, CHALLENGE_ALL), CHALLENGE_DIGEST);
    ck_assert_int_eq(challenge_choose(NTLM | BASIC, CHALLENGE_ALL), CHALLENGE_NTLM);
    ck_assert_int_eq(challenge_choose(BASIC, CHALLENGE_ALL), CHALLENGE_BASIC);
    ck_assert_int_eq(challenge_choose(NEGOTIATE | BASIC, DIGEST | BASIC), CHALLENGE_BASIC);
    ck_assert_int_eq(challenge_choose(NEGOTIATE, DIGEST | BASIC), CHALLENGE_NONE);
    ck_assert_int_eq(challenge_choose(NONE, CHALLENGE_ALL), CHALLENGE_NONE);
    ck_assert_int_eq(challenge_choose(CHALLENGE_ALL, NONE), CHALLENGE_NONE);
    ck_assert_uint_eq(CHALLENGE_ALL, NEGOTIATE | DIGEST | NTLM | BASIC);
}
END_TEST

/* Each set of offers. */
START_TEST(what_binds_a_connection)
{
    for (unsigned offered = 0; offered <= CHALLENGE_ALL; offered += 2)
        ck_assert_msg(challenge_binds_connection(offered) ==
                          (offered == NTLM || offered == NEGOTIATE || offered == (NTLM | NEGOTIATE)), "%#x", offered);
}
END_TEST

START_TEST(lists_are_for_people)
{
    char out[CHALLENGE_LIST_MAX], small[12];

    ck_assert_str_eq(challenge_list(CHALLENGE_ALL, out, sizeof out), "Negotiate, Digest, NTLM, Basic");
    ck_assert_str_eq(challenge_list(NEGOTIATE | DIGEST, out, sizeof out), "Negotiate, Digest");
    ck_assert_str_eq(challenge_list(BASIC, out, sizeof out), "Basic");
    ck_assert_str_eq(challenge_list(NONE, out, sizeof out), "none");
    ck_assert_str_eq(challenge_list(CHALLENGE_ALL, small, sizeof small), "Negotiate, ");
    ck_assert_str_eq(challenge_words[CHALLENGE_NONE], "none");
    ck_assert_str_eq(challenge_words[CHALLENGE_BASIC], "basic");
    ck_assert_str_eq(challenge_words[CHALLENGE_NTLM], "ntlm");
    ck_assert_str_eq(challenge_words[CHALLENGE_DIGEST], "digest");
    ck_assert_str_eq(challenge_words[CHALLENGE_NEGOTIATE], "negotiate");
    ck_assert_ptr_null(challenge_words[CHALLENGE_NEGOTIATE + 1]);
}
END_TEST

int main(void)
{
    TCase *suite_cases = unit_case("challenge");

    tcase_add_loop_test(suite_cases, offers_are_found, 0, sizeof sides / sizeof sides[0]);
    tcase_add_test(suite_cases, nothing_behind_a_value_is_read);
    tcase_add_loop_test(suite_cases, a_challenge_is_written_as_libcurl_reads_it, 0, sizeof sides / sizeof sides[0]);
    tcase_add_loop_test(suite_cases, the_next_nonce_takes_the_place_of_its_own, 0, sizeof sides / sizeof sides[0]);
    tcase_add_test(suite_cases, a_next_nonce_that_is_too_long_for_libcurl_is_none);
    tcase_add_test(suite_cases, what_is_too_long_for_libcurl_is_no_offer);
    tcase_add_test(suite_cases, the_strongest_of_both_is_taken);
    tcase_add_test(suite_cases, what_binds_a_connection);
    tcase_add_test(suite_cases, lists_are_for_people);
    return unit_run();
}
