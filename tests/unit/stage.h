/* SPDX-License-Identifier: ISC */
/* Where machines are tested: a loop whose clock the test sets, names and addresses that answer as told, and connections
 * in memory whose other end is the test.  All that src/ has is real but four things, which the linker puts in place of
 * others (STAGE in local.mk): the clock and timers of the loop; chance; what resolver and dialer are asked; the
 * transport made of a connection that was dialed.  What else STAGE names is only looked at, to see when nothing happens
 * any more.
 *
 * Nothing happens between two calls of these functions, and no time passes but in stage_advance. */
#ifndef SALLYPORT_STAGE_H
#define SALLYPORT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "net/transport.h"
#include "proxy/services.h"

/* Makes loop and services, which are the test's to change. */
struct services *stage_set_up(void);

struct loop *stage_loop(void);

/* Frees them.  Fails the test when anything was left behind: a look-up, a dial, a timer, a connection that is neither
 * closed nor reset, a descriptor. */
void stage_tear_down(void);

/* Runs the loop until all that is due now has happened, or for 64 turns where something goes on by itself. */
void stage_settle(void);

/* Lets that many milliseconds pass, each timer being called at its own time. */
void stage_advance(uint64_t ms);

/* Milliseconds since stage_set_up. */
uint64_t stage_time(void);

/* What chance_number says from now on, such as STAGE_MIDDLE, by which what is spread is neither longer nor shorter.  At
 * first, and with 0, it is another one each time, and the same in each run. */
#define STAGE_MIDDLE 0x80000000u
void stage_chance(uint32_t number);

/* How many timers were started since then. */
unsigned stage_timers(void);

/* How many run now: what is to wake the process. */
size_t stage_timers_running(void);

/* Runs until told is no more 0, with a bound of some twenty seconds: where a child process or a library's thread is
 * waited for.  Virtual time stands still. */
void stage_wait(const unsigned *told);

/* Runs the loop until no child process is left, which a killed one may take a moment to, or for at most 10 s. */
void stage_await_children(void);

/* --- names --- */

/* What the resolver says of a name from now on: addresses with spaces between; "" for no answer ever; "!why" for a
 * failure.  A name that was not told of fails with "unknown name". */
void stage_name(const char *name, const char *addresses);

/* The same, and there is more to come: who was told that much may wait for the rest, and who wants both families waits,
 * both as for a look-up that has no answer. */
void stage_name_in_part(const char *name, const char *addresses);

/* Answers the last look-up of a name that had none, by what the name says now. */
void stage_answer_silent(void);

/* The same for SRV records: "host:port" with spaces between, "." for a domain that says it has no such service. */
void stage_srv(const char *name, const char *places);

/* How many look-ups were started, how many of these wanted both families of addresses, how many wanted no old answer,
 * and how many wait for one (or for the rest of it). */
unsigned stage_lookups(void);
unsigned stage_lookups_for_both(void);
unsigned stage_lookups_anew(void);
unsigned stage_lookups_open(void);

/* --- addresses --- */

enum stage_dial {
    STAGE_REFUSES,  /* "Connection refused"; so does each address that was not told of */
    STAGE_CONNECTS,
    STAGE_SILENT,   /* no answer: "no answer within N s" when the limit is over */
    STAGE_LOCAL,    /* we are out of descriptors */
};

/* What comes of dialing an address ("192.0.2.1:3128", or without the port for all of them) from now on. */
void stage_address(const char *address, enum stage_dial how);

/* Answers the last dial that had no answer, by what its address does now.  Addresses that are added to such a dial are
 * tried at once. */
void stage_answer_dial(void);

/* How many dials were started, and how many are under way. */
unsigned stage_dials(void);
unsigned stage_dials_open(void);

/* What there is no memory for from now on. */
enum stage_lack { STAGE_LACKS_NOTHING, STAGE_LACKS_LOOKUP, STAGE_LACKS_DIAL, STAGE_LACKS_TRANSPORT };

void stage_lack(enum stage_lack what);

/* --- connections --- */

struct wire {
    struct transport near;   /* the end that the program has */
    unsigned number;
    char to[64];             /* the address that was dialed, or "" */
    char *heard;             /* what the program has sent, but for what was cleared, with a NUL behind it */
    size_t heard_length;
    char *said;              /* what the program gets to read */
    size_t said_length, said_at;
    size_t piece;            /* bytes the program gets at a time; 0: all */
    size_t room;             /* bytes the program can still send; SIZE_MAX at first */
    bool ended;              /* the test's end has said all */
    int broken;              /* errno of what broke it, or 0 */
    bool readable;           /* broken, but what was said before that can be read, as the system has it */
    bool shut;               /* the program has ended its direction */
    bool closed, reset;      /* the program has let go of it, in the one way or the other */
    uint32_t patience;
    bool armed;              /* the program waits for room */
    int ready;
    struct deferred news;
};

/* The connections made so far, and the i-th of them from 0; the test fails when there is none. */
unsigned stage_wires(void);
struct wire *stage_wire(unsigned i);

/* One more, which the test hands over itself: its near end is &wire->near, its number is that of a descriptor that
 * transport_from_socket takes. */
struct wire *stage_new_wire(void);
int stage_descriptor(const struct wire *wire);

/* The test's end speaks, ends its direction, breaks the connection, makes room for more.  What follows from it happens
 * within the call (stage_settle). */
void wire_say(struct wire *wire, const char *text);
void wire_say_bytes(struct wire *wire, const void *bytes, size_t length);
void wire_end(struct wire *wire);
void wire_break(struct wire *wire, int error);
void wire_give_room(struct wire *wire, size_t room);

/* Whether the program still has it. */
bool wire_is_held(const struct wire *wire);

/* Forgets what was heard. */
void wire_clear(struct wire *wire);

#endif
