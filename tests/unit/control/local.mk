# SPDX-License-Identifier: ISC
# for a program that waits for who does not answer, but not for as long as a person would
HASTE = -Wl,--wrap=setsockopt

# for a program that takes memory away
SHORTAGE = -Wl,--wrap=open_memstream,--wrap=strdup

UNIT_TESTS += \
	tests/unit/control/check_columns \
	tests/unit/control/check_control_client \
	tests/unit/control/check_control_server \
	tests/unit/control/check_control_server_place \
	tests/unit/control/check_control_socket \
	tests/unit/control/check_requests \
	tests/unit/control/check_status_json \
	tests/unit/control/check_status_text

tests_unit_control_check_control_client_LDFLAGS = $(AM_LDFLAGS) $(HASTE) -Wl,--wrap=send
SERVED = tests/unit/control/served.c tests/unit/control/served.h
tests_unit_control_check_control_server_SOURCES = tests/unit/control/check_control_server.c $(SERVED)
tests_unit_control_check_control_server_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_control_check_control_server_place_SOURCES = tests/unit/control/check_control_server_place.c $(SERVED)
tests_unit_control_check_control_server_place_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_control_check_control_socket_LDFLAGS = $(AM_LDFLAGS) $(HASTE)
tests_unit_control_check_requests_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(SHORTAGE)

# reverse sections and relays are whatever the test says
tests_unit_control_check_status_json_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=reverse_set_each,--wrap=relay_set_each
