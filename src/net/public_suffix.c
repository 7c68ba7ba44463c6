/* SPDX-License-Identifier: ISC */
#include "net/public_suffix.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpsl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 256

const char *public_suffix_version(void)
{
    return psl_get_version();
}

/* libpsl needs lower case without a dot at the end.  False: host is an address, or too long. */
static bool prepare(char out[NAME_MAX_BYTES], const char *host)
{
    struct in6_addr ignored;
    size_t length = strlen(host);

    if (inet_pton(AF_INET, host, &ignored) == 1 || strchr(host, ':') || length >= NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i <= length; i++)
        out[i] = (char)tolower((unsigned char)host[i]);
    if (length > 0 && out[length - 1] == '.')
        out[length - 1] = '\0';
    return true;
}

bool public_suffix_is(const char *name)
{
    const psl_ctx_t *list = psl_builtin();
    char prepared[NAME_MAX_BYTES];

    return list && prepare(prepared, name) &&
           psl_is_public_suffix2(list, prepared, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);
}

bool public_suffix_same_domain(const char *a, const char *b)
{
    const psl_ctx_t *list = psl_builtin();
    char of_a[NAME_MAX_BYTES], of_b[NAME_MAX_BYTES];
    const char *domain_a, *domain_b;

    if (strcasecmp(a, b) == 0)
        return true;
    if (!list || !prepare(of_a, a) || !prepare(of_b, b))
        return false;
    domain_a = psl_registrable_domain(list, of_a);
    domain_b = psl_registrable_domain(list, of_b);
    return domain_a && domain_b && strcmp(domain_a, domain_b) == 0;
}
