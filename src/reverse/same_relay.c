/* SPDX-License-Identifier: ISC */
#include "reverse/same_relay.h"

#include <string.h>

#include "config/places.h"

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_headers(const struct value_texts *a, const struct value_texts *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_text(a->at[i], b->at[i]))
            return false;
    return true;
}

bool same_relay(const struct reverse_config *a, const struct reverse_config *b)
{
    const struct proxy_config *one = &a->relay, *other = &b->relay;

    return endpoint_equal(&one->urls.at[0], &other->urls.at[0]) &&
           same_text(one->urls.paths[0], other->urls.paths[0]) && same_text(one->user, other->user) &&
           same_text(one->password, other->password) && same_text(one->password_file, other->password_file) &&
           same_text(one->password_command, other->password_command) && one->auth == other->auth &&
           same_headers(&one->headers, &other->headers) && same_text(one->ca_file, other->ca_file) &&
           same_text(one->cert_file, other->cert_file) && same_text(one->key_file, other->key_file) &&
           one->verify == other->verify && same_text(a->proxy_name, b->proxy_name);
}
