/* SPDX-License-Identifier: ISC */
/* Whether the desktop's settings name a PAC file.  libproxy would run it by itself, or say "direct://" where it cannot,
 * and does not tell which: so this is looked for first, in the settings themselves.  Pure. */
#ifndef SALLYPORT_DESKTOP_PAC_H
#define SALLYPORT_DESKTOP_PAC_H

#include <stddef.h>

#define DESKTOP_PLACE_MAX 2048 /* with its NUL: what `pac:` takes */

enum desktop_pac {
    DESKTOP_PAC_NONE,   /* the settings are none */
    DESKTOP_BY_HAND,    /* no PAC file, but proxies by name */
    DESKTOP_PAC_PLACE,  /* place is set: an http or https URL, or a full path */
    DESKTOP_PAC_DETECT, /* they say to search for one (WPAD) */
    DESKTOP_PAC_BAD,    /* they name one by something else, or too long */
    DESKTOP_PAC_UNSEEN, /* they cannot be looked at, so there may be one */
};

/* KDE: the text of its file kioslaverc. */
enum desktop_pac desktop_pac_kde(const char *text, char place[DESKTOP_PLACE_MAX]);

/* GNOME and those that share its settings: what "gsettings get org.gnome.system.proxy KEY" prints for the keys mode and
 * autoconfig-url. */
enum desktop_pac desktop_pac_gnome(const char *mode, const char *autoconfig_url, char place[DESKTOP_PLACE_MAX]);

#endif
