# SPDX-License-Identifier: ISC
# The unit tests of src/reverse.

UNIT_TESTS += \
	tests/unit/reverse/check_admission \
	tests/unit/reverse/check_back_off \
	tests/unit/reverse/check_relay_answer \
	tests/unit/reverse/check_relay_reader \
	tests/unit/reverse/check_reverse_set \
	tests/unit/reverse/check_same_relay \
	tests/unit/reverse/check_standing \
	tests/unit/reverse/check_waiting_place

RELAY_SCENE = tests/unit/reverse/relay_scene.c tests/unit/reverse/relay_scene.h

tests_unit_reverse_check_admission_SOURCES = tests/unit/reverse/check_admission.c $(RELAY_SCENE)
tests_unit_reverse_check_admission_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

tests_unit_reverse_check_waiting_place_SOURCES = tests/unit/reverse/check_waiting_place.c $(RELAY_SCENE)
tests_unit_reverse_check_waiting_place_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# the lines of the log, and the ends of a connection, pass through the test
tests_unit_reverse_check_reverse_set_SOURCES = tests/unit/reverse/check_reverse_set.c $(RELAY_SCENE) $(GIVEN_SOURCES)
tests_unit_reverse_check_reverse_set_LDFLAGS = $(AM_LDFLAGS) $(GIVEN) $(STAGE) -Wl,--wrap=transport_ends
