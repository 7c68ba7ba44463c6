# SPDX-License-Identifier: ISC
# Clients: where they come in, who may, and the bytes of each.

src_libhouse_a_SOURCES += \
	src/session/access.c src/session/access.h \
	src/session/ending.c src/session/ending.h \
	src/session/listener_set.c src/session/listener_set.h \
	src/session/misfit.c src/session/misfit.h \
	src/session/origin.c src/session/origin.h \
	src/session/pipe.h \
	src/session/pump.c src/session/pump.h \
	src/session/refusal.c src/session/refusal.h \
	src/session/roll.c src/session/roll.h \
	src/session/session.c src/session/session.h \
	src/session/shares.c src/session/shares.h \
	src/session/strangers.c src/session/strangers.h \
	src/session/timeouts.c src/session/timeouts.h \
	src/session/via.c src/session/via.h \
	src/session/waiting_clients.c src/session/waiting_clients.h
if PIPE_SPLICE
src_libhouse_a_SOURCES += src/session/pipe_splice.c
else
src_libhouse_a_SOURCES += src/session/pipe_none.c
endif
EXTRA_DIST += src/session/pipe_splice.c src/session/pipe_none.c
