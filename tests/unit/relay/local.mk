# SPDX-License-Identifier: ISC
# The unit tests of src/relay.

UNIT_TESTS += \
	tests/unit/relay/check_crypt_child \
	tests/unit/relay/check_enrolment \
	tests/unit/relay/check_guesses \
	tests/unit/relay/check_incoming \
	tests/unit/relay/check_kept \
	tests/unit/relay/check_login \
	tests/unit/relay/check_meeting \
	tests/unit/relay/check_password_trial \
	tests/unit/relay/check_place \
	tests/unit/relay/check_registry \
	tests/unit/relay/check_relay_request \
	tests/unit/relay/check_relay_set \
	tests/unit/relay/check_relay_users \
	tests/unit/relay/check_reply \
	tests/unit/relay/check_request_target \
	tests/unit/relay/check_rights \
	tests/unit/relay/check_visit \
	tests/unit/relay/check_visits \
	tests/unit/relay/check_who

# whom the program has forked is noted
tests_unit_relay_check_crypt_child_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork

# the child that compares passwords is the test
CHILD = -Wl,--wrap=crypt_child_start,--wrap=crypt_child_cancel
tests_unit_relay_check_login_SOURCES = tests/unit/relay/check_login.c $(GIVEN_SOURCES)
tests_unit_relay_check_login_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) $(CHILD)
tests_unit_relay_check_password_trial_LDFLAGS = $(AM_LDFLAGS) $(CHILD)

# the connections are the test's
tests_unit_relay_check_relay_set_SOURCES = tests/unit/relay/check_relay_set.c $(GIVEN_SOURCES)
tests_unit_relay_check_relay_set_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) \
	-Wl,--wrap=visits_new,--wrap=visits_free,--wrap=visits_keep,--wrap=visits_receive,--wrap=visits_lead \
	-Wl,--wrap=visits_count,--wrap=visits_close,--wrap=visits_wind_down,--wrap=visits_each

tests_unit_relay_check_kept_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_relay_check_incoming_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_relay_check_place_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_relay_check_registry_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# a whole relay, whose passwords are compared by the test
HALL_SOURCES = tests/unit/relay/hall.c tests/unit/relay/hall.h $(GIVEN_SOURCES)
tests_unit_relay_check_visit_SOURCES = tests/unit/relay/check_visit.c $(HALL_SOURCES)
tests_unit_relay_check_visit_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) $(CHILD)
tests_unit_relay_check_meeting_SOURCES = tests/unit/relay/check_meeting.c $(HALL_SOURCES)
tests_unit_relay_check_meeting_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) $(CHILD)
tests_unit_relay_check_visits_SOURCES = tests/unit/relay/check_visits.c $(HALL_SOURCES)
tests_unit_relay_check_visits_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) $(CHILD)
