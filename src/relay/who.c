/* SPDX-License-Identifier: ISC */
#include "relay/who.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"

const char *who_write(const struct address *from, const char *user, char out[WHO_MAX])
{
    char address[ADDRESS_TEXT_MAX] = "unknown", quoted[WHO_MAX - ADDRESS_TEXT_MAX - 20];

    if (from->any.sa_family != AF_UNSPEC)
        (address_port(from) > 0 ? address_format : address_format_host)(from, address);
    if (user)
        snprintf(out, WHO_MAX, "from=%s user=\"%s\"", address, log_escape(quoted, sizeof quoted, user, strlen(user)));
    else
        snprintf(out, WHO_MAX, "from=%s", address);
    return out;
}
