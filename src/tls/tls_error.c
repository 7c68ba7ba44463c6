/* SPDX-License-Identifier: ISC */
#include "tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdbool.h>

/* Since OpenSSL 3.2 records are read by a layer of their own, which puts "I failed" on top of the reason. */
static bool is_about_the_layer(unsigned long error)
{
#ifdef SSL_R_RECORD_LAYER_FAILURE
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_RECORD_LAYER_FAILURE;
#else
    (void)error;
    return false;
#endif
}

unsigned long tls_error_take(void)
{
    unsigned long error, said = 0;

    while ((error = ERR_get_error()))
        if (said == 0 || !is_about_the_layer(error))
            said = error;
    return said;
}
