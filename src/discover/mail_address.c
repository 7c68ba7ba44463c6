/* SPDX-License-Identifier: ISC */
#include "discover/mail_address.h"

#include <string.h>

/* What a local part consists of without quotes (RFC 5321 section 4.1.2, RFC 5322 section 3.2.3: atext), and dots. */
static bool is_local_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* Whether no dot stands at an end or beside another. */
static bool has_dots_between(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '.' && (i == 0 || i + 1 == length || text[i + 1] == '.'))
            return false;
    return true;
}

static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] > 0x7e || (unsigned char)text[i] < 0x20)
            return false;
    return true;
}

static bool check_local(const char *text, size_t length, const char **why)
{
    *why = NULL;
    if (length == 0)
        *why = "nothing stands before the @";
    else if (length > MAIL_ADDRESS_LOCAL_MAX)
        *why = "the part before the @ is longer than 64 characters";
    else if (text[0] == '"')
        *why = "an address in quotes is not understood";
    for (size_t i = 0; !*why && i < length; i++)
        if (!is_local_byte(text[i]))
            *why = "the part before the @ has a character that no address has";
    if (!*why && !has_dots_between(text, length))
        *why = "a dot of the part before the @ has nothing on one side";
    return !*why;
}

/* A label of letters, digits and hyphens within (RFC 1123 section 2.1), at most 63 bytes. */
static bool is_label(const char *text, size_t length)
{
    if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-'))
            return false;
    return true;
}

static bool has_labels(const char *domain)
{
    const char *at = domain;

    for (;;) {
        size_t length = strcspn(at, ".");

        if (!is_label(at, length))
            return false;
        if (at[length] == '\0')
            return true;
        at += length + 1;
    }
}

/* Copies the domain in lower case, without the dot at its end, and checks it. */
static bool read_domain(char out[MAIL_ADDRESS_DOMAIN_MAX + 1], const char *text, size_t length, const char **why)
{
    if (length > 0 && text[length - 1] == '.')
        length--;
    *why = NULL;
    if (length == 0)
        *why = "nothing stands behind the @";
    else if (text[0] == '[')
        *why = "an address of a host in brackets has no domain to ask";
    else if (length > MAIL_ADDRESS_DOMAIN_MAX)
        *why = "its domain is too long";
    if (*why)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    out[length] = '\0';
    if (!has_labels(out))
        *why = "its domain is none: it has letters, digits, hyphens, and dots between";
    else if (!strchr(out, '.'))
        *why = "its domain has no dot: is the end missing?";
    else if (endpoint_ends_in_number(out))
        *why = "its domain ends in a number, as no domain does";
    return !*why;
}

bool mail_address_parse(struct mail_address *address, const char *text, size_t length, const char **why)
{
    size_t local = 0;

    while (length > 0 && strchr(" \t\r\n", text[0]) && text[0]) {
        text++;
        length--;
    }
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) && text[length - 1])
        length--;
    memset(address, 0, sizeof *address);
    if (!is_ascii(text, length)) {
        *why = "only ASCII is understood: a domain in other letters is written as xn--...";
        return false;
    }
    for (size_t i = 0; i < length; i++)
        if (text[i] == '@')
            local = i + 1; /* the last one */
    if (local == 0) {
        *why = "it has no @";
        return false;
    }
    if (!check_local(text, local - 1, why) || !read_domain(address->domain, text + local, length - local, why))
        return false;
    memcpy(address->local, text, local - 1);
    memcpy(address->text, text, local);
    memcpy(address->text + local, address->domain, strlen(address->domain));
    return true;
}
