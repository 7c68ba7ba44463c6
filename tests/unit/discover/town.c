/* SPDX-License-Identifier: ISC */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 24
#define WIRES_MAX 64
#define ROUNDS 400 /* of a millisecond each: less than any limit */

struct place {
    const char *name;
    enum town_kind kind;
    char *text;
    unsigned asked;
    char heard[2048];
};

/* What goes on at a connection to the proxy. */
struct talk {
    struct place *place; /* NULL: its request has not come */
    struct tls_peer peer;
    bool secure, answered, done;
};

static struct {
    struct services *services;
    struct config *config;
    struct tls_peer authority;
    struct place places[PLACES_MAX];
    size_t count;
    struct talk talks[WIRES_MAX];
    char steps[TOWN_STEPS_MAX];
    bool refuses;
    unsigned logins;
} town;

struct town_ending town_ending;

void town_note_ending(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    unit_note_outcome(&town_ending.told, &town_ending.outcome, &town_ending.why, outcome, failure);
}

struct services *town_set_up(void)
{
    memset(&town, 0, sizeof town);
    memset(&town_ending, 0, sizeof town_ending);
    town.services = stage_set_up();
    stage_name("a", "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    town.config = unit_config("[proxy]\nurl = http://a:3128\n[imap]\ntarget = unused.example.net\n");
    tls_peer_set_up(&town.authority, "DNS:*.example.net,DNS:example.net,DNS:provider.test,DNS:*.thunderbird.net");
    return town.services;
}

void town_tear_down(void)
{
    stage_settle();
    for (size_t i = 0; i < WIRES_MAX; i++)
        SSL_free(town.talks[i].peer.ssl);
    for (size_t i = 0; i < town.count; i++)
        free(town.places[i].text);
    config_unref(town.config);
    stage_tear_down();
    tls_peer_tear_down(&town.authority);
}

void town_refuse_user(void)
{
    config_unref(town.config);
    town.config = unit_config("[proxy]\nurl = http://a:3128\nuser = me\npassword = secret\nauth = basic\n"
                              "[imap]\ntarget = unused.example.net\n");
    town.refuses = true;
}

unsigned town_logins(void)
{
    return town.logins;
}

struct config *town_config(void)
{
    return town.config;
}

char *town_ca_file(void)
{
    static char path[256];

    snprintf(path, sizeof path, "%s", town.authority.root_file);
    return path;
}

/* --- places --- */

static struct place *find_place(const char *name, size_t length)
{
    for (size_t i = 0; i < town.count; i++)
        if (strlen(town.places[i].name) == length && memcmp(town.places[i].name, name, length) == 0)
            return &town.places[i];
    return NULL;
}

void town_add(const char *name, enum town_kind kind, const char *text)
{
    struct place *place = find_place(name, strlen(name));

    ck_assert_uint_lt(town.count, PLACES_MAX);
    if (!place)
        place = &town.places[town.count++];
    free(place->text);
    *place = (struct place){.name = name, .kind = kind, .text = strdup(text)};
}

void town_add_file(const char *name, const char *text)
{
    size_t size = strlen(text) + 200;
    char *answer = malloc(size);

    ck_assert_ptr_nonnull(answer);
    snprintf(answer, size, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(text), text);
    town_add(name, TOWN_TELLS, answer);
    free(answer);
}

unsigned town_asked(const char *name)
{
    struct place *place = find_place(name, strlen(name));

    return place ? place->asked : 0;
}

const char *town_heard(const char *name)
{
    struct place *place = find_place(name, strlen(name));

    return place ? place->heard : "";
}

/* --- connections --- */

/* The proxy answers a request.  False: none has come. */
static bool answer_request(struct talk *talk, struct wire *wire)
{
    const char *start = wire->heard ? strstr(wire->heard, "CONNECT ") : NULL;

    if (!start || !strstr(start, "\r\n\r\n"))
        return false;
    if (town.refuses) {
        town.logins += strstr(start, "Proxy-Authorization: Basic ") != NULL;
        wire_clear(wire);
        wire_say(wire, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    start += strlen("CONNECT ");
    talk->place = find_place(start, strcspn(start, " "));
    wire_clear(wire);
    talk->done = talk->place && talk->place->kind == TOWN_MUTE;
    if (talk->place)
        talk->place->asked++;
    if (talk->place && talk->place->kind == TOWN_MUTE)
        return true;
    if (!talk->place) {
        wire_say(wire, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return true;
    }
    wire_say(wire, "HTTP/1.1 200 OK\r\n\r\n");
    if (talk->place->kind == TOWN_BEGINS)
        wire_say(wire, talk->place->text);
    if (talk->place->kind == TOWN_BREAKS)
        wire_break(wire, 104);
    return true;
}

/* Begins TLS. */
static void secure(struct talk *talk, struct wire *wire)
{
    talk->peer = town.authority;
    talk->peer.ssl = NULL;
    tls_peer_accept(&talk->peer, wire);
    talk->secure = true;
}

/* What a server says before TLS.  False: it has nothing to say. */
static bool begin_tls(struct talk *talk, struct wire *wire)
{
    const char *heard = wire->heard ? wire->heard : "";

    if (strstr(heard, "EHLO")) {
        wire_clear(wire);
        wire_say(wire, "250-mail\r\n250 STARTTLS\r\n");
    } else if (strstr(heard, "STARTTLS")) {
        char line[80];

        if (heard[0] == 'S')
            snprintf(line, sizeof line, "220 go\r\n");
        else
            snprintf(line, sizeof line, "%.*s OK\r\n", (int)strcspn(heard, " "), heard);
        wire_clear(wire);
        secure(talk, wire);
        wire_say(wire, line);
    } else {
        return false;
    }
    return true;
}

/* What a server says within TLS.  False: it has nothing to say. */
static bool speak(struct talk *talk)
{
    tls_peer_pump(&talk->peer);
    if (!talk->peer.open || talk->answered || talk->place->kind == TOWN_BEGINS ||
        (talk->place->kind == TOWN_TELLS && !strstr(talk->peer.got, "\r\n\r\n")))
        return false;
    snprintf(talk->place->heard, sizeof talk->place->heard, "%s", talk->peer.got);
    ck_assert_int_gt(SSL_write(talk->peer.ssl, talk->place->text, (int)strlen(talk->place->text)), 0);
    talk->answered = true;
    tls_peer_pump(&talk->peer);
    return true;
}

/* False: nothing has happened. */
static bool play_wire(struct talk *talk, struct wire *wire)
{
    if (talk->done || !wire_is_held(wire))
        return false;
    if (!talk->place)
        return answer_request(talk, wire);
    if (talk->place->kind == TOWN_SILENT || talk->place->kind == TOWN_BREAKS)
        return false;
    if (talk->place->kind == TOWN_BEGINS && !talk->secure)
        return begin_tls(talk, wire);
    if (!talk->secure)
        secure(talk, wire);
    return speak(talk);
}

void town_play(const unsigned *told)
{
    stage_settle();
    for (unsigned round = 0; round < ROUNDS && *told == 0; round++) {
        bool goes_on = false;

        for (unsigned i = 0; i < stage_wires() && i < WIRES_MAX; i++)
            goes_on |= play_wire(&town.talks[i], stage_wire(i));
        if (!goes_on)
            stage_advance(1);
    }
}

/* --- the trace --- */

static void on_step(void *arg, const char *step, const char *text)
{
    size_t length = strlen(town.steps);

    (void)arg;
    snprintf(town.steps + length, sizeof town.steps - length, "%s %s\n", step, text);
}

struct trace town_trace(void)
{
    return (struct trace){on_step, NULL};
}

const char *town_steps(void)
{
    return town.steps;
}

void town_check_step(const char *text)
{
    ck_assert_msg(strstr(town.steps, text) != NULL, "no step says \"%s\" in:\n%s", text, town.steps);
}
