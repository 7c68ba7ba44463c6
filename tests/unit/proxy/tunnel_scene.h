/* SPDX-License-Identifier: ISC */
/* What the tests of tunnels and of their ways have in common: proxies and a server on the stage, one who asks for a
 * tunnel, and what that was told. */
#ifndef SALLYPORT_TUNNEL_SCENE_H
#define SALLYPORT_TUNNEL_SCENE_H

#include <stdbool.h>

#include "../stage.h"
#include "proxy/tunnel.h"

#define STEPS_MAX 2000

/* One who asks, as imap#1. */
struct asked {
    struct tunnel *tunnel;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done; set by the test once it is open */
    char steps[STEPS_MAX];
};

/* Sets the stage: proxies a to d at 192.0.2.1 to .4, and mail.example.net at .9; all can be connected to. */
struct services *tunnel_scene_set_up(void);

/* Opens a tunnel for the first listener; nothing is told yet.  asked_start settles the stage, too. */
void asked_open(struct asked *asked, const struct services *services, struct config *config);
void asked_start(struct asked *asked, const struct services *services, struct config *config);
void asked_end(struct asked *asked);

/* It was told once that its tunnel is open, by the proxy with that name, or "direct". */
void asked_check_open(const struct asked *asked, const char *proxy);

/* Adds "step text;" to the steps. */
void steps_add(char steps[STEPS_MAX], const char *step, const char *text);

/* The wire made last, which leads there. */
struct wire *wire_to(const char *address);

#endif
