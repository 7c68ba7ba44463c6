/* SPDX-License-Identifier: ISC */
#include "config/proxy_check.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/curl_features.h"
#include "base/machine_id.h"
#include "base/systemd.h"
#include "config/deal.h"
#include "config/found_check.h"
#include "http/access_control.h"
#include "http/connect_request.h"

#define SHOWN_MAX 160 /* bytes of a URL that a message shows: enough to find it in a list */

static bool is_tcpconnection(const struct proxy_config *proxy)
{
    return proxy->method == METHOD_TCPCONNECTION;
}

/* Whether some place of the section is asked by CONNECT or the like, as all are that are not listed.  Those of
 * TCPConnection have their paths by then. */
static bool has_classic(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (!proxy->urls.paths[i])
            return true;
    return proxy->urls.count == 0; /* without a url, other words are said */
}

static const char *word_of(const char *key, unsigned index)
{
    return option_find(OPTION_PROXY, key)->rule.words[index];
}

/* --- the urls, and what goes with TCPConnection alone --- */

/* A path that is no template is that of a TCPConnection server. */
static void check_paths(const struct section *section, const struct proxy_config *proxy)
{
    char url[PLACES_URL_MAX];

    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.paths[i] && !places_is_template(&proxy->urls, i) && !is_tcpconnection(proxy))
            section_complain(section, section_line_of(section, "url"), "url: %.*s: a proxy's URL ends behind the port; "
                             "for connect-tcp its path says where the target goes, as in "
                             "/.well-known/masque/tcp/{target_host}/{target_port}/; for the URL of one server, set "
                             "method = tcpconnection", SHOWN_MAX, places_format_url(&proxy->urls, i, url));
}

static bool all_are_http(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].tls)
            return false;
    return true;
}

static void check_form(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "form");

    if (proxy->form != FORM_ABSOLUTE)
        return;
    if (!is_tcpconnection(proxy))
        section_complain(section, line, "form = absolute goes with method = tcpconnection alone");
    if (!all_are_http(proxy))
        section_complain(section, line, "form = absolute goes with http:// urls alone: through TLS the proxy before "
                         "the server could not read it");
    if (!proxy->via_name)
        section_complain(section, line, "form = absolute needs a `via`: it is the proxy before the server that is "
                         "asked so");
}

static void check_tls_upgrade(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "tls-upgrade");

    if (!proxy->tls_upgrade)
        return;
    if (!is_tcpconnection(proxy))
        section_complain(section, line, "tls-upgrade goes with method = tcpconnection alone");
    if (!all_are_http(proxy))
        section_complain(section, line, "tls-upgrade goes with http:// urls alone: an https:// server has TLS from the "
                         "first byte");
    if (proxy->form == FORM_ABSOLUTE)
        section_complain(section, line, "tls-upgrade does not go with form = absolute: TLS would end at the proxy "
                         "before the server");
}

static void check_origin(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "origin");
    const char *why;

    if (!proxy->origin)
        return;
    if (!is_tcpconnection(proxy))
        section_complain(section, line, "origin goes with method = tcpconnection alone");
    if (!access_control_origin_check(proxy->origin, &why))
        section_complain(section, line, "origin: %s", why);
    for (size_t i = 0; i < proxy->headers.count; i++)
        if (strncasecmp(proxy->headers.at[i], "Origin:", 7) == 0)
            section_complain(section, line, "origin writes the field Origin: leave it out of header");
}

static void check_tcpconnection(const struct section *section, struct proxy_config *proxy)
{
    int line = section_line_of(section, "method");

    if (places_whose(&proxy->urls))
        section_complain(section, line, "method = tcpconnection needs a `url` of its own, not %s",
                         places_whose(&proxy->urls));
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].socks) {
            section_complain(section, line, "method = tcpconnection: not for a socks5h:// proxy");
            return;
        }
    if (!places_complete_paths(&proxy->urls))
        section_complain(section, line, "out of memory");
}

/* --- who we are there --- */

/* The file of a credential is not looked at here: for `check` by hand it need not exist. */
static void check_password_file(const struct section *section, const char *path)
{
    static const char key[] = "password-file";
    const char *credential = systemd_credential_name(path), *why;
    char place[PATH_MAX];

    if (!credential)
        section_check_file(section, key, path, true);
    else if (section->use == CONFIG_TO_CHECK ? !systemd_is_credential_name(credential, &why)
                                             : !systemd_credential_path(credential, place, sizeof place, &why))
        section_complain(section, section_line_of(section, key), "%s: %s", key, why);
}

/* A key that is set counts, whether or not its value is a good one, of which enough is said. */
static void check_password(const struct section *section, const struct proxy_config *proxy)
{
    const bool has_user = section_line_of(section, "user");
    const int given = !!section_line_of(section, "password") + !!section_line_of(section, "password-file") +
                      !!section_line_of(section, "password-command");

    if (given > 1)
        section_complain(section, section->line, "%s has more than one of password, password-file and "
                         "password-command", section->title);
    if (given > 0 && !has_user)
        section_complain(section, section->line, "%s has a password but no user", section->title);
    if (has_user && given == 0 && section->use != CONFIG_TO_ASK)
        section_complain(section, section->line, "%s has a user but no password, password-file or password-command",
                         section->title);
    if (proxy->password_file)
        check_password_file(section, proxy->password_file);
}

static void check_headers(const struct section *section, const struct proxy_config *proxy)
{
    for (size_t i = 0; proxy->user && i < proxy->headers.count; i++)
        if (value_header_is_login(proxy->headers.at[i], places_with_path(&proxy->urls) > 0))
            section_complain(section, section->line, "%s has both a user and %s %.*s header", section->title,
                             strchr("Aa", proxy->headers.at[i][0]) ? "an" : "a",
                             (int)strcspn(proxy->headers.at[i], ":"), proxy->headers.at[i]);
}

static void check_tls(const struct section *section, const struct proxy_config *proxy)
{
    if (proxy->key_file && !proxy->cert_file)
        section_complain(section, section_line_of(section, "key-file"), "key-file without a cert-file");
    if (proxy->ca_file)
        section_check_file(section, "ca-file", proxy->ca_file, false);
    if (proxy->cert_file) /* if it also has the key, it must be secret */
        section_check_file(section, "cert-file", proxy->cert_file, !proxy->key_file);
    if (proxy->key_file)
        section_check_file(section, "key-file", proxy->key_file, true);
}

void proxy_check_login(const struct section *section, const struct proxy_config *proxy)
{
    check_password(section, proxy);
    check_headers(section, proxy);
    check_tls(section, proxy);
}

/* NTLM and Negotiate prove who we are to a proxy's connection; a server of a resource asks for Basic or Digest. */
static void check_auth(const struct section *section, const struct proxy_config *proxy)
{
    const char *word = word_of("auth", proxy->auth);
    int line = section_line_of(section, "auth");

    if (proxy->auth != AUTH_ANY && proxy->auth != AUTH_NEGOTIATE && !proxy->user &&
        proxy->urls.source != PLACES_ENVIRONMENT)
        section_complain(section, line, "auth = %s needs a user", word);
    if (proxy->auth == AUTH_ANY || proxy->auth == AUTH_BASIC)
        return;
    if (proxy->auth == AUTH_NTLM && !curl_features_ntlm())
        section_remark(section, line, "auth = ntlm: this machine's libcurl has no NTLM, so that no proxy of %s lets us "
                       "in; ask what else it takes: negotiate, or digest or basic", section->title);
    if (has_classic(proxy) && proxy->method != METHOD_CONNECT)
        section_complain(section, line, "auth = %s needs method = connect", word);
    else if (!has_classic(proxy) && proxy->auth != AUTH_DIGEST)
        section_complain(section, line, "auth = %s: not with %s; basic and digest are", word,
                         is_tcpconnection(proxy) ? "TCPConnection" : "connect-tcp");
}

/* --- other keys --- */

/* preconnect makes connections ahead of need: only possible where any connection serves any session, as those do, too,
 * to which NTLM or Negotiate prove later who we are. */
static void check_preconnect(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "preconnect");

    if (proxy->preconnect == 0)
        return;
    if (proxy->via_name)
        section_complain(section, line, "preconnect: not for a proxy that is reached via another");
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].socks) {
            section_complain(section, line, "preconnect: not for a socks5h:// proxy");
            break;
        }
    if (places_whose(&proxy->urls))
        section_complain(section, line, "preconnect: needs a `url` of its own, not %s", places_whose(&proxy->urls));
}

/* connect-tcp and TCPConnection have an Upgrade of their own, which only a switch can answer. */
static void check_switch(const struct section *section, const struct proxy_config *proxy)
{
    if (proxy->require_switch && !(proxy->announce & ANNOUNCE_UPGRADE) && has_classic(proxy))
        section_complain(section, section->line, "%s: require-switch needs upgrade in announce: nothing else can be "
                         "answered by a switch", section->title);
}

/* --- the version of HTTP --- */

/* The methods other than CONNECT, and what only a TCPConnection server has, are not known in HTTP/2. */
static bool has_other_method(const struct proxy_config *proxy)
{
    return is_tcpconnection(proxy) || (proxy->method != METHOD_CONNECT && has_classic(proxy));
}

static bool has_socks(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].socks)
            return true;
    return false;
}

/* Whether each proxy that is asked by CONNECT wants a login of a connection in HTTP/1.1. */
static bool has_bound_login(const struct proxy_config *proxy)
{
    return has_classic(proxy) && !has_other_method(proxy) &&
           (proxy->auth == AUTH_NTLM || proxy->auth == AUTH_NEGOTIATE);
}

/* With http = 2, what HTTP/2 does not have is an error. */
static void check_http_2(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "http");

    if (places_whose(&proxy->urls))
        section_complain(section, line, "http = 2 needs a `url` of its own, not %s", places_whose(&proxy->urls));
    if (has_socks(proxy))
        section_complain(section, line, "http = 2: not for a socks5h:// proxy");
    if (has_other_method(proxy))
        section_complain(section, line, "http = 2: HTTP/2 has no method = %s; connect is for both versions",
                         word_of("method", proxy->method));
    if (proxy->require_switch)
        section_complain(section, line, "http = 2 does not go with require-switch: HTTP/2 has no Upgrade that a proxy "
                         "could answer by a switch");
    if (has_bound_login(proxy))
        section_complain(section, line, "http = 2 does not go with auth = %s, a login of one connection in HTTP/1.1",
                         word_of("auth", proxy->auth));
}

/* Whether that url may choose HTTP/2 in TLS. */
static bool may_choose_h2(const struct proxy_config *proxy, size_t i)
{
    return proxy->urls.at[i].tls && !is_tcpconnection(proxy) &&
           (proxy->method == METHOD_CONNECT || places_is_template(&proxy->urls, i));
}

/* Why http = auto leaves HTTP/1.1 for each url; NULL: it does not. */
static const char *why_only_1_1(const struct proxy_config *proxy)
{
    if (proxy->urls.source == PLACES_ENVIRONMENT)
        return "the proxies of the environment are asked in HTTP/1.1";
    if (proxy->require_switch)
        return "require-switch needs HTTP/1.1, where alone a proxy can switch";
    if (places_are_found(&proxy->urls))
        return proxy->method == METHOD_CONNECT ? NULL : "HTTP/2 has no method but connect";
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (may_choose_h2(proxy, i))
            return NULL;
    return all_are_http(proxy) ? "no url is https://, and only there can a proxy choose HTTP/2; http = 2 is for an "
                                 "http:// proxy that is known to speak it"
                               : "HTTP/2 has no method but connect";
}

static void check_http(const struct section *section, const struct proxy_config *proxy)
{
    int line = section_line_of(section, "http");
    const char *why;

    if (proxy->http == PROXY_HTTP_2)
        check_http_2(section, proxy);
    if (proxy->http != PROXY_HTTP_AUTO)
        return;
    why = places_whose(&proxy->urls) || proxy->urls.count > 0 ? why_only_1_1(proxy) : NULL;
    if (why)
        section_remark(section, line, "http = auto has no effect: %s", why);
    else if (has_bound_login(proxy))
        section_remark(section, line, "http = auto: auth = %s, a login of one connection, leads to HTTP/1.1",
                       word_of("auth", proxy->auth));
}

/* To check, they stay as they are listed: `check` prints them back. */
static void deal_out(const struct section *section, struct proxy_config *proxy)
{
    char machine[MACHINE_ID_MAX];

    if (proxy->order != ORDER_SPREAD)
        return;
    if (places_whose(&proxy->urls))
        section_remark(section, section_line_of(section, "order"), "order = spread has no effect: it is for a `url` of "
                       "its own, not %s", places_whose(&proxy->urls));
    if (section->use != CONFIG_TO_CHECK)
        deal_places(&proxy->urls, deal_seed(machine_id_read(machine), getuid()));
}

static void remark_on_method(const struct section *section, const struct proxy_config *proxy)
{
    if (proxy->method != METHOD_CONNECT && !is_tcpconnection(proxy) && !has_classic(proxy))
        section_remark(section, section_line_of(section, "method"), "method = %s has no effect: each url of %s is a "
                       "template and is asked by connect-tcp", word_of("method", proxy->method), section->title);
}

void proxy_check(const struct section *section, struct proxy_config *proxy)
{
    proxy->via_line = section_line_of(section, "via");
    check_paths(section, proxy);
    if (is_tcpconnection(proxy))
        check_tcpconnection(section, proxy);
    check_origin(section, proxy);
    check_form(section, proxy);
    check_tls_upgrade(section, proxy);
    proxy_check_login(section, proxy);
    check_auth(section, proxy);
    check_preconnect(section, proxy);
    check_switch(section, proxy);
    check_http(section, proxy);
    remark_on_method(section, proxy);
    found_check(section, proxy);
    deal_out(section, proxy);
}
