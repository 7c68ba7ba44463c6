/* The redirect policy of a configuration in words, for `check`.  Pure. */
#ifndef SALLYPORT_REDIRECT_POLICY_H
#define SALLYPORT_REDIRECT_POLICY_H

#include <stdio.h>

#include "config/config.h"

/* Prints what proxies may do, each line a comment of the configuration file. */
void redirect_policy_print(const struct config *config, FILE *out);

#endif
