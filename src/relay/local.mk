# SPDX-License-Identifier: ISC
# The half that answers: places that wait, and the clients that come for them.

src_libhouse_a_SOURCES += \
	src/relay/crypt_child.c src/relay/crypt_child.h \
	src/relay/desk.h \
	src/relay/enrolment.c src/relay/enrolment.h \
	src/relay/guesses.c src/relay/guesses.h \
	src/relay/incoming.c src/relay/incoming.h \
	src/relay/kept.c src/relay/kept.h \
	src/relay/login.c src/relay/login.h \
	src/relay/meeting.c src/relay/meeting.h \
	src/relay/password_trial.c src/relay/password_trial.h \
	src/relay/place.c src/relay/place.h \
	src/relay/registry.c src/relay/registry.h \
	src/relay/relay_request.c src/relay/relay_request.h \
	src/relay/relay_set.c src/relay/relay_set.h \
	src/relay/relay_users.c src/relay/relay_users.h \
	src/relay/reply.c src/relay/reply.h \
	src/relay/request_target.c src/relay/request_target.h \
	src/relay/rights.c src/relay/rights.h \
	src/relay/visit.c src/relay/visit.h \
	src/relay/visits.c src/relay/visits.h \
	src/relay/who.c src/relay/who.h
