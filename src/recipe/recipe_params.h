/* SPDX-License-Identifier: ISC */
/* A row of the table as others see it, and what a recipe is made from.  No code. */
#ifndef SALLYPORT_RECIPE_PARAMS_H
#define SALLYPORT_RECIPE_PARAMS_H

#include <stddef.h>

#include "config/settings.h"

/* A mail program; all texts are static. */
struct recipe_row {
    const char *name;  /* as the command line has it: "mbsync" */
    const char *title; /* a few words on what it is */
};

/* What a recipe is made from; all of it is borrowed for the call. */
struct recipe_params {
    const struct config *config;
    const struct listener_config *const *listeners; /* the chosen ones; NULL: all of config */
    size_t count;            /* of them */
    const char *address;     /* the person's, with an @, which recipe_accepts; NULL: unknown, me@example.net
                              * stands for it */
    const char *login;       /* what the servers know the person by; the same; NULL: the address */
    const char *config_path; /* full path to name in commands (`sallyport -c PATH connect NAME`); NULL: it is found
                              * without that */
};

#endif
