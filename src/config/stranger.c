/* SPDX-License-Identifier: ISC */
#include "config/stranger.h"

#include <stdlib.h>

struct proxy_config *stranger_new(const struct proxy_config *section)
{
    struct proxy_config *stranger = malloc(sizeof *stranger);

    if (!stranger)
        return NULL;
    *stranger = *section;
    stranger->user = NULL;
    stranger->password = stranger->password_file = stranger->password_command = NULL;
    stranger->auth = AUTH_NONE; /* any other could prove who we are by a ticket */
    stranger->headers = (struct value_texts){0};
    stranger->cert_file = stranger->key_file = NULL;
    stranger->stranger = NULL;
    return stranger;
}
