#include "config/config_print.h"

#include <string.h>

#include "config/option.h"
#include "protocol/protocol.h"

static void print_section(enum option_section section, const void *base, FILE *out)
{
    for (size_t i = 0; option_row(i); i++)
        if (option_row(i)->section == section)
            value_print(&option_row(i)->rule, option_field_const(option_row(i), base), out);
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
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        const char *slash = strchr(listener->name, '/');

        fprintf(out, "\n[%s%s%s]\n", listener->protocol->section, slash ? " " : "", slash ? slash + 1 : "");
        print_section(OPTION_LISTENER, listener, out);
    }
}
