#include "config/proxy_environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char *variable(const char *name)
{
    char upper[64];
    const char *value = getenv(name);
    size_t i;

    for (i = 0; name[i] && i < sizeof upper - 1; i++)
        upper[i] = (char)toupper((unsigned char)name[i]);
    upper[i] = '\0';
    if (!value || !*value)
        value = getenv(upper);
    return value && *value ? value : NULL;
}

const char *proxy_environment_find(const char *scheme)
{
    char name[64];
    const char *value;

    snprintf(name, sizeof name, "%.40s_proxy", scheme);
    value = variable(name);
    return value ? value : variable("all_proxy");
}

const char *proxy_environment_no_proxy(void)
{
    return variable("no_proxy");
}
