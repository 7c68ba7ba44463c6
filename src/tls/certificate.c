/* SPDX-License-Identifier: ISC */
#include "tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define NAME_BYTES 72    /* for one name in the failure's text, of which the client gets about 150 bytes */
#define BRIEF_BYTES 56   /* for one name in the detail: two of them, the list of names and the dates fit */
#define NAMES_BYTES 84   /* for the list of names */
#define HOST_BYTES 256
#define DATE_BYTES 24

/* --- parts of a certificate --- */

/* Writes an ASN.1 string of any type, escaped.  False: it cannot be converted to text. */
static bool text_of(const ASN1_STRING *string, char *out, size_t size)
{
    unsigned char *utf8 = NULL;
    int length = string ? ASN1_STRING_to_UTF8(&utf8, string) : -1;

    if (length < 0)
        return false;
    log_escape(out, size, utf8, (size_t)length);
    OPENSSL_free(utf8);
    return true;
}

const char *certificate_name(const X509_NAME *name, char *out, size_t size)
{
    static const struct {
        int part;
        const char *prefix;
    } telling[] = {{NID_commonName, "CN="}, {NID_organizationName, "O="}, {NID_organizationalUnitName, "OU="}};

    for (size_t i = 0; name && i < sizeof telling / sizeof *telling; i++) {
        int at = X509_NAME_get_index_by_NID(name, telling[i].part, -1);
        size_t prefix = strlen(telling[i].prefix);

        if (at < 0 || size <= prefix ||
            !text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), out + prefix, size - prefix))
            continue;
        memcpy(out, telling[i].prefix, prefix);
        return out;
    }
    snprintf(out, size, "nobody");
    return out;
}

const char *certificate_describe(const X509 *certificate, char *out, size_t size)
{
    char subject[NAME_BYTES], issuer[NAME_BYTES];

    snprintf(out, size, "certificate of %s by %s",
             certificate_name(X509_get_subject_name(certificate), subject, sizeof subject),
             certificate_name(X509_get_issuer_name(certificate), issuer, sizeof issuer));
    return out;
}

static const char *date_of(const ASN1_TIME *time, char out[DATE_BYTES])
{
    struct tm parts;

    if (!time || ASN1_TIME_to_tm(time, &parts) != 1 || strftime(out, DATE_BYTES, "%Y-%m-%d", &parts) == 0)
        snprintf(out, DATE_BYTES, "unknown");
    return out;
}

/* Writes a subject alternative name.  False: it is neither a DNS name nor an IP address. */
static bool host_name_of(const GENERAL_NAME *name, char *out, size_t size)
{
    const ASN1_STRING *value;
    int length;

    if (name->type == GEN_DNS)
        return text_of(name->d.dNSName, out, size);
    if (name->type != GEN_IPADD)
        return false;
    value = name->d.iPAddress;
    length = ASN1_STRING_length(value);
    if (length != 4 && length != 16)
        return false;
    return inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), out, (socklen_t)size) != NULL;
}

/* Lists the host names of a certificate; ", ..." if not all fit.  Returns their number, 0 when there are none. */
static int host_names(const X509 *certificate, char *out, size_t size)
{
    static const char more[] = ", ...";
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t at = 0;
    int count = 0;

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char name[NAME_BYTES];

        if (!host_name_of(sk_GENERAL_NAME_value(names, i), name, sizeof name))
            continue;
        count++;
        if (at + strlen(name) + 2 + sizeof more > size) {
            snprintf(out + at, size - at, "%s", at ? more : more + 2);
            break;
        }
        at += (size_t)snprintf(out + at, size - at, "%s%s", count > 1 ? ", " : "", name);
    }
    GENERAL_NAMES_free(names);
    return count;
}

/* --- why a certificate is refused --- */

void certificate_take_note(struct certificate_fault *fault, X509_STORE_CTX *check)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(check), *at = X509_STORE_CTX_get_current_cert(check);

    fault->error = X509_STORE_CTX_get_error(check);
    fault->depth = X509_STORE_CTX_get_error_depth(check);
    if (leaf && X509_up_ref(leaf))
        fault->leaf = leaf;
    if (at && X509_up_ref(at))
        fault->at = at;
}

void certificate_fault_release(struct certificate_fault *fault)
{
    X509_free(fault->leaf);
    X509_free(fault->at);
    fault->leaf = fault->at = NULL;
}

static void name_does_not_match(const X509 *leaf, const char *host, struct failure *failure)
{
    char names[NAMES_BYTES], subject[NAME_BYTES];

    if (host_names(leaf, names, sizeof names) > 0) {
        failure_set(failure, FAILURE_PERMANENT, "certificate is for %s, not for %s", names, host);
        failure_brief(failure, 0, "certificate is not for %s, but for %s", host, names);
    } else {
        failure_set(failure, FAILURE_PERMANENT, "certificate has no name of a host (its subject, %s, does not count), "
                    "it is not for %s", certificate_name(X509_get_subject_name(leaf), subject, sizeof subject), host);
    }
}

/* "certificate" for the server's own; for one of the chain also whose it is. */
static const char *which(const struct certificate_fault *fault, char *out, size_t size)
{
    char name[NAME_BYTES];

    if (fault->depth == 0 || !fault->at)
        snprintf(out, size, "certificate");
    else
        snprintf(out, size, "certificate of the authority %s",
                 certificate_name(X509_get_subject_name(fault->at), name, sizeof name));
    return out;
}

/* The same in a word or two. */
static const char *which_kind(const struct certificate_fault *fault)
{
    return fault->depth == 0 || !fault->at ? "certificate" : "an authority's certificate";
}

static int key_bits(const X509 *certificate)
{
    EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;

    return key ? EVP_PKEY_get_bits(key) : 0;
}

static void weak_signature(const struct certificate_fault *fault, const char *subject, struct failure *failure)
{
    int digest = NID_undef;
    const char *name;

    if (fault->at)
        X509_get_signature_info(fault->at, &digest, NULL, NULL, NULL);
    name = digest == NID_sha1 ? "SHA-1" : digest == NID_undef ? "a weak digest" : OBJ_nid2sn(digest);
    failure_set(failure, FAILURE_PERMANENT, "%s is signed with %s, which is not trusted", subject, name);
    failure_brief(failure, 0, "%s is signed with %s", which_kind(fault), name);
}

/* The chain ends at a certificate that is neither trusted nor issued by a trusted authority. */
static void nobody_trusts_it(const struct certificate_fault *fault, const char *ca_option, struct failure *failure)
{
    const X509 *last = fault->at ? fault->at : fault->leaf;
    char issuer[NAME_BYTES];

    certificate_name(last ? X509_get_issuer_name(last) : NULL, issuer, sizeof issuer);
    if (fault->depth == 0) /* only the server's own: perhaps it did not send an intermediate certificate */
        failure_set(failure, FAILURE_PERMANENT, "certificate is by an authority that is not trusted: %s; set %s, or "
                    "have the server send the whole chain", issuer, ca_option);
    else
        failure_set(failure, FAILURE_PERMANENT, "certificate is by an authority that is not trusted: %s; set %s",
                    issuer, ca_option);
}

/* What kind of fault it is. */
static enum failure_cause cause_of(const struct certificate_fault *fault)
{
    switch (fault->error) {
    case X509_V_ERR_HOSTNAME_MISMATCH: case X509_V_ERR_IP_ADDRESS_MISMATCH: return CAUSE_WRONG_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED: return CAUSE_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CAUSE_NOT_YET_VALID;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return CAUSE_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return CAUSE_UNKNOWN_AUTHORITY;
    case X509_V_ERR_EE_KEY_TOO_SMALL: case X509_V_ERR_CA_KEY_TOO_SMALL: case X509_V_ERR_CA_MD_TOO_WEAK:
        return CAUSE_WEAK;
    default: return CAUSE_OTHER;
    }
}

static void explain(const struct certificate_fault *fault, const char *host, const char *ca_option,
                    struct failure *failure)
{
    char subject[NAME_BYTES + 48], date[DATE_BYTES];

    which(fault, subject, sizeof subject);
    switch (fault->error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        name_does_not_match(fault->leaf, host, failure);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        failure_set(failure, FAILURE_PERMANENT, "%s expired on %s", subject,
                    date_of(fault->at ? X509_get0_notAfter(fault->at) : NULL, date));
        failure_brief(failure, 0, "%s expired on %s", which_kind(fault), date);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        failure_set(failure, FAILURE_PERMANENT, "%s is not valid before %s", subject,
                    date_of(fault->at ? X509_get0_notBefore(fault->at) : NULL, date));
        failure_brief(failure, 0, "%s is not valid before %s", which_kind(fault), date);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        failure_set(failure, FAILURE_PERMANENT, "certificate is signed by itself and not trusted; set %s to a file "
                    "that holds it", ca_option);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        nobody_trusts_it(fault, ca_option, failure);
        return;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
        failure_set(failure, FAILURE_PERMANENT, "%s has a key that is too short (%d bits)", subject,
                    key_bits(fault->at));
        failure_brief(failure, 0, "%s has a key that is too short (%d bits)", which_kind(fault),
                      key_bits(fault->at));
        return;
    case X509_V_ERR_CA_MD_TOO_WEAK:
        weak_signature(fault, subject, failure);
        return;
    default:
        failure_set(failure, FAILURE_PERMANENT, "%s is not trusted: %s", subject,
                    X509_verify_cert_error_string(fault->error));
        failure_brief(failure, 0, "%s is not trusted: %s", which_kind(fault),
                      X509_verify_cert_error_string(fault->error));
    }
}

void certificate_fail(const struct certificate_fault *fault, const char *host, const char *ca_option,
                      struct failure *failure)
{
    char expected[HOST_BYTES], names[NAMES_BYTES], subject[BRIEF_BYTES], issuer[BRIEF_BYTES];
    char from[DATE_BYTES], until[DATE_BYTES];
    const X509 *leaf = fault->leaf;

    explain(fault, log_escape(expected, sizeof expected, host, strlen(host)), ca_option, failure);
    failure->cause = cause_of(fault);
    if (!leaf)
        return;
    host_names(leaf, names, sizeof names);
    snprintf(failure->detail, sizeof failure->detail, " certificate=\"%s; for %s; by %s; %s to %s\"",
             certificate_name(X509_get_subject_name(leaf), subject, sizeof subject), names[0] ? names : "no host",
             certificate_name(X509_get_issuer_name(leaf), issuer, sizeof issuer),
             date_of(X509_get0_notBefore(leaf), from), date_of(X509_get0_notAfter(leaf), until));
}
