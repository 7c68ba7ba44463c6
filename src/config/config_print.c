/* SPDX-License-Identifier: ISC */
#include "config/config_print.h"

#include <string.h>

#include "base/log.h"
#include "config/option.h"
#include "config/origins.h"

/* What is being printed.  Where one file is all that there is, nothing is said of where values are from. */
struct printing {
    const struct config *config;
    FILE *out;
    bool tells;
};

/* A file's name may have anything in it. */
static void print_place(const struct printing *printing, const char *before, int where)
{
    char place[SOURCES_TEXT_MAX], shown[4 * SOURCES_TEXT_MAX];

    sources_format(&printing->config->sources, where, place);
    fprintf(printing->out, "# %s%s\n", before, log_escape(shown, sizeof shown, place, strlen(place)));
}

/* Says above a value which line it is from, and of several defaults above the first.  *before: 0: the value above is
 * one. */
static void tell_origin(const struct printing *printing, int where, int *before)
{
    if (where)
        print_place(printing, "", where);
    else if (*before)
        fputs("# default\n", printing->out);
    *before = where;
}

/* Section `index` of its kind. */
static void print_section(const struct printing *printing, enum option_section section, size_t index, const void *base)
{
    const int *set_at = origins_of(printing->config->origins, section, index);
    int before = -1; /* there is none */

    for (size_t i = 0; option_row(i); i++) {
        if (option_row(i)->section != section)
            continue;
        if (printing->tells)
            tell_origin(printing, set_at ? set_at[i] : 0, &before);
        value_print(&option_row(i)->rule, option_field_const(option_row(i), base), printing->out);
    }
}

/* A section whose name is "kind" or "kind/label". */
static void print_named(const struct printing *printing, enum option_section section, size_t index, const char *name,
                        const void *base)
{
    const char *slash = strchr(name, '/');

    if (slash)
        fprintf(printing->out, "\n[%.*s %s]\n", (int)(slash - name), name, slash + 1);
    else
        fprintf(printing->out, "\n[%s]\n", name);
    print_section(printing, section, index, base);
}

static void print_files(const struct printing *printing)
{
    fputs("# Each of these files lies over those above it.  Above a value stands where it\n# is from, and above the "
          "first of several defaults that.\n", printing->out);
    for (size_t i = 0; i < printing->config->sources.count; i++)
        print_place(printing, "  ", sources_where(sources_from_below(&printing->config->sources, i), 0));
    fputc('\n', printing->out);
}

void config_print(const struct config *config, FILE *out)
{
    const struct printing printing = {config, out, config->sources.count > 1};

    if (printing.tells)
        print_files(&printing);
    fprintf(out, "[sallyport]\n");
    print_section(&printing, OPTION_GLOBAL, 0, &config->settings);
    fprintf(out, "\n[redirects]\n");
    print_section(&printing, OPTION_REDIRECTS, 0, &config->redirects);
    for (size_t i = 0; i < config->proxy_count; i++) {
        fprintf(out, "\n[proxy%s%s]\n", *config->proxies[i].label ? " " : "", config->proxies[i].label);
        print_section(&printing, OPTION_PROXY, i, &config->proxies[i]);
    }
    for (size_t i = 0; i < config->listener_count; i++)
        print_named(&printing, OPTION_LISTENER, i, config->listeners[i].name, &config->listeners[i]);
    for (size_t i = 0; i < config->reverse_count; i++)
        print_named(&printing, OPTION_REVERSE, i, config->reverses[i].name, &config->reverses[i]);
    for (size_t i = 0; i < config->relay_count; i++)
        print_named(&printing, OPTION_RELAY, i, config->relays[i].name, &config->relays[i]);
    for (size_t i = 0; i < config->public_count; i++)
        print_named(&printing, OPTION_PUBLIC, i, config->publics[i].name, &config->publics[i]);
}
