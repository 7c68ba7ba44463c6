/* SPDX-License-Identifier: ISC */
#include "config/option.h"

#include <string.h>

#include "base/log.h"
#include "config/pac_question.h"
#include "config/settings.h"
#include "config/socket_path.h"
#include "config/trusted.h"
#include "http/connect_request.h"

static const char *const include_words[] = {"none", "system", NULL};
static const char *const log_to_words[] = {"stderr", "syslog", NULL};
static const char *const wider_words[] = {"ask", "refuse", "same-domain", "clamp", "accept", NULL};
static const char *const fallback_words[] = {"none", "direct", NULL};
static const char *const order_words[] = {"listed", "spread", NULL};
static const char *const form_words[] = {"origin", "absolute", NULL};
static const char *const http_words[] = {"1.1", "auto", "2", NULL};
static const char *const auth_words[] = {"any", "basic", "digest", "ntlm", "negotiate", NULL};
static const char *const forwarded_words[] = {"none", "proxy-v1", "proxy-v2", NULL};
static const char *const tls_words[] = {"no", "yes", "starttls", NULL};

#define ROW(where, owner, key, kind, field, initial, least, most, words, flags, help) \
    {where, {key, &value_##kind, least, most, words, flags}, offsetof(struct owner, field), initial, help}
#define GLOBAL(...) ROW(OPTION_GLOBAL, settings, __VA_ARGS__)
#define PROXY(...) ROW(OPTION_PROXY, proxy_config, __VA_ARGS__)
#define REDIRECTS(...) ROW(OPTION_REDIRECTS, redirect_settings, __VA_ARGS__)
#define LISTENER(...) ROW(OPTION_LISTENER, listener_config, __VA_ARGS__)
#define REVERSE(...) ROW(OPTION_REVERSE, reverse_config, __VA_ARGS__)
#define RELAY(...) ROW(OPTION_RELAY, relay_config, __VA_ARGS__)
#define PUBLIC(...) ROW(OPTION_PUBLIC, public_config, __VA_ARGS__)
#define HOUR UINT64_C(3600000) /* in ms, like all times */

#define LOGIN (VALUE_EXPANDS | VALUE_PERSONAL) /* who the user is */

static const struct option_row table[] = {
    GLOBAL("log-level", word, log_level, "info", 0, 0, log_level_words, 0, "how much is logged"),
    GLOBAL("log-to", word, log_to, "stderr", 0, 0, log_to_words, 0, "where it is logged"),
    GLOBAL("max-sessions", number, max_sessions, "4096", 1, 1000000, NULL, 0, "sessions at one time"),
    GLOBAL("resolve-timeout", time, resolve_timeout, "10s", 1000, HOUR, NULL, 0, "limit of a name look-up"),
    GLOBAL("connect-timeout", time, connect_timeout, "15s", 1000, HOUR, NULL, 0, "limit of connecting to a proxy"),
    GLOBAL("handshake-timeout", time, handshake_timeout, "30s", 1000, HOUR, NULL, 0, "limit of a proxy's answer"),
    GLOBAL("greeting-timeout", time, greeting_timeout, "60s", 1000, HOUR, NULL, 0, "limit of the server's greeting"),
    GLOBAL("idle-timeout", time, idle_timeout, "0", 0, 30 * 24 * HOUR, NULL, 0, "limit of silence, 0 = none"),
    GLOBAL("keepalive", time, keepalive, "2m", 1000, 86400000, NULL, 0, "how soon a dead path is noticed"),
    GLOBAL("same-user", yes_no, same_user, "yes", 0, 0, NULL, 0, "whether only this user's programs may connect"),
    GLOBAL("notify-command", text, notify_command, "auto", 0, 0, NULL, VALUE_VERBATIM, "command that shows notices"),
    GLOBAL("control", control, control, "$XDG_RUNTIME_DIR/sallyport.sock", 0, 0, NULL, 0, "control socket, or none"),
    GLOBAL("include", word, include, "none", 0, 0, include_words, VALUE_OF_FILE, "a file that this one extends"),
    GLOBAL("final", words, final, "none", 0, 0, section_kind_words, VALUE_OF_FILE, "sections that users cannot change"),

    PROXY("url", urls, urls, NULL, 0, 0, NULL, VALUE_REQUIRED, "proxies, in order"),
    PROXY("order", word, order, "listed", 0, 0, order_words, 0, "whether each user has an order of them of their own"),
    PROXY("method", word, method, "connect", 0, 0, connect_method_words, 0, "how the tunnel is asked for"),
    PROXY("origin", text, origin, NULL, 0, 0, NULL, 0, "host that a TCPConnection server is to allow"),
    PROXY("form", word, form, "origin", 0, 0, form_words, 0, "whether the proxy before it gets TCPConnection's URL"),
    PROXY("tls-upgrade", yes_no, tls_upgrade, "no", 0, 0, NULL, 0, "whether TCPConnection begins TLS by Upgrade"),
    PROXY("http", word, http, "1.1", 0, 0, http_words, 0, "which version of HTTP is spoken with the proxy"),
    PROXY("announce", words, announce, "upgrade", 0, 0, connect_announce_words, 0, "how the protocol is named"),
    PROXY("require-switch", yes_no, require_switch, "no", 0, 0, NULL, 0, "whether only 101 is success"),
    PROXY("user", user, user, NULL, 0, 0, NULL, LOGIN, "user name at the proxy"),
    PROXY("password", text, password, NULL, 0, 0, NULL, VALUE_SECRET | VALUE_VERBATIM | VALUE_PERSONAL,
          "password at the proxy"),
    PROXY("password-file", text, password_file, NULL, 0, 0, NULL, LOGIN, "file whose first line is the password"),
    PROXY("password-command", text, password_command, NULL, 0, 0, NULL, VALUE_VERBATIM | VALUE_PERSONAL,
          "command that prints the password"),
    PROXY("auth", word, auth, "any", 0, 0, auth_words, 0, "scheme of authentication at the proxy"),
    PROXY("header", headers, headers, NULL, 0, 0, NULL, VALUE_REPEATS, "Name: value, sent to this proxy"),
    PROXY("ca-file", text, ca_file, NULL, 0, 0, NULL, VALUE_EXPANDS, "authorities that may vouch for an https proxy"),
    PROXY("cert-file", text, cert_file, NULL, 0, 0, NULL, LOGIN, "our certificate for an https proxy"),
    PROXY("key-file", text, key_file, NULL, 0, 0, NULL, LOGIN, "its private key, when it is not in cert-file"),
    PROXY("verify", yes_no, verify, "yes", 0, 0, NULL, 0, "whether an https proxy's certificate is verified"),
    PROXY("via", text, via_name, NULL, 0, 0, NULL, 0, "label of the proxy through which this one is reached"),
    PROXY("preconnect", number, preconnect, "0", 0, 64, NULL, 0, "connections kept ready for new tunnels"),
    PROXY("preconnect-age", time, preconnect_age, "50s", 1000, HOUR, NULL, 0, "how old such a connection may grow"),
    PROXY("fallback", word, fallback, "none", 0, 0, fallback_words, 0, "what to do when no proxy can be reached"),
    PROXY("pac-url", pac_url, pac_url, PAC_QUESTION_DEFAULT, 0, 0, NULL, 0, "the URL that a PAC file is asked about"),
    PROXY("trusted", trusted, trusted, NULL, 0, 0, NULL, 0, "found proxies that get user, password and headers"),
    PROXY("insecure", yes_no, insecure, "no", 0, 0, NULL, 0, "whether a PAC file may be fetched by http"),

    REDIRECTS("follow", yes_no, follow, "yes", 0, 0, NULL, 0, "whether redirects are followed at all"),
    REDIRECTS("wider", word, wider, "ask", 0, 0, wider_words, 0, "what to do when more than one server is moved"),
    REDIRECTS("direct", yes_no, direct, "no", 0, 0, NULL, 0, "whether a proxy may send us to the server itself"),
    REDIRECTS("downgrade", yes_no, downgrade, "no", 0, 0, NULL, 0, "whether one behind TLS may name one without"),
    REDIRECTS("max-hops", number, max_hops, "5", 1, REDIRECT_HOPS_MAX, NULL, 0, "redirects of one session"),
    REDIRECTS("max-lifetime", time, max_lifetime, "1d", 1000, 30 * 24 * HOUR, NULL, 0, "cap of what a proxy may ask"),
    REDIRECTS("ask-command", text, ask_command, NULL, 0, 0, NULL, VALUE_VERBATIM, "program that asks the user"),
    REDIRECTS("ask-timeout", time, ask_timeout, "1m", 1000, HOUR, NULL, 0, "how long a question stands open"),

    LISTENER("listen", listen, listen, NULL, 0, 0, NULL, 0, "local addresses, host:port"),
    LISTENER("target", target, target, NULL, 0, 0, NULL, VALUE_REQUIRED, "the server, host[:port] or srv:domain"),
    LISTENER("protocol", token, token, NULL, 0, 0, NULL, 0, "token for Upgrade, name or name/version"),
    LISTENER("tls", word, tls, "no", 0, 0, tls_words, 0, "TLS to the server inside the tunnel"),
    LISTENER("tls-ca-file", text, tls_ca_file, NULL, 0, 0, NULL, VALUE_EXPANDS,
             "authorities that may vouch for the server"),
    LISTENER("tls-verify", yes_no, tls_verify, "yes", 0, 0, NULL, 0, "whether the server's certificate is verified"),
    LISTENER("ehlo-name", text, ehlo_name, NULL, 0, 0, NULL, 0, "our name before STARTTLS, in SMTP"),
    LISTENER("proxy", text, proxy_name, NULL, 0, 0, NULL, 0, "label of a proxy, or direct"),

    REVERSE("relay", relay, relay.urls, NULL, 0, 0, NULL, VALUE_REQUIRED, "URL where the relay hands out clients"),
    REVERSE("target", target, home.target, NULL, 0, 0, NULL, VALUE_REQUIRED, "the published server, host:port"),
    REVERSE("protocol", protocol, home.protocol, NULL, 0, 0, NULL, 0, "kind of listener whose refusal clients get"),
    REVERSE("user", user, relay.user, NULL, 0, 0, NULL, LOGIN, "user name at the relay"),
    REVERSE("password", text, relay.password, NULL, 0, 0, NULL, VALUE_SECRET | VALUE_VERBATIM | VALUE_PERSONAL,
            "password at the relay"),
    REVERSE("password-file", text, relay.password_file, NULL, 0, 0, NULL, LOGIN,
            "file whose first line is the password"),
    REVERSE("password-command", text, relay.password_command, NULL, 0, 0, NULL, VALUE_VERBATIM | VALUE_PERSONAL,
            "command that prints the password"),
    REVERSE("header", headers, relay.headers, NULL, 0, 0, NULL, VALUE_REPEATS, "Name: value, sent to the relay"),
    REVERSE("ca-file", text, relay.ca_file, NULL, 0, 0, NULL, VALUE_EXPANDS,
            "authorities that may vouch for the relay"),
    REVERSE("cert-file", text, relay.cert_file, NULL, 0, 0, NULL, LOGIN, "our certificate for the relay"),
    REVERSE("key-file", text, relay.key_file, NULL, 0, 0, NULL, LOGIN, "its private key, when it is not in cert-file"),
    REVERSE("verify", yes_no, relay.verify, "yes", 0, 0, NULL, 0, "whether the relay's certificate is verified"),
    REVERSE("insecure", yes_no, insecure, "no", 0, 0, NULL, 0, "whether an http relay may be another machine"),
    REVERSE("proxy", text, proxy_name, "direct", 0, 0, NULL, 0, "label of a proxy before the relay, or direct"),
    REVERSE("waiting", number, waiting, "2", 1, REVERSE_WAITING_MAX, NULL, 0, "requests that stand ready"),
    REVERSE("sessions", number, sessions, "20", 1, REVERSE_SESSIONS_MAX, NULL, 0, "sessions at one time"),
    REVERSE("forwarded", word, forwarded, "none", 0, 0, forwarded_words, 0, "how the server is told of the client"),
    REVERSE("trusted-clients", yes_no, trusted_clients, "no", 0, 0, NULL, 0, "whether clients may pass for local ones"),

    RELAY("listen", listen, listen, NULL, 0, 0, NULL, VALUE_REQUIRED, "local addresses, host:port"),
    RELAY("cert-file", text, cert_file, NULL, 0, 0, NULL, VALUE_EXPANDS, "the relay's certificate and its chain"),
    RELAY("key-file", text, key_file, NULL, 0, 0, NULL, VALUE_EXPANDS, "its private key, when it is not in cert-file"),
    RELAY("users", text, users_file, NULL, 0, 0, NULL, VALUE_REQUIRED | VALUE_EXPANDS,
          "file of users, their hashes and rights"),
    RELAY("alpn", text, alpn, NULL, 0, 0, NULL, 0, "protocols that Selected-ALPN chooses from"),
    RELAY("path", paths, paths, NULL, 0, 0, NULL, VALUE_REPEATS | VALUE_SPLITS, "/path = name:port, for TCPConnection"),

    PUBLIC("listen", listen, listen, NULL, 0, 0, NULL, VALUE_REQUIRED, "local addresses, host:port"),
    PUBLIC("name", registered, registered, NULL, 0, 0, NULL, VALUE_REQUIRED, "what it leads to, name:port"),
    PUBLIC("allow", networks, allow, NULL, 0, 0, NULL, VALUE_REQUIRED, "networks from which clients come, or everyone"),
    PUBLIC("relay", text, relay_name, NULL, 0, 0, NULL, 0, "label of the relay where the name is registered"),
    PUBLIC("protocol", protocol, protocol, NULL, 0, 0, NULL, 0, "kind of listener whose refusal clients get"),
};

_Static_assert(sizeof table / sizeof table[0] <= OPTION_ROWS_MAX, "there are more rows than others have room for");

const struct option_row *option_row(size_t i)
{
    return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

const struct option_row *option_find(enum option_section section, const char *key)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].section == section && strcmp(table[i].rule.key, key) == 0)
            return &table[i];
    return NULL;
}

size_t option_index(const struct option_row *row)
{
    return (size_t)(row - table);
}

void *option_field(const struct option_row *row, void *base)
{
    return (char *)base + row->offset;
}

const void *option_field_const(const struct option_row *row, const void *base)
{
    return (const char *)base + row->offset;
}
