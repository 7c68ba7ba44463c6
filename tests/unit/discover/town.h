/* SPDX-License-Identifier: ISC */
/* A proxy on the stage, and behind it web servers and mail servers of example.net and others, which are what the test
 * says; one who looks for servers, and what that was told. */
#ifndef SALLYPORT_TOWN_H
#define SALLYPORT_TOWN_H

#include <stdbool.h>

#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"
#include "base/task.h"
#include "base/trace.h"

#define TOWN_STEPS_MAX 16384

enum town_kind {
    TOWN_TELLS,    /* TLS; what is asked by HTTP gets the text */
    TOWN_GREETS,   /* TLS, then the text at once */
    TOWN_BEGINS,   /* the text, then STARTTLS of SMTP or IMAP */
    TOWN_BREAKS,   /* the tunnel opens and breaks */
    TOWN_SILENT,   /* the tunnel opens, and nothing is said */
    TOWN_MUTE,     /* the proxy does not answer */
};

/* What the one who looks has told in the end: how often, how, and why; and a task_done_fn that notes it there. */
extern struct town_ending {
    unsigned told;
    enum outcome outcome;
    struct failure why;
} town_ending;
void town_note_ending(void *arg, enum outcome outcome, const struct failure *failure);

/* Sets the stage, a proxy "a" at 192.0.2.1, and an authority for *.example.net, example.net, provider.test and
 * *.thunderbird.net. */
struct services *town_set_up(void);
void town_tear_down(void);

/* From now on that proxy has a user in its section, whom it refuses; and how often it was sent a password. */
void town_refuse_user(void);
unsigned town_logins(void);

/* The configuration of that proxy; borrowed. */
struct config *town_config(void);

/* The authority's file; whoever is to trust it may change it. */
char *town_ca_file(void);

/* There is a server at "host:port" from now on; text is borrowed.  To all other places the proxy answers 502. */
void town_add(const char *place, enum town_kind kind, const char *text);

/* The same, with an answer of HTTP around a file, whose text is copied. */
void town_add_file(const char *place, const char *text);

/* How often a place has been asked for, and what its server was asked last; "" for nothing. */
unsigned town_asked(const char *place);
const char *town_heard(const char *place);

/* Lets all happen until told is no more 0, or until nothing goes on. */
void town_play(const unsigned *told);

/* A trace whose steps are kept as "step text\n"; and what was kept. */
struct trace town_trace(void);
const char *town_steps(void);

/* One of the steps has this text in it. */
void town_check_step(const char *text);

#endif
