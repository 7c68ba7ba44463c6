/* SPDX-License-Identifier: ISC */
#include "tls/alert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"

#define HOST "mail.example.net"

/* --- each alert that there is (RFC 8446 section 6.2, RFC 5246 section 7.2.2, RFC 7507) --- */

struct known {
    int alert;
    const char *name, *text, *what; /* NULL: the name behind what most begin with */
    bool denies, temporary;
};

#define OURS(name) "refuses our client certificate, or that we have none (alert " name ")"
#define DENIED(alert, name) {alert, name, OURS(name), OURS(name), true, false}
#define PLAIN(alert, name) {alert, name, NULL, NULL, false, false}

static const struct known known[] = {
    PLAIN(10, "unexpected_message"),
    PLAIN(20, "bad_record_mac"),
    PLAIN(22, "record_overflow"),
    {40, "handshake_failure", NULL,
     "refuses the TLS handshake (alert handshake_failure): no cipher in common, or it wants a client certificate",
     false, false},
    DENIED(42, "bad_certificate"),
    DENIED(43, "unsupported_certificate"),
    DENIED(44, "certificate_revoked"),
    DENIED(45, "certificate_expired"),
    DENIED(46, "certificate_unknown"),
    PLAIN(47, "illegal_parameter"),
    DENIED(48, "unknown_ca"),
    PLAIN(49, "access_denied"),
    PLAIN(50, "decode_error"),
    PLAIN(51, "decrypt_error"),
    {70, "protocol_version", NULL,
     "speaks no version of TLS that is trusted, 1.2 at least (alert protocol_version)", false, false},
    PLAIN(71, "insufficient_security"),
    {80, "internal_error", NULL, "gave up the TLS handshake (alert internal_error)", false, true},
    PLAIN(86, "inappropriate_fallback"),
    {90, "user_canceled", NULL, "gave up the TLS handshake (alert user_canceled)", false, true},
    PLAIN(100, "no_renegotiation"),
    PLAIN(109, "missing_extension"),
    PLAIN(110, "unsupported_extension"),
    {112, "unrecognized_name", NULL, "does not know the name " HOST " (alert unrecognized_name)", false, false},
    PLAIN(113, "bad_certificate_status_response"),
    PLAIN(115, "unknown_psk_identity"),
    DENIED(116, "certificate_required"),
    PLAIN(120, "no_application_protocol"),
};

#define KNOWN (sizeof known / sizeof known[0])

static void check_text(const char *text, const char *expected, const char *prefix, const char *suffix)
{
    char both[200];

    snprintf(both, sizeof both, "%s%s%s", prefix, expected, suffix);
    ck_assert_str_eq(text, both);
}

START_TEST(each_alert_has_its_words)
{
    const struct known *one = &known[_i];
    struct failure failure;

    check_text(alert_text(one->alert), one->text ? one->text : one->name, one->text ? "" : "TLS alert ", "");
    ck_assert_int_eq(alert_denies(one->alert), one->denies);
    memset(&failure, 'x', sizeof failure);
    alert_fail(one->alert, HOST, &failure);
    ck_assert_int_eq(failure.class, one->temporary ? FAILURE_TEMPORARY : FAILURE_PERMANENT);
    check_text(failure.what, one->what ? one->what : one->name,
               one->what ? "" : "refuses the TLS handshake (alert ", one->what ? "" : ")");
    ck_assert_str_eq(failure.where, "");
    ck_assert_str_eq(failure.scheme, "");
    ck_assert_str_eq(failure.detail, "");
}
END_TEST

static bool is_known(int alert)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (known[i].alert == alert)
            return true;
    return false;
}

/* Of what a byte can say, and beyond. */
START_TEST(all_others_are_of_an_unknown_kind)
{
    unsigned others = 0;

    for (int alert = -2; alert <= 300; alert++) {
        struct failure failure;

        if (is_known(alert))
            continue;
        others++;
        ck_assert_str_eq(alert_text(alert), "TLS alert of an unknown kind");
        ck_assert_int_eq(alert_denies(alert), false);
        alert_fail(alert, HOST, &failure);
        ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
        ck_assert_str_eq(failure.what, "refuses the TLS handshake (alert of an unknown kind)");
    }
    ck_assert_uint_eq(others, 303 - KNOWN);
}
END_TEST

START_TEST(the_name_that_it_does_not_know_is_escaped)
{
    struct failure failure;
    char host[400];

    alert_fail(112, "a\"b\r\n\x80", &failure);
    ck_assert_str_eq(failure.what, "does not know the name a\\\"b\\r\\n\\x80 (alert unrecognized_name)");
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    alert_fail(112, host, &failure);
    ck_assert_uint_eq(strlen(failure.what), sizeof failure.what - 1);
    ck_assert_int_eq(strncmp(failure.what, "does not know the name hhh", 26), 0);
}
END_TEST

/* --- which errors of OpenSSL are alerts --- */

START_TEST(an_alert_of_the_other_side_is_known_by_its_number)
{
    for (int alert = 0; alert <= 255; alert++)
        ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + alert)), alert);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)), 40);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)), 116);
}
END_TEST

START_TEST(all_other_errors_are_our_own)
{
    ck_assert_int_eq(alert_of(0), -1);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET - 1)), -1);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED)), -1);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SSL, 0, ERR_R_INTERNAL_ERROR)), -1);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_X509, 0, SSL_AD_REASON_OFFSET + 40)), -1);
    ck_assert_int_eq(alert_of(ERR_PACK(ERR_LIB_SYS, 0, SSL_AD_REASON_OFFSET + 40)), -1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("alert");

    tcase_add_loop_test(cases, each_alert_has_its_words, 0, KNOWN);
    tcase_add_test(cases, all_others_are_of_an_unknown_kind);
    tcase_add_test(cases, the_name_that_it_does_not_know_is_escaped);
    tcase_add_test(cases, an_alert_of_the_other_side_is_known_by_its_number);
    tcase_add_test(cases, all_other_errors_are_our_own);
    return unit_run();
}
