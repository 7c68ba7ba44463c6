/* SPDX-License-Identifier: ISC */
/* A connector on the stage (stage.h), what it is started with, and what it told: for check_connector and
 * check_connector_tls. */
#ifndef SALLYPORT_ASKED_CONNECTOR_H
#define SALLYPORT_ASKED_CONNECTOR_H

#include "../stage.h"
#include "../unit.h"
#include "proxy/connector.h"

#define RESOLVE_MS 10000
#define CONNECT_MS 15000
#define HANDSHAKE_MS 20000

struct asked_connector {
    struct services *services;
    struct settings settings;
    const struct proxy_config *own;
    const char *forbidden;          /* the address that may not be used, or NULL */
    const char *upgrade_path;       /* or NULL */
    unsigned http;                  /* enum proxy_http */
    struct transport *through;
    const char *leftover;           /* or NULL */
    struct connector *connector;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    const struct failure *borrowed; /* it is to stay what it was */
    bool frees;                     /* from within done */
    char steps[600];                /* of the trace */
};

/* Sets the stage, and the limits above. */
struct asked_connector asked_connector_set_up(void);

/* Starts it: nothing happens within the call. */
void asked_connector_start(struct asked_connector *asked, const struct endpoint *place);

/* Starts it, and lets it go as far as it can. */
void asked_connector_go(struct asked_connector *asked, const struct endpoint *place);

/* It has told once, and just this; nothing is under way any more. */
void asked_connector_check_failed(const struct asked_connector *asked, enum outcome outcome, enum failure_class class,
                                  const char *what);

/* The transport, which is given once. */
struct transport *asked_connector_take(struct asked_connector *asked);

/* Frees it: nothing is told any more, and every connection that it had is given up. */
void asked_connector_end(struct asked_connector *asked);

/* The same, and the end of the stage. */
void asked_connector_tear_down(struct asked_connector *asked);

#endif
