/* SPDX-License-Identifier: ISC */
#include "tls/alert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"

#define ALERT "TLS alert "
#define DENIED(name) "refuses our client certificate, or that we have none (alert " name ")"
static const char *const alerts[] = {
    [SSL_AD_UNEXPECTED_MESSAGE] = ALERT "unexpected_message",
    [SSL_AD_BAD_RECORD_MAC] = ALERT "bad_record_mac",
    [SSL_AD_RECORD_OVERFLOW] = ALERT "record_overflow",
    [SSL_AD_HANDSHAKE_FAILURE] = ALERT "handshake_failure",
    [SSL_AD_BAD_CERTIFICATE] = DENIED("bad_certificate"),
    [SSL_AD_UNSUPPORTED_CERTIFICATE] = DENIED("unsupported_certificate"),
    [SSL_AD_CERTIFICATE_REVOKED] = DENIED("certificate_revoked"),
    [SSL_AD_CERTIFICATE_EXPIRED] = DENIED("certificate_expired"),
    [SSL_AD_CERTIFICATE_UNKNOWN] = DENIED("certificate_unknown"),
    [SSL_AD_ILLEGAL_PARAMETER] = ALERT "illegal_parameter",
    [SSL_AD_UNKNOWN_CA] = DENIED("unknown_ca"),
    [SSL_AD_ACCESS_DENIED] = ALERT "access_denied",
    [SSL_AD_DECODE_ERROR] = ALERT "decode_error",
    [SSL_AD_DECRYPT_ERROR] = ALERT "decrypt_error",
    [SSL_AD_PROTOCOL_VERSION] = ALERT "protocol_version",
    [SSL_AD_INSUFFICIENT_SECURITY] = ALERT "insufficient_security",
    [SSL_AD_INTERNAL_ERROR] = ALERT "internal_error",
    [SSL_AD_INAPPROPRIATE_FALLBACK] = ALERT "inappropriate_fallback",
    [SSL_AD_USER_CANCELLED] = ALERT "user_canceled",
    [SSL_AD_NO_RENEGOTIATION] = ALERT "no_renegotiation",
    [SSL_AD_MISSING_EXTENSION] = ALERT "missing_extension",
    [SSL_AD_UNSUPPORTED_EXTENSION] = ALERT "unsupported_extension",
    [SSL_AD_UNRECOGNIZED_NAME] = ALERT "unrecognized_name",
    [SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE] = ALERT "bad_certificate_status_response",
    [SSL_AD_UNKNOWN_PSK_IDENTITY] = ALERT "unknown_psk_identity",
    [SSL_AD_CERTIFICATE_REQUIRED] = DENIED("certificate_required"),
    [SSL_AD_NO_APPLICATION_PROTOCOL] = ALERT "no_application_protocol",
};

int alert_of(unsigned long error)
{
    int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;

    /* an alert is one byte; larger numbers are reasons common to all of OpenSSL, such as ERR_R_MALLOC_FAILURE */
    return ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= 0 && alert <= UINT8_MAX ? alert : -1;
}

const char *alert_text(int alert)
{
    const char *text = (size_t)alert < sizeof alerts / sizeof *alerts ? alerts[alert] : NULL;

    return text ? text : ALERT "of an unknown kind";
}

bool alert_denies(int alert)
{
    return alert >= 0 && strncmp(alert_text(alert), ALERT, strlen(ALERT)) != 0;
}

void alert_fail(int alert, const char *host, struct failure *failure)
{
    const char *text = alert_text(alert);
    char asked[256];

    if (alert_denies(alert)) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "%s", text);
        failure->cause = CAUSE_OUR_CERTIFICATE;
        return;
    }
    text += strlen(ALERT) - strlen("alert ");
    switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "speaks no version of TLS that is trusted, 1.2 at "
                    "least (%s)", text);
        failure->cause = CAUSE_OLD_TLS;
        return;
    case SSL_AD_HANDSHAKE_FAILURE:
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "refuses the TLS handshake (%s): no cipher in common, "
                    "or it wants a client certificate", text);
        return;
    case SSL_AD_UNRECOGNIZED_NAME:
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "does not know the name %s (%s)",
                    log_escape(asked, sizeof asked, host, strlen(host)), text);
        return;
    case SSL_AD_INTERNAL_ERROR:
    case SSL_AD_USER_CANCELLED:
        failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "gave up the TLS handshake (%s)", text);
        return;
    default:
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "refuses the TLS handshake (%s)", text);
    }
}
