/* SPDX-License-Identifier: ISC */
#include "config/found_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/pac_place.h"
#include "config/pac_question.h"

#define SHOWN_MAX 160 /* bytes of a path that a message shows */

/* Whether the PAC file is fetched, or may be: the desktop and a program can name one. */
static bool is_fetched(const struct value_places *urls)
{
    return urls->source == PLACES_SYSTEM || urls->source == PLACES_COMMAND ||
           (urls->source == PLACES_PAC && urls->asked[0] != '/');
}

/* Of a section that lists its proxies, or asks the environment. */
static void check_listed(const struct section *section, const struct proxy_config *proxy)
{
    static const char goes_with[] = "%s goes with proxies that are found: url = pac:..., system or command:...";

    if (proxy->pac_url && strcmp(proxy->pac_url, PAC_QUESTION_DEFAULT) != 0)
        section_complain(section, section_line_of(section, "pac-url"), goes_with, "pac-url");
    if (proxy->trusted.count > 0)
        section_complain(section, section_line_of(section, "trusted"), goes_with, "trusted");
    if (proxy->insecure)
        section_complain(section, section_line_of(section, "insecure"), goes_with, "insecure");
}

/* What would be sent to nobody, since nobody is trusted. */
static void check_trusted(const struct section *section, const struct proxy_config *proxy)
{
    const struct {
        const char *key;
        bool is_set;
    } ours[] = {
        {"user", proxy->user},
        {"header", proxy->headers.count > 0},
        {"cert-file", proxy->cert_file},
        {"auth", proxy->auth == AUTH_NEGOTIATE},
    };

    if (section_line_of(section, "trusted") > 0) /* one that is at fault has been told of, and is as good as set */
        return;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (ours[i].is_set)
            section_complain(section, section_line_of(section, ours[i].key), "%s: who finds the proxies names where "
                             "credentials would go, so they go only to hosts in `trusted`: set that, as in trusted = "
                             "proxy.example.net *.example.net", ours[i].key);
}

static void check_via(const struct section *section, const struct proxy_config *proxy)
{
    if (proxy->via_name)
        section_complain(section, section_line_of(section, "via"), "via: not for proxies that are found: those are "
                         "reached from here");
}

static void check_pac(const struct section *section, const struct proxy_config *proxy)
{
    const char *place = proxy->urls.asked, *why;
    int line = section_line_of(section, "url");

    if (pac_place_read(place, strlen(place), &why) == PAC_PLACE_HTTP && !proxy->insecure)
        section_complain(section, line, "url: anybody on the way could put another PAC file in the place of one that "
                         "comes by http://: write https://, or set insecure = yes where the way is safe");
    if (*place == '/' && access(place, R_OK) != 0)
        section_remark(section, line, "url: %.*s: %s; there is no session without it", SHOWN_MAX, place,
                       strerror(errno));
}

static void check_command(const struct section *section, const struct proxy_config *proxy)
{
    const char *path = proxy->urls.asked;
    struct stat status;

    if (access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        return;
    section_complain(section, section_line_of(section, "url"), "url: %.*s: %s", SHOWN_MAX, path,
                     access(path, F_OK) != 0 ? strerror(errno) : "not a program that can be run");
    if (strchr(path, ' '))
        section_complain(section, section_line_of(section, "url"), "url: the program gets one argument, the URL that "
                         "it is asked about: blanks behind command: are part of its path");
}

void found_check(const struct section *section, const struct proxy_config *proxy)
{
    if (!places_are_found(&proxy->urls)) {
        check_listed(section, proxy);
        return;
    }
    check_trusted(section, proxy);
    check_via(section, proxy);
    if (proxy->urls.source == PLACES_PAC)
        check_pac(section, proxy);
    if (proxy->urls.source == PLACES_COMMAND)
        check_command(section, proxy);
    if (proxy->insecure && !is_fetched(&proxy->urls))
        section_remark(section, section_line_of(section, "insecure"), "insecure has no effect: no PAC file is fetched");
}
