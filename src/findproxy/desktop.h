/* SPDX-License-Identifier: ISC */
/* Asks the desktop's settings (GNOME, KDE, what else libproxy knows) for the proxies of a URL. */
#ifndef SALLYPORT_DESKTOP_H
#define SALLYPORT_DESKTOP_H

#include "findproxy/pac_engine.h"

#define DESKTOP_TEXT_MAX (PAC_ANSWER_MAX + 1)

enum desktop_answer {
    DESKTOP_ANSWER, /* text: URLs with semicolons between them; direct:// where there is no proxy */
    DESKTOP_PAC,    /* text: the http or https URL, or the full path, of the PAC file that is to be asked */
    DESKTOP_FAULT,  /* text: why there is none of both */
};

/* Blocks, and starts the programs of the desktop. */
enum desktop_answer desktop_ask(const char *url, char text[DESKTOP_TEXT_MAX]);

#endif
