/* SPDX-License-Identifier: ISC */
/* A row of the table of recipes: a mail program, and the pieces of text that its recipe is put together from.  No code.
 *
 * In a text, words in braces stand for what a listener and the person are; anything else is printed as it is:
 *
 *   {host} {port}     where the listener listens; {place}: "host:port", with brackets around an IPv6 address
 *   {urlhost}         the host as a URL has it
 *   {target}          the server's name, which its certificate shows; {targetport}: its port
 *   {address} {login} the person's; {urllogin}: the login with %XX for what a URL does not take
 *   {local} {domain}  what is before and behind the @ of the address
 *   {accounts}        all accounts, with commas between
 *   {account}         what tells accounts apart: the label of the listener, "sallyport" where it has none
 *   {listener}        its name: "imap/work"; {name}: the same with - for /
 *   {connect}         the command that is a tunnel to its server: "sallyport connect imap/work"
 *   {socket}          the path of its socket in the file system */
#ifndef SALLYPORT_PROGRAM_H
#define SALLYPORT_PROGRAM_H

#include "recipe/recipe_params.h"

/* What a mail program may do with a listener. */
enum program_role {
    ROLE_IMAP = 1 << 0,
    ROLE_POP3 = 1 << 1,
    ROLE_SEND = 1 << 2, /* submission, or else smtp */
    ROLE_NEWS = 1 << 3,
    ROLE_SIEVE = 1 << 4,
};
#define PROGRAM_ROLES 5

/* When a piece is printed: of each pair, what is not asked for does not matter.  Where the listener has no port, no
 * piece may name one, nor the host or the place: there the program is told a command or a socket instead, by a piece
 * with WHEN_CONNECT or WHEN_SOCKET. */
enum program_when {
    WHEN_PLAIN = 1 << 0,   /* the program speaks plain text to the listener */
    WHEN_TLS = 1 << 1,     /* it does TLS with the server by itself, from the first byte, through the listener */
    WHEN_FIRST = 1 << 2,   /* the account is the first one that has the role */
    WHEN_FURTHER = 1 << 3,
    WHEN_LOGIN = 1 << 4,   /* the server wants to know who sends */
    WHEN_NO_LOGIN = 1 << 5,
    WHEN_CONNECT = 1 << 6, /* the command of {connect} can be written without quotes */
    WHEN_PORT = 1 << 7,    /* the listener has a port that a program can be told */
    WHEN_NO_PORT = 1 << 8, /* it has none, or none that is known: the command has to do, or the socket */
    WHEN_ALONE = 1 << 9,   /* of all accounts, no other listener is used: then it is the first as well */
    WHEN_SOCKET = 1 << 10, /* the listener has a socket in the file system, whose path can be written without quotes */
};

/* A piece: for the first of its roles that the account has, as long as that fits `when`. */
struct program_piece {
    unsigned roles; /* 0: once, and neighbours with roles are repeated for each account */
    unsigned when;
    const char *text;
};

struct program {
    struct recipe_row row;
    const char *comment;   /* how a line of comment begins: "# " */
    const char *place;     /* where the lines belong: "put these lines into ~/.muttrc" */
    bool apart;            /* each listener is for itself: nothing is preferred, nothing shared by accounts */
    const struct program_piece *pieces; /* ended by one without a text */
};

/* The table's parts; each is ended by a row without a name. */
extern const struct program reading_programs[], graphical_programs[], fetching_programs[], sending_programs[],
    other_programs[];

#endif
