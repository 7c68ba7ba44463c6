/* SPDX-License-Identifier: ISC */
/* The configuration as text, with its defaults and with secrets masked: a file that config_parse accepts
 * (CONFIG_TO_CHECK). */
#ifndef SALLYPORT_CONFIG_PRINT_H
#define SALLYPORT_CONFIG_PRINT_H

#include <stdio.h>

#include "config/settings.h"

void config_print(const struct config *config, FILE *out);

#endif
