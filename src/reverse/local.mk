# SPDX-License-Identifier: ISC
# A server of ours, published through a relay: the half that dials out.

src_libhouse_a_SOURCES += \
	src/reverse/admission.c src/reverse/admission.h \
	src/reverse/back_off.c src/reverse/back_off.h \
	src/reverse/relay_answer.c src/reverse/relay_answer.h \
	src/reverse/relay_reader.c src/reverse/relay_reader.h \
	src/reverse/reverse_set.c src/reverse/reverse_set.h \
	src/reverse/same_relay.c src/reverse/same_relay.h \
	src/reverse/standing.c src/reverse/standing.h \
	src/reverse/waiting_place.c src/reverse/waiting_place.h
