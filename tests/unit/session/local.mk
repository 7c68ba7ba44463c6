# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/session/check_access \
	tests/unit/session/check_ending \
	tests/unit/session/check_listener_set \
	tests/unit/session/check_misfit \
	tests/unit/session/check_origin \
	tests/unit/session/check_pipe \
	tests/unit/session/check_pump \
	tests/unit/session/check_refusal \
	tests/unit/session/check_roll \
	tests/unit/session/check_session \
	tests/unit/session/check_session_limits \
	tests/unit/session/check_session_refusals \
	tests/unit/session/check_session_reverse \
	tests/unit/session/check_shares \
	tests/unit/session/check_strangers \
	tests/unit/session/check_timeouts \
	tests/unit/session/check_via \
	tests/unit/session/check_waiting_clients

# the lines of the log pass through the test
GIVEN = -Wl,--wrap=log_event,--wrap=log_message
GIVEN_SOURCES = tests/unit/session/given.c tests/unit/session/given.h
SCENE_SOURCES = $(GIVEN_SOURCES) tests/unit/session/scene.c tests/unit/session/scene.h

# and so does the question whose a client is
tests_unit_session_check_access_SOURCES = tests/unit/session/check_access.c $(GIVEN_SOURCES)
tests_unit_session_check_access_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) -Wl,--wrap=peer_uid,--wrap=peer_is_told \
	-Wl,--wrap=peer_stream_uid,--wrap=peer_streams_are_told

# and what a service manager has passed
tests_unit_session_check_listener_set_SOURCES = tests/unit/session/check_listener_set.c $(GIVEN_SOURCES)
tests_unit_session_check_listener_set_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) -Wl,--wrap=systemd_inherit

tests_unit_session_check_misfit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_message

# and what the ends of a connection in memory are
tests_unit_session_check_origin_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=transport_ends
tests_unit_session_check_session_reverse_SOURCES = tests/unit/session/check_session_reverse.c $(SCENE_SOURCES)
tests_unit_session_check_session_reverse_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) -Wl,--wrap=transport_ends

tests_unit_session_check_refusal_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_session_check_roll_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_session_check_session_SOURCES = tests/unit/session/check_session.c $(SCENE_SOURCES)
tests_unit_session_check_session_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE)
tests_unit_session_check_session_limits_SOURCES = tests/unit/session/check_session_limits.c $(SCENE_SOURCES)
tests_unit_session_check_session_limits_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE)
tests_unit_session_check_session_refusals_SOURCES = tests/unit/session/check_session_refusals.c $(SCENE_SOURCES)
tests_unit_session_check_session_refusals_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE)
tests_unit_session_check_strangers_SOURCES = tests/unit/session/check_strangers.c $(SCENE_SOURCES)
tests_unit_session_check_strangers_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE)
