/* SPDX-License-Identifier: ISC */
#include "config/trusted.h"

#include <stdlib.h>
#include <string.h>

#include "config/value_kind.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/public_suffix.h"

#define MEMBER_MAX (ENDPOINT_HOST_MAX + sizeof "*.") /* longer than any address, too */

/* --- who is in it --- */

static bool is_same_name(const char *a, const char *b)
{
    return endpoint_host_within(a, b, strlen(b)) && endpoint_host_within(b, a, strlen(a));
}

static bool is_below(const char *host, const char *domain)
{
    return endpoint_host_within(host, domain, strlen(domain)) && !is_same_name(host, domain);
}

static bool member_names(const char *member, const char *host)
{
    struct address own, address;

    if (address_from_literal(&address, host, 0))
        return address_from_literal(&own, member, 0) && address_equal(&own, &address);
    return member[0] == '*' ? is_below(host, member + strlen("*.")) : is_same_name(host, member);
}

bool trusted_names(const struct value_texts *trusted, const char *host)
{
    for (size_t i = 0; i < trusted->count; i++)
        if (member_names(trusted->at[i], host))
            return true;
    return false;
}

/* --- as a value --- */

/* Words for what people write in place of a member; NULL: it is none of that. */
static const char *misunderstanding(const char *text, size_t length)
{
    if (length == 1 && *text == '*')
        return "* would give the password to any host that is found: name the hosts, or *.domain";
    if (memmem(text, length, "://", 3))
        return "takes hosts and no URLs: leave out what stands before and behind the host";
    if (memchr(text, ',', length))
        return "its members are separated by blanks, not by commas";
    if (*text == '.')
        return "what is below a domain is written as *.domain";
    if (memchr(text + 1, '*', length - 1) || (*text == '*' && (length < 3 || text[1] != '.')))
        return "a * stands for whole labels at the start alone, as in *.example.net";
    return memchr(text, '/', length) ? "takes hosts, no networks and no paths" : NULL;
}

/* Reads a literal with or without brackets; out gets it without. */
static bool read_address(struct address *address, char *out, const char *text, size_t length)
{
    if (length > 2 && text[0] == '[' && text[length - 1] == ']')
        text++, length -= 2;
    if (length >= ADDRESS_TEXT_MAX)
        return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return address_from_literal(address, out, 0);
}

/* Writes the member as it is kept. */
static bool read_member(char out[MEMBER_MAX], const char *text, size_t length, const char **why)
{
    const size_t stars = *text == '*' ? strlen("*.") : 0;
    struct endpoint place;
    struct address address;

    if ((*why = misunderstanding(text, length)) != NULL)
        return false;
    if (read_address(&address, out, text, length)) {
        if (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr))
            return value_fault(why, "has an IPv4 address in IPv6; write it as an IPv4 address");
        return true;
    }
    if (memchr(text, ':', length))
        return value_fault(why, "takes hosts without a port");
    if (!endpoint_parse(&place, text + stars, length - stars, 1, why))
        return false;
    if (endpoint_ends_in_number(place.host))
        return value_fault(why, "has a host that ends in a number and is no address");
    if (stars > 0 && public_suffix_is(place.host))
        return value_fault(why, "anybody can have a host below such a domain, and would get the password: name the "
                                "domain of your own, as in *.example.net");
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool parse_trusted(const struct value_rule *rule, const struct protocol *protocol, void *field,
                          const char *value, const char **why)
{
    struct value_texts *texts = field;

    (void)rule, (void)protocol;
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");
        char member[MEMBER_MAX];

        if (texts->count == VALUE_LIST_MAX)
            return value_fault(why, "more than 32 in one list");
        if (!read_member(member, value, length, why))
            return false;
        if (!(texts->at[texts->count] = strdup(member)))
            return value_fault(why, "does not fit into memory");
        texts->count++;
        value += length;
    }
    return texts->count > 0 || value_fault(why, "empty");
}

static void print_trusted(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_texts *texts = field;

    fprintf(out, "%s%s =", texts->count > 0 ? "" : ";", rule->key);
    for (size_t i = 0; i < texts->count; i++)
        fprintf(out, " %s", texts->at[i]);
    fputc('\n', out);
}

static void release_trusted(void *field)
{
    struct value_texts *texts = field;

    while (texts->count > 0)
        free(texts->at[--texts->count]);
    memset(texts, 0, sizeof *texts);
}

const struct value_kind value_trusted = {parse_trusted, print_trusted, release_trusted, parse_trusted};
