# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/setup/check_desk \
	tests/unit/setup/check_desktop_guess \
	tests/unit/setup/check_draft \
	tests/unit/setup/check_file_step \
	tests/unit/setup/check_interview \
	tests/unit/setup/check_own_command \
	tests/unit/setup/check_page \
	tests/unit/setup/check_proxy_choice \
	tests/unit/setup/check_proxy_guess \
	tests/unit/setup/check_proxy_trial \
	tests/unit/setup/check_question \
	tests/unit/setup/check_server_choice \
	tests/unit/setup/check_setup \
	tests/unit/setup/check_user_service \
	tests/unit/setup/check_whole_file

# the clock, names and connections are the test's
tests_unit_setup_check_proxy_trial_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# a step at a terminal, and one without
AT_A_TERMINAL = tests/unit/setup/asked.c tests/unit/setup/asked.h
tests_unit_setup_check_interview_SOURCES = tests/unit/setup/check_interview.c $(AT_A_TERMINAL)
tests_unit_setup_check_file_step_SOURCES = tests/unit/setup/check_file_step.c $(AT_A_TERMINAL)
tests_unit_setup_check_proxy_choice_SOURCES = tests/unit/setup/check_proxy_choice.c $(AT_A_TERMINAL)
tests_unit_setup_check_server_choice_SOURCES = tests/unit/setup/check_server_choice.c $(AT_A_TERMINAL)

# what is tried, found and looked for is the test's
tests_unit_setup_check_desktop_guess_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=finding_start,--wrap=finding_free \
	-Wl,--wrap=finding_found,--wrap=finding_is_environment
tests_unit_setup_check_proxy_choice_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=proxy_trial_start,--wrap=proxy_trial_free \
	-Wl,--wrap=desktop_guess_make
tests_unit_setup_check_server_choice_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=discovery_start,--wrap=discovery_free \
	-Wl,--wrap=discovery_found,--wrap=free_port_find,--wrap=peer_port_is_foreign
tests_unit_setup_check_setup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=proxy_choice_make,--wrap=server_choice_make \
	-Wl,--wrap=user_service_is_there,--wrap=user_service_start
