/* SPDX-License-Identifier: ISC */
/* What the tests of probes share: two proxies and more on the stage, of which some have failed, and sessions. */
#ifndef SALLYPORT_PROBES_SETTING_H
#define SALLYPORT_PROBES_SETTING_H

#include <stdint.h>

#include "proxy/health.h"
#include "proxy/probes.h"
#include "tunnel_scene.h"

#define A "192.0.2.1:3128"
#define HOST_A "192.0.2.1"
#define B "192.0.2.2:3128"
#define LIMIT 15000   /* connect-timeout */
#define SILENCE 20000 /* handshake-timeout */

extern struct services *services;
extern struct config *config;

/* Sets the stage of tunnel_scene.h with probes, and reads a configuration whose section [proxy] has these lines. */
void set_up(const char *proxy);
void tear_down(void);

/* The i-th proxy of that section, its state, and for how long it rests yet. */
const struct endpoint *url(size_t i);
enum health_state state_of(size_t i);
uint64_t rest_of(size_t i);

/* It has failed, in that way, and its first rest is over. */
void doubt(size_t i, const struct failure *failure);

/* A session gets its tunnel by the proxy at that address, without a wait, as far as the network is concerned. */
void opens_at(const char *address);

#endif
