/* SPDX-License-Identifier: ISC */
#include "setup/server_choice.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/kept_ports.h"
#include "config/listening.h"
#include "discover/discovery.h"
#include "net/free_port.h"
#include "net/peer.h"
#include "setup/proxy_trial.h"
#include "setup/whole_file.h"

/* --- what is found --- */

struct search {
    struct desk *desk;
    enum outcome outcome;
    struct failure failure;
};

static void on_found(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct search *search = arg;

    search->outcome = outcome;
    if (failure)
        search->failure = *failure;
    loop_stop(search->desk->services.loop);
}

/* Looks for servers; *found has what there is, in any case. */
static void look(struct search *search, struct config *config, struct found_servers *found)
{
    struct desk *desk = search->desk;
    const struct discovery_params params = {
        .services = &desk->services,
        .config = config,
        .proxy = draft_proxy(config),
        .address = &desk->address,
        .trace = {desk_show, desk},
        .done = on_found,
        .arg = search,
    };
    struct discovery *discovery;

    finder_keep(desk->services.finder, config);
    discovery = discovery_start(&params);
    if (!discovery || !loop_run(desk->services.loop))
        failure_set(&search->failure, FAILURE_TEMPORARY, "out of memory");
    if (discovery)
        *found = *discovery_found(discovery);
    discovery_free(discovery);
}

static bool find(struct desk *desk, struct found_servers *found)
{
    struct search search = {.desk = desk, .outcome = OUTCOME_LOCAL};
    char error[DRAFT_ERROR_MAX], why[600];
    struct config *config = draft_config(&desk->draft, desk_password(desk), PROXY_TRIAL_HOST, error);

    memset(found, 0, sizeof *found);
    if (!config) {
        page_fail(&desk->page, "%s", error);
        return false;
    }
    page_say(&desk->page, "Looking for the mail servers of %s:", desk->address.domain);
    look(&search, config, found);
    config_unref(config);
    if (search.outcome == OUTCOME_DONE)
        return true;
    failure_format(&search.failure, why, sizeof why);
    page_say(&desk->page, "Found none: %s.", why);
    return search.outcome == OUTCOME_PEER;
}

static const char *tls_in_words(enum listener_tls tls)
{
    return tls == TLS_YES ? "TLS" : tls == TLS_STARTTLS ? "STARTTLS" : "no TLS";
}

static void add(struct desk *desk, const struct protocol *protocol, const struct endpoint *place, enum listener_tls tls,
                const char *source)
{
    if (desk->draft.count < DRAFT_LISTENERS_MAX)
        desk->draft.at[desk->draft.count++] = (struct draft_listener){protocol, *place, tls, 0, source, false};
}

/* The server that mail is read at: by IMAP, unless DNS alone, which may be forged, names that one and not the other. */
static const struct found_server *reading(const struct found_servers *found)
{
    const struct found_server *imap = found_servers_of(found, "imap"), *pop3 = found_servers_of(found, "pop3");

    return !imap || (imap->foreign && pop3 && !pop3->foreign) ? pop3 : imap;
}

/* Takes the best one for reading mail, for sending it, and for filters. */
static void take_found(struct desk *desk, const struct found_servers *found, bool *doubtful)
{
    const struct found_server *best[] = {
        reading(found),
        found_servers_of(found, "submission"),
        found_servers_of(found, "managesieve"),
    };
    char place[ENDPOINT_TEXT_MAX];

    *doubtful = false;
    for (size_t i = 0; i < sizeof best / sizeof best[0]; i++) {
        if (!best[i])
            continue;
        add(desk, best[i]->protocol, &best[i]->place, best[i]->tls, best[i]->source);
        page_say(&desk->page, "  %s: %s, %s, from %s%s%s", best[i]->protocol->section,
                 endpoint_format(&best[i]->place, place), tls_in_words(best[i]->tls), best[i]->source,
                 best[i]->foreign ? "; named by DNS alone, which may be forged, and outside of your domain" : "",
                 best[i]->oauth_only ? "; it takes no password, but OAuth 2, which your mail program has to know" : "");
        *doubtful = *doubtful || best[i]->foreign;
        if (best[i]->login[0] && !desk->login[0])
            snprintf(desk->login, sizeof desk->login, "%.*s", RECIPE_WHO_MAX, best[i]->login);
    }
}

/* --- what is typed --- */

static const struct by_hand {
    enum question question;
    const char *section;
    bool unless_reading; /* only if there is none for reading mail so far */
} by_hand[] = {
    {QUESTION_IMAP, "imap", true},
    {QUESTION_POP3, "pop3", true},
    {QUESTION_SUBMISSION, "submission", false},
};

/* What servers at that port usually do. */
static const char *usual_tls(const struct protocol *protocol, uint16_t port)
{
    return protocol_expects_plain(protocol, port) ? "starttls" : "yes";
}

static bool ask_server(struct desk *desk, const struct by_hand *row)
{
    const struct protocol *protocol = protocol_find(row->section, strlen(row->section));
    char answer[QUESTION_ANSWER_MAX + 1];
    struct endpoint place;
    const char *why;

    if (!interview_ask(&desk->interview, row->question, NULL, answer))
        return false;
    if (question_is_none(answer))
        return true;
    if (!endpoint_parse(&place, answer, strlen(answer), protocol->tls_port, &why) ||
        !interview_ask(&desk->interview, QUESTION_TLS, usual_tls(protocol, place.port), answer))
        return false;
    add(desk, protocol, &place, strcasecmp(answer, "yes") == 0 ? TLS_YES : strcasecmp(answer, "no") == 0 ? TLS_NO
        : TLS_STARTTLS, NULL);
    return true;
}

static int ask_servers(struct desk *desk)
{
    desk->draft.count = 0;
    desk->login[0] = '\0';
    if (!desk->interview.asks) {
        page_fail(&desk->page, "no servers to write down, and nobody is to be asked for them; run setup on a terminal, "
                  "or write the file as sallyport.ini(5) tells");
        return EX_UNAVAILABLE;
    }
    for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++)
        if (!(by_hand[i].unless_reading && desk->draft.count > 0) && !ask_server(desk, &by_hand[i]))
            return EX_NOINPUT;
    if (desk->draft.count > 0)
        return EX_OK;
    page_fail(&desk->page, "a configuration needs a server");
    return EX_NOINPUT;
}

/* --- ports --- */

struct ports {
    const struct draft *draft;
    const struct config *present; /* the configuration that is to be replaced, or NULL */
    bool automatic;               /* for the next one, `auto`: no port that is kept for another listener */
};

/* A port that the present configuration has may be taken by the daemon that runs by it. */
static free_port_word judge_port(void *arg, uint16_t port)
{
    const struct ports *ports = arg;
    struct address address;

    for (size_t i = 0; i < ports->draft->count; i++)
        if (ports->draft->at[i].port == port)
            return FREE_PORT_SKIP;
    if (ports->automatic)
        return kept_ports_has(port) ? FREE_PORT_SKIP : FREE_PORT_LOOK;
    return ports->present && address_from_literal(&address, "127.0.0.1", port) &&
           listening_on(ports->present, &address) ? FREE_PORT_TAKE : FREE_PORT_LOOK;
}

static void ignore(void *arg, const char *line)
{
    (void)arg, (void)line;
}

/* Where another user of this machine has the usual port, gives a listener the port that the present configuration has
 * for it, since mail programs know that one: unless it has been taken, too.  An `auto` stays one in any case, also
 * before its port is known. */
static void keep_port(const struct config *present, struct draft_listener *listener)
{
    const struct listener_config *before = config_listener(present, listener->protocol->section);
    const struct value_places *places = before ? &before->listen : NULL;

    if (places && places->automatic) {
        listener->automatic = true;
        listener->port = places->at[places->automatic - 1].port;
        return;
    }
    if (!peer_port_is_foreign(listener->protocol->listen_port))
        return;
    for (size_t i = 0; places && i < places->count && listener->port == 0; i++)
        if (places_is_loopback(&places->at[i]) && !peer_port_is_foreign(places->at[i].port))
            listener->port = places->at[i].port;
}

/* Whether another user of this machine has a port that a listener without one would have: then the next one may have
 * any other. */
static bool is_shared(const struct draft *draft)
{
    for (size_t i = 0; i < draft->count; i++)
        if (draft->at[i].port == 0 && !draft->at[i].automatic &&
            peer_port_is_foreign(draft->at[i].protocol->listen_port))
            return true;
    return false;
}

static void tell_port(const struct desk *desk, const struct draft_listener *listener)
{
    const uint16_t usual = listener->protocol->listen_port;

    if (!listener->automatic && listener->port != usual)
        page_say(&desk->page, "Port %u is taken on this machine: %s gets %u.", usual, listener->protocol->section,
                 listener->port);
}

/* Finds a port for a listener that has none.  False: none is free, and that was said. */
static bool give_port(const struct desk *desk, struct ports *ports, struct draft_listener *listener)
{
    const char *section = listener->protocol->section;
    const uint16_t first = listener->automatic ? kept_ports_start(geteuid(), section) : listener->protocol->listen_port;

    ports->automatic = listener->automatic;
    listener->port = free_port_find("localhost", first, judge_port, ports);
    if (listener->port == 0) {
        page_fail(&desk->page, "no port is free from %u on", first);
        return false;
    }
    tell_port(desk, listener);
    return true;
}

static int give_ports(struct desk *desk)
{
    char error[WHOLE_FILE_ERROR_MAX];
    const bool can_be_read = whole_file_look(desk->output, error); /* a pipe, or /dev/zero, would have no end */
    struct config *present = can_be_read ? config_load(desk->output, CONFIG_TO_CHECK, ignore, NULL) : NULL;
    struct ports ports = {&desk->draft, present, false};
    bool shared, well = true;

    if (present)
        (void)kept_ports_fill(present, ignore, NULL); /* who cannot be read is told of when the new file is tried */
    for (size_t i = 0; present && i < desk->draft.count; i++)
        keep_port(present, &desk->draft.at[i]);
    shared = is_shared(&desk->draft);
    for (size_t i = 0; i < desk->draft.count && well; i++) {
        struct draft_listener *listener = &desk->draft.at[i];

        if (listener->port == 0) {
            listener->automatic = listener->automatic || shared;
            well = give_port(desk, &ports, listener);
        }
    }
    if (shared && well)
        page_say(&desk->page, "Another user of this machine has such a port: you get ports of your own "
                 "(localhost:auto).");
    config_unref(present);
    return well ? EX_OK : EX_OSERR;
}

/* --- all together --- */

int server_choice_make(struct desk *desk)
{
    struct found_servers found;
    bool doubtful, agreed = false;
    int status;

    if (!find(desk, &found))
        return EX_UNAVAILABLE;
    take_found(desk, &found, &doubtful);
    if (!desk->interview.asks)
        agreed = desk->draft.count > 0 && !doubtful;
    else if (desk->draft.count > 0 && !interview_confirm(&desk->interview, QUESTION_SERVERS, !doubtful, &agreed))
        return EX_NOINPUT;
    status = agreed ? EX_OK : ask_servers(desk);
    return status == EX_OK ? give_ports(desk) : status;
}
