#include "config/config_print.h"

#include <string.h>

#include "config/option.h"

static void print_section(enum option_section section, const void *base, FILE *out)
{
    for (size_t i = 0; option_row(i); i++)
        if (option_row(i)->section == section)
            value_print(&option_row(i)->rule, option_field_const(option_row(i), base), out);
}

/* A section whose name is "kind" or "kind/label". */
static void print_named(enum option_section section, const char *name, const void *base, FILE *out)
{
    const char *slash = strchr(name, '/');

    if (slash)
        fprintf(out, "\n[%.*s %s]\n", (int)(slash - name), name, slash + 1);
    else
        fprintf(out, "\n[%s]\n", name);
    print_section(section, base, out);
}

void config_print(const struct config *config, FILE *out)
{
    fprintf(out, "[sallyport]\n");
    print_section(OPTION_GLOBAL, &config->settings, out);
    fprintf(out, "\n[redirects]\n");
    print_section(OPTION_REDIRECTS, &config->redirects, out);
    for (size_t i = 0; i < config->proxy_count; i++) {
        fprintf(out, "\n[proxy%s%s]\n", *config->proxies[i].label ? " " : "", config->proxies[i].label);
        print_section(OPTION_PROXY, &config->proxies[i], out);
    }
    for (size_t i = 0; i < config->listener_count; i++)
        print_named(OPTION_LISTENER, config->listeners[i].name, &config->listeners[i], out);
    for (size_t i = 0; i < config->reverse_count; i++)
        print_named(OPTION_REVERSE, config->reverses[i].name, &config->reverses[i], out);
    for (size_t i = 0; i < config->relay_count; i++)
        print_named(OPTION_RELAY, config->relays[i].name, &config->relays[i], out);
    for (size_t i = 0; i < config->public_count; i++)
        print_named(OPTION_PUBLIC, config->publics[i].name, &config->publics[i], out);
}
