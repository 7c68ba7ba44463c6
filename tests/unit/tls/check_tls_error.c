/* SPDX-License-Identifier: ISC */
#include "tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "../unit.h"

#ifdef SSL_R_RECORD_LAYER_FAILURE
#define LAYER SSL_R_RECORD_LAYER_FAILURE
#else
#define LAYER SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC /* this OpenSSL has no such layer */
#endif

/* The reason that is told of these, of which the last is 0. */
static int told(const int *reasons)
{
    unsigned long error;

    for (; *reasons; reasons++)
        ERR_raise(ERR_LIB_SSL, *reasons);
    error = tls_error_take();
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert(error == 0 || ERR_GET_LIB(error) == ERR_LIB_SSL);
    return ERR_GET_REASON(error);
}

START_TEST(none_is_none)
{
    ck_assert_uint_eq(tls_error_take(), 0);
}
END_TEST

START_TEST(the_last_is_told)
{
    ck_assert_int_eq(told((const int[]){SSL_R_WRONG_VERSION_NUMBER, 0}), SSL_R_WRONG_VERSION_NUMBER);
    ck_assert_int_eq(told((const int[]){SSL_R_BAD_LENGTH, SSL_R_UNSUPPORTED_PROTOCOL, 0}), SSL_R_UNSUPPORTED_PROTOCOL);
}
END_TEST

START_TEST(that_a_layer_failed_is_no_reason)
{
    ck_assert_int_eq(told((const int[]){SSL_R_BAD_LENGTH, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, LAYER, 0}),
                     SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
    ck_assert_int_eq(told((const int[]){LAYER, SSL_R_UNSUPPORTED_PROTOCOL, 0}), SSL_R_UNSUPPORTED_PROTOCOL);
    ck_assert_int_eq(told((const int[]){LAYER, 0}), LAYER); /* better than nothing */
}
END_TEST

START_TEST(the_library_counts_too)
{
    ERR_raise(ERR_LIB_X509, 313);
    ck_assert_int_eq(ERR_GET_LIB(tls_error_take()), ERR_LIB_X509);
    ERR_raise(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL);
    ERR_raise(ERR_LIB_X509, 313);
    ck_assert_int_eq(ERR_GET_LIB(tls_error_take()), ERR_LIB_X509);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_error");

    tcase_add_test(cases, none_is_none);
    tcase_add_test(cases, the_last_is_told);
    tcase_add_test(cases, that_a_layer_failed_is_no_reason);
    tcase_add_test(cases, the_library_counts_too);
    return unit_run();
}
