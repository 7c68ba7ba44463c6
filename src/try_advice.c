/* SPDX-License-Identifier: ISC */
#include "try_advice.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "auth/challenge.h"
#include "auth/lockout.h"
#include "config/socket_path.h"
#include "http/connect_request.h"

#define INDENT 4         /* columns before a paragraph */
#define PASTE_INDENT 6   /* before a line that is to be pasted */
#define WORDS_MAX 4096   /* bytes of a paragraph, names put in: three of the longest fit */
#define ACL_HOST_MAX 40  /* bytes of a host in the name of an acl, which squid wants shorter than 64 */

#define BIT(scheme) (1u << (scheme))
#define BY_PASSWORD (BIT(CHALLENGE_BASIC) | BIT(CHALLENGE_DIGEST) | BIT(CHALLENGE_NTLM))

/* --- conditions --- */

/* The section of the proxy that the failure is about; NULL: none. */
static const struct proxy_config *section_of(const struct try_advice *facts)
{
    const struct proxy_config *section = facts->listener->proxy;

    return section && facts->failure && facts->failure->on_the_way ? section->via : section;
}

static bool has_user(const struct try_advice *facts)
{
    const struct proxy_config *section = section_of(facts);

    return section && section->user;
}

static bool lacks_user(const struct try_advice *facts)
{
    return !has_user(facts);
}

static bool is_socks(const struct try_advice *facts)
{
    const struct proxy_config *section = section_of(facts);

    return section && section->urls.count > 0 && section->urls.at[0].socks;
}

static bool offers_nothing(const struct try_advice *facts)
{
    return facts->offered == 0 && !is_socks(facts);
}

static bool offers_some(const struct try_advice *facts)
{
    return facts->offered != 0;
}

static bool wants_password(const struct try_advice *facts)
{
    return lacks_user(facts) && (facts->offered & BY_PASSWORD || is_socks(facts));
}

static bool wants_ticket(const struct try_advice *facts)
{
    return facts->offered & BIT(CHALLENGE_NEGOTIATE);
}

/* A user is set, and Basic, which would do, was not used. */
static bool hides_password(const struct try_advice *facts)
{
    return has_user(facts) && section_of(facts)->auth == AUTH_ANY && facts->offered & BIT(CHALLENGE_BASIC) &&
           !section_of(facts)->urls.at[0].tls;
}

/* Whether squid and haproxy know such a request by its method. */
static bool by_connect(const struct try_advice *facts)
{
    const struct proxy_config *section = section_of(facts);

    return !section || (section->method == METHOD_CONNECT &&
                        !(facts->proxy && places_path(&section->urls, facts->proxy)));
}

static bool not_by_connect(const struct try_advice *facts)
{
    return !by_connect(facts);
}

static bool is_srv(const struct try_advice *facts)
{
    return facts->listener->target.srv;
}

static bool is_written_out(const struct try_advice *facts)
{
    return !is_srv(facts);
}

static bool does_tls(const struct try_advice *facts)
{
    return facts->listener->tls != TLS_NO;
}

static bool leaves_tls(const struct try_advice *facts)
{
    return !does_tls(facts) && facts->target && protocol_expects_tls(facts->listener->protocol, facts->target->port);
}

static bool leaves_starttls(const struct try_advice *facts)
{
    return !does_tls(facts) && !leaves_tls(facts) && facts->listener->protocol->token;
}

static bool is_any(const struct try_advice *facts)
{
    return !does_tls(facts) && !facts->listener->protocol->token;
}

/* --- the table --- */

enum { AT_PROXY = 1, AT_TARGET = 2, ANYWHERE = 3, WORKS = 4 };

enum paste { NOTHING, FOR_SQUID, FOR_HAPROXY, A_LOGIN };

struct row {
    enum failure_cause cause;
    unsigned where;                                /* bits of the above */
    unsigned least, most;                          /* status of the answer; 0: any */
    bool (*fits)(const struct try_advice *facts);  /* NULL: always */
    const char *words;                             /* {name}: see put_in */
    enum paste paste;                              /* what follows */
};

#define REFUSED_BY_RULES "The rules of {proxy} forbid it. Ask its administrator to allow {asked}, which is where " \
    "{listener} leads"
#define DOES_NOT_REACH "{proxy} does not reach {target}, or is in trouble itself. Are the name and the port right, " \
    "and does the server answer elsewhere? Then ask the administrator of the proxy whether a firewall behind it " \
    "keeps {target} out."
#define TYPE "In the {program}: {local-place}, "

static const struct row rows[] = {
    /* it works */
    {CAUSE_OTHER, WORKS, 0, 0, does_tls,
     TYPE "and no encryption (\"None\"): TLS with {host} begins in sallyport.",
     NOTHING},
    {CAUSE_OTHER, WORKS, 0, 0, leaves_tls,
     TYPE "and encryption by SSL/TLS, which the program does itself with {host}. If it complains that the "
     "certificate is not for {local-host}, set tls = yes in {listener}, and no encryption in the program.",
     NOTHING},
    {CAUSE_OTHER, WORKS, 0, 0, leaves_starttls,
     TYPE "and encryption by STARTTLS, which the program does itself with {host}; without, all that it says passes "
     "the proxy readable. If it complains that the certificate is not for {local-host}, set tls = starttls in "
     "{listener}, and no encryption in the program.",
     NOTHING},
    {CAUSE_OTHER, WORKS, 0, 0, is_any,
     TYPE "and whatever encryption {target} wants: every byte passes as it is.",
     NOTHING},

    /* what the proxy does not allow */
    {CAUSE_ANSWER, AT_PROXY, 403, 403, by_connect,
     REFUSED_BY_RULES ": this one server, at this one port. In squid.conf, these lines do it, above all other "
     "http_access lines. They hold for whoever reaches the proxy: at the end of the last one, add the acl of those "
     "who may, such as localnet.",
     FOR_SQUID},
    {CAUSE_ANSWER, AT_PROXY, 403, 403, by_connect,
     "In haproxy.cfg, this line does it, above the `http-request deny` of the frontend; another condition at its end, "
     "such as src with a network, says who may.",
     FOR_HAPROXY},
    {CAUSE_ANSWER, AT_PROXY, 403, 403, not_by_connect,
     REFUSED_BY_RULES ".",
     NOTHING},
    {CAUSE_RULES, AT_PROXY, 0, 0, NULL,
     REFUSED_BY_RULES ".",
     NOTHING},

    /* logins */
    {CAUSE_LOGIN_WANTED, AT_PROXY, 0, 0, offers_some,
     "{proxy} wants a login, by {offered}.",
     NOTHING},
    {CAUSE_LOGIN_WANTED, AT_PROXY, 0, 0, offers_nothing,
     "{proxy} wants a login by none of the ways that are known here: Basic, Digest, NTLM and Negotiate. Ask its "
     "administrator for one of these.",
     NOTHING},
    {CAUSE_LOGIN_WANTED, AT_PROXY, 0, 0, wants_password,
     "Set in {section} the name and the password that you have there, which often are those of web pages or of your "
     "computer. The password is what a program prints, or the first line of password-file = FILE, which only you may "
     "read:",
     A_LOGIN},
    {CAUSE_LOGIN_WANTED, AT_PROXY, 0, 0, wants_ticket,
     "Negotiate is Kerberos: get a ticket by `kinit NAME@REALM`, see it by `klist`, and try again. It needs neither "
     "user nor password in {section}.",
     NOTHING},
    {CAUSE_LOGIN_WANTED, AT_PROXY, 0, 0, hides_password,
     "The password was not sent, because others on the way could read it. Ask the administrator for a URL of the "
     "proxy with https; or allow it by auth = basic in {section}.",
     NOTHING},
    {CAUSE_LOGIN_REFUSED, AT_PROXY, 0, 0, has_user,
     "{proxy} does not accept this user and password. See whether they work in a web browser with that proxy, and "
     "set in {section} those that do. The same ones are not sent again for {rest} seconds, and longer each time, so "
     "that trying does not lock the account; `sallyport reload` ends that for a daemon that runs. If the account is "
     "locked already, only the administrator opens it.",
     NOTHING},
    {CAUSE_LOGIN_REFUSED, AT_PROXY, 0, 0, lacks_user,
     "{proxy} does not accept the ticket. `klist` shows whose it is and how long it lasts; `kdestroy` and `kinit "
     "NAME@REALM` get another one. The clock of this machine must be right, too.",
     NOTHING},
    {CAUSE_LOGIN_RESTS, ANYWHERE, 0, 0, NULL,
     "This password was refused a while ago, and is kept back so that trying does not lock the account. Set the "
     "right one in {section}, and let a daemon that runs know by `sallyport reload`.",
     NOTHING},

    /* other answers */
    {CAUSE_ANSWER, AT_PROXY, 405, 405, NULL,
     "{proxy} does not make tunnels. Is it the proxy that web browsers use for https pages? If it is, ask its "
     "administrator to let it do CONNECT to {asked}.",
     NOTHING},
    {CAUSE_ANSWER, AT_PROXY, 501, 501, NULL,
     "{proxy} does not know CONNECT, and is of no use for this. Is it the proxy that web browsers use for https "
     "pages? Set that one as url in {section}.",
     NOTHING},
    {CAUSE_ANSWER, AT_PROXY, 429, 429, NULL,
     "{proxy} has had too many requests. Wait a few minutes.",
     NOTHING},
    {CAUSE_ANSWER, AT_PROXY, 500, 500, NULL,
     DOES_NOT_REACH,
     NOTHING},
    {CAUSE_ANSWER, AT_PROXY, 502, 504, NULL,
     DOES_NOT_REACH,
     NOTHING},
    {CAUSE_PROXY_CANNOT, AT_PROXY, 0, 0, NULL,
     DOES_NOT_REACH,
     NOTHING},
    {CAUSE_SOCKS_UNABLE, AT_PROXY, 0, 0, NULL,
     "{proxy} does not make such connections. Ask its administrator for another one, or for an HTTP proxy.",
     NOTHING},
    {CAUSE_REDIRECT, AT_PROXY, 0, 0, NULL,
     "The proxy wants another one to be used in its place, and the section [redirects] does not allow that; "
     "sallyport-redirects(7) says what may be allowed.",
     NOTHING},
    {CAUSE_PORTAL, AT_PROXY, 0, 0, NULL,
     "Open any page in a web browser, log in to this network, and try again.",
     NOTHING},
    {CAUSE_WEB_PAGE, AT_PROXY, 0, 0, NULL,
     "What answers at {proxy} is a web server or a login page. Compare url in {section} with the proxy in the "
     "settings of a web browser, the port, too, which often is 3128 or 8080. In a guest network, log in with a web "
     "browser first.",
     NOTHING},

    /* no way there */
    {CAUSE_NO_ADDRESS, AT_PROXY, 0, 0, NULL,
     "Is the name of the proxy spelt as its administrator says (url in {section})? Names of a firm are often known "
     "inside alone: is its network or VPN there?",
     NOTHING},
    {CAUSE_NO_ADDRESS, AT_TARGET, 0, 0, is_written_out,
     "Is target in {listener} spelt right? Where names of the outside are not known, a [proxy] is needed, which "
     "finds them itself.",
     NOTHING},
    {CAUSE_NO_ADDRESS, AT_TARGET, 0, 0, is_srv,
     "SRV records are looked up here, whatever the proxy knows. Ask your provider for server and port, and set "
     "target = HOST:PORT in {listener}.",
     NOTHING},
    {CAUSE_NAME_SERVERS, ANYWHERE, 0, 0, NULL,
     "The name servers of this machine do not answer. Is the network there? They stand in /etc/resolv.conf.",
     NOTHING},
    {CAUSE_NO_CONNECTION, AT_PROXY, 0, 0, NULL,
     "Nothing answers at {proxy}. Compare host and port with what the administrator says (url in {section}), or a "
     "web browser has; is the network or VPN there?",
     NOTHING},
    {CAUSE_NO_CONNECTION, AT_TARGET, 0, 0, NULL,
     "{target} cannot be reached without a proxy. If nobody gets out directly here, set a [proxy] for {listener}; "
     "otherwise ask your provider for server and port.",
     NOTHING},
    {CAUSE_SILENCE, AT_PROXY, 0, 0, NULL,
     "{proxy} takes connections and says nothing. Perhaps it wants TLS (url = https://...), speaks something else "
     "than HTTP, or waits for {target}, which does not answer.",
     NOTHING},
    {CAUSE_SILENCE, AT_TARGET, 0, 0, NULL,
     "{target} says nothing. Perhaps tls in {listener} does not fit its port, or something on the way holds the "
     "answer back.",
     NOTHING},

    /* TLS */
    {CAUSE_NOT_TLS, AT_PROXY, 0, 0, NULL,
     "What answers at {proxy} does not do TLS. Ask its administrator for the port that does, and set it as url in "
     "{section}. Only if the administrator says that there is none, set http:// in place of https://: others on the "
     "way can then read what is asked for. If there should be TLS, somebody else answers in its place.",
     NOTHING},
    {CAUSE_NOT_TLS, AT_TARGET, 0, 0, NULL,
     "There is no TLS from the first byte at {target}. Most ports where tls = yes does not fit want tls = starttls "
     "in {listener}; if this one should fit, something on the way answers in place of the server.",
     NOTHING},
    {CAUSE_NO_STARTTLS, AT_TARGET, 0, 0, NULL,
     "The server does not begin TLS at this port, or something on the way keeps it from that. Ask your provider for "
     "the port with TLS, and set it as target in {listener}, with tls = yes. Without TLS passwords and mail could be "
     "read on the way.",
     NOTHING},
    {CAUSE_OLD_TLS, ANYWHERE, 0, 0, NULL,
     "What it speaks can be broken, and no key allows it. Whoever runs {who} has to bring it up to date.",
     NOTHING},
    {CAUSE_OUR_CERTIFICATE, AT_PROXY, 0, 0, NULL,
     "{proxy} wants a certificate of yours. Ask its administrator for one, and set cert-file and key-file in "
     "{section}.",
     NOTHING},
    {CAUSE_OUR_CERTIFICATE, AT_TARGET, 0, 0, NULL,
     "The server wants a certificate of yours: set tls = no in {listener}, and give the certificate to the "
     "{program}, which then does TLS itself.",
     NOTHING},

    /* certificates */
    {CAUSE_WRONG_NAME, AT_PROXY, 0, 0, NULL,
     "The certificate is genuine, but another's: write in url in {section} the name that it is for, if that is the "
     "proxy that you mean. If not, somebody else answers in its place.",
     NOTHING},
    {CAUSE_WRONG_NAME, AT_TARGET, 0, 0, NULL,
     "The certificate is genuine, but another's: set as target in {listener} the name that it is for, if that is "
     "your provider's. If not, somebody else answers in its place, and must not get your password.",
     NOTHING},
    {CAUSE_EXPIRED, ANYWHERE, 0, 0, NULL,
     "Is the clock of this machine right (`date`)? Then whoever runs {who} has forgotten to renew the certificate: "
     "tell them, and wait.",
     NOTHING},
    {CAUSE_NOT_YET_VALID, ANYWHERE, 0, 0, NULL,
     "Most likely the clock of this machine is wrong: see `date`. If it is right, whoever runs {who} has put up a "
     "certificate too soon.",
     NOTHING},
    {CAUSE_SELF_SIGNED, AT_PROXY, 0, 0, NULL,
     "Nobody vouches for {proxy} but itself. Ask its administrator for the certificate as a file, and set ca-file = "
     "FILE in {section}.",
     NOTHING},
    {CAUSE_SELF_SIGNED, AT_TARGET, 0, 0, NULL,
     "Nobody vouches for {host} but itself. If the server is yours, or its owner gives you the certificate as a "
     "file, set tls-ca-file = FILE in {listener}. A large provider has none like that: then somebody else answers in "
     "its place.",
     NOTHING},
    {CAUSE_UNKNOWN_AUTHORITY, AT_PROXY, 0, 0, NULL,
     "A firm's proxy often has a certificate by the firm's own authority. Ask its administrator for that one's "
     "certificate as a file, and set ca-file = FILE in {section}.",
     NOTHING},
    {CAUSE_UNKNOWN_AUTHORITY, AT_TARGET, 0, 0, NULL,
     "If that is your firm, or a product for security, the proxy opens TLS to look inside (\"inspection\"). Ask its "
     "administrator to leave {target} out; or for the authority's certificate as a file, for tls-ca-file = FILE in "
     "{listener}: then the proxy reads your mail and password. If it is an authority of your provider's own, get the "
     "file from there. Anybody else must not get your password.",
     NOTHING},
    {CAUSE_WEAK, ANYWHERE, 0, 0, NULL,
     "A certificate like that can be forged. Whoever runs {who} has to get a better one.",
     NOTHING},
};

/* --- what is put in --- */

/* Where the failing request was to lead: to the target, or to the proxy behind the one that failed. */
static const struct endpoint *asked(const struct try_advice *facts)
{
    return facts->failure && facts->failure->on_the_way && facts->proxy ? facts->proxy : facts->target;
}

/* "[kind label]", as the section is written.  name: "kind/label"; only the first '/' stands for the blank. */
static void put_section(const char *name, FILE *out)
{
    size_t kind = strcspn(name, "/");

    fprintf(out, "[%.*s%s%s]", (int)kind, name, name[kind] ? " " : "", name[kind] ? name + kind + 1 : "");
}

static void put_place(const struct endpoint *place, const char *otherwise, FILE *out)
{
    char text[ENDPOINT_TEXT_MAX];

    fputs(place ? endpoint_format(place, text) : otherwise, out);
}

static void put_proxy(const struct try_advice *facts, FILE *out)
{
    char url[ENDPOINT_URL_MAX];

    if (facts->failure && facts->failure->on_the_way)
        fputs("the proxy before it", out);
    else
        fputs(facts->proxy ? endpoint_format_url(facts->proxy, url) : "the proxy", out);
}

static void put_proxy_section(const struct try_advice *facts, FILE *out)
{
    const struct proxy_config *section = section_of(facts);

    fprintf(out, "[proxy%s%s]", section && section->label[0] ? " " : "", section ? section->label : "");
}

/* The first place that is at a port; NULL: all are sockets in the file system. */
static const struct endpoint *first_port(const struct value_places *listen)
{
    for (size_t i = 0; i < listen->count; i++)
        if (!listen->paths[i])
            return &listen->at[i];
    return NULL;
}

/* Where every address is listened on, this machine is one of them. */
static void put_local_host(const struct try_advice *facts, FILE *out)
{
    const struct endpoint *place = first_port(&facts->listener->listen);
    const char *host = place ? place->host : "localhost";

    fputs(strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ? "localhost" : host, out);
}

/* What the program is told. */
static void put_local_place(const struct try_advice *facts, FILE *out)
{
    const struct value_places *listen = &facts->listener->listen;
    const struct endpoint *place = first_port(listen);
    char path[UNIX_SOCKET_PATH_MAX], error[300];

    if (!place && listen->count > 0) {
        fprintf(out, "the socket %s",
                socket_path_find(listen->paths[0], path, error, sizeof error) == SOCKET_PATH_HERE ? path
                                                                                                  : listen->paths[0]);
        return;
    }
    fputs("server ", out);
    put_local_host(facts, out);
    if (place && place->port != 0)
        fprintf(out, ", port %u", place->port);
    else
        fputs(", port as `sallyport status` shows it", out);
}

static const char *program(const struct try_advice *facts)
{
    const struct protocol *protocol = facts->listener->protocol;

    return !protocol->token ? "program" : protocol->target_port == 119 ? "news program" : "mail program";
}

static void put_in(const struct try_advice *facts, const char *name, size_t length, FILE *out)
{
    char list[CHALLENGE_LIST_MAX];

#define IS(word) (length == sizeof word - 1 && memcmp(name, word, length) == 0)
    if (IS("proxy"))
        put_proxy(facts, out);
    else if (IS("section"))
        put_proxy_section(facts, out);
    else if (IS("listener"))
        put_section(facts->listener->name, out);
    else if (IS("target"))
        put_place(facts->target, "the server", out);
    else if (IS("asked"))
        put_place(asked(facts), "the server", out);
    else if (IS("host"))
        fputs(facts->target ? facts->target->host : "the server", out);
    else if (IS("local-host"))
        put_local_host(facts, out);
    else if (IS("local-place"))
        put_local_place(facts, out);
    else if (IS("program"))
        fputs(program(facts), out);
    else if (IS("who"))
        fputs(facts->failure->scheme[0] ? "the proxy" : "the server", out);
    else if (IS("offered"))
        fputs(challenge_list(facts->offered, list, sizeof list), out);
    else if (IS("rest"))
        fprintf(out, "%u", LOCKOUT_REST_FIRST_MS / 1000);
#undef IS
}

/* --- what is printed --- */

/* Prints the words in lines of at most TRY_ADVICE_WIDTH columns. */
static void print_wrapped(const char *words, FILE *out)
{
    size_t column = 0;

    while (*(words += strspn(words, " "))) {
        size_t length = strcspn(words, " ");

        if (column > 0 && column + 1 + length > TRY_ADVICE_WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%*s%.*s", column == 0 ? INDENT : 1, "", (int)length, words);
        words += length;
    }
    fputc('\n', out);
}

static void print_words(const struct try_advice *facts, const char *words, FILE *out)
{
    char text[WORDS_MAX] = "";
    FILE *in = fmemopen(text, sizeof text - 1, "w");

    if (!in)
        return;
    while (*words) {
        size_t plain = strcspn(words, "{"), name;

        fprintf(in, "%.*s", (int)plain, words);
        words += plain;
        if (*words == '\0')
            break;
        name = strcspn(words, "}");
        put_in(facts, words + 1, name - 1, in);
        words += name + 1;
    }
    fclose(in);
    print_wrapped(text, out);
}

/* Whether the text can stand in another program's configuration as it is.  A name that came from DNS or from a proxy
 * need not. */
static bool is_plain(const char *host)
{
    for (const char *at = host; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(".-_:", *at))
            return false;
    return *host != '\0';
}

/* Each acl has one value and is named after it: others with the same name are the same.  -n: squid looks nothing up,
 * and an address of IPv4 is found in the request as it is written. */
static void paste_for_squid(const struct endpoint *place, FILE *out)
{
    char name[ACL_HOST_MAX + 1];

    snprintf(name, sizeof name, "%.*s", ACL_HOST_MAX, place->host);
    for (char *at = name; *at; at++)
        if (*at == ':')
            *at = '-';
    fprintf(out, "%*sacl CONNECT method CONNECT\n", PASTE_INDENT, "");
    fprintf(out, "%*sacl to-%s %s %s\n", PASTE_INDENT, "", name, strchr(place->host, ':') ? "dst" : "dstdomain -n",
            place->host);
    fprintf(out, "%*sacl to-port-%u port %u\n", PASTE_INDENT, "", place->port, place->port);
    fprintf(out, "%*shttp_access allow CONNECT to-%s to-port-%u\n", PASTE_INDENT, "", name, place->port);
}

static void paste_for_haproxy(const struct endpoint *place, FILE *out)
{
    char text[ENDPOINT_TEXT_MAX];

    fprintf(out, "%*shttp-request allow if { method CONNECT } { url -i %s }\n", PASTE_INDENT, "",
            endpoint_format(place, text));
}

static void print_paste(const struct try_advice *facts, enum paste paste, FILE *out)
{
    const struct endpoint *place = asked(facts);

    switch (paste) {
    case NOTHING:
        break;
    case FOR_SQUID:
        paste_for_squid(place, out);
        break;
    case FOR_HAPROXY:
        paste_for_haproxy(place, out);
        break;
    case A_LOGIN:
        fprintf(out, "%*suser = NAME\n%*spassword-command = PROGRAM\n", PASTE_INDENT, "", PASTE_INDENT, "");
        break;
    }
}

static bool fits(const struct row *row, const struct try_advice *facts)
{
    const struct failure *failure = facts->failure;
    unsigned where = !failure ? WORKS : failure->scheme[0] ? AT_PROXY : AT_TARGET;

    if (!(row->where & where) || (failure && row->cause != failure->cause))
        return false;
    if (row->most > 0 && (failure->answer < row->least || failure->answer > row->most))
        return false;
    if ((row->paste == FOR_SQUID || row->paste == FOR_HAPROXY) && !(asked(facts) && is_plain(asked(facts)->host)))
        return false;
    return !row->fits || row->fits(facts);
}

void try_advice_print(const struct try_advice *facts, FILE *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fits(&rows[i], facts)) {
            print_words(facts, rows[i].words, out);
            print_paste(facts, rows[i].paste, out);
        }
}

void try_advice_print_end(FILE *out)
{
    fputs("These ports are open while `sallyport run` runs. Lines to paste into the\n"
          "settings of many mail and news programs: `sallyport recipe PROGRAM`.\n", out);
}
