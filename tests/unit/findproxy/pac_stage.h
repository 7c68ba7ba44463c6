/* SPDX-License-Identifier: ISC */
/* The world of a PAC file in a test: the names that it knows, the addresses of this machine, its clock, and what was
 * asked of it. */
#ifndef SALLYPORT_PAC_STAGE_H
#define SALLYPORT_PAC_STAGE_H

#include "findproxy/pac_engine.h"

struct pac_stage {
    double now;                /* ms since 1970 */
    const char *const *names;  /* "name address address ...", ended by NULL; NULL: none is known */
    const char *mine;          /* "address address ..."; NULL: none */
    unsigned resolves, mines, alerts;
    char last[256];            /* of the last name or alert */
};

/* A world that is that stage. */
struct pac_world pac_stage_world(struct pac_stage *stage);

/* An engine with that script; the test fails when it is refused. */
struct pac_engine *pac_stage_engine(struct pac_stage *stage, const char *script);

/* What the engine says for www.example.net, static: an answer as it is, a fault with "FAULT " in front. */
const char *pac_stage_ask(struct pac_engine *engine);

/* The fault of loading a script, static; "" where it is loaded. */
const char *pac_stage_load(const char *script, size_t length);

#endif
