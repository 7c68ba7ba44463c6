/* SPDX-License-Identifier: ISC */
/* What is said over the pipes between the daemon and its helper `findproxy`: lines, each a word and, behind one blank,
 * the rest.  No line has a NUL or a control character; a text that would is a fault of who says it.  No code.
 *
 * The daemon says:
 *     SCRIPT NUMBER          so many bytes of a PAC file follow this line (bytes as they are)
 *     ASK URL HOST           what FindProxyForURL says to these; URL and HOST have no blanks
 *     SYSTEM URL             what the desktop's settings say to that URL (a helper that was started for this)
 *     ADDRESSES [A ...]      the reply to RESOLVE, IPv4 and IPv6 as literals, in the order of use; or none
 * The helper says:
 *     READY                  the script was read; or, started for SYSTEM, at once
 *     RESOLVE HOST           look up this name, and reply
 *     MINE                   reply with the addresses that this machine uses towards the default routes (ADDRESSES)
 *     ALERT TEXT             what the script tells people
 *     ANSWER TEXT            what it says to ASK or SYSTEM, as the function gave it, blanks at its ends cut; may be ""
 *     PAC PLACE              to SYSTEM: the desktop has a PAC file there (a URL or a full path); it is to be asked
 *     FAULT TEXT             instead of READY or ANSWER: why there is none, for people, with the script's line
 *     LOST TEXT              at any time: it ends now, and why
 * One question at a time: SCRIPT or ASK is followed by any number of RESOLVE, MINE and ALERT, then READY, ANSWER or
 * FAULT.  RESOLVE and MINE wait for their reply. */
#ifndef SALLYPORT_TALK_H
#define SALLYPORT_TALK_H

#define TALK_LINE_MAX 8192            /* bytes with the newline; a longer answer is a FAULT */
#define TALK_SCRIPT_MAX (1024 * 1024) /* bytes of a PAC file */
#define TALK_ADDRESSES_MAX 32         /* in one reply */
#define TALK_RESOLVES_MAX 256         /* of one question; more is a FAULT */
#define TALK_ALERTS_MAX 16            /* of one question; further ones are not said */
#define TALK_FOR_PAC "pac"            /* the helper's one argument: what it is started for */
#define TALK_FOR_SYSTEM "system"

#endif
