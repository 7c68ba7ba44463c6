# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/base/check_allowance \
	tests/unit/base/check_base64 \
	tests/unit/base/check_chance \
	tests/unit/base/check_child \
	tests/unit/base/check_curl_features \
	tests/unit/base/check_descriptors \
	tests/unit/base/check_escape \
	tests/unit/base/check_failure \
	tests/unit/base/check_harden \
	tests/unit/base/check_log \
	tests/unit/base/check_loop \
	tests/unit/base/check_machine_id \
	tests/unit/base/check_notifier \
	tests/unit/base/check_page_text \
	tests/unit/base/check_process \
	tests/unit/base/check_prompt \
	tests/unit/base/check_scratch \
	tests/unit/base/check_secrets \
	tests/unit/base/check_sockets \
	tests/unit/base/check_sockets_fcntl \
	tests/unit/base/check_subprocess \
	tests/unit/base/check_syslog_socket \
	tests/unit/base/check_systemd \
	tests/unit/base/check_task \
	tests/unit/base/check_trace \
	tests/unit/base/check_turn_watch \
	tests/unit/base/check_wiped \
	tests/unit/base/check_wiped_sized

# what other systems have is tested where there is something better, too
tests_unit_base_check_sockets_fcntl_SOURCES = tests/unit/base/check_sockets.c src/base/sockets_fcntl.c
tests_unit_base_check_wiped_sized_SOURCES = tests/unit/base/check_wiped.c src/base/wiped_sized.c

# the log of the system is the test's own
tests_unit_base_check_log_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=connect -Wl,--wrap=poll

# what is given back passes through the test, which looks whether it was wiped
tests_unit_base_check_secrets_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_base_check_wiped_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_base_check_wiped_sized_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free

# the test is a loop that refuses
tests_unit_base_check_subprocess_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_io_levels,--wrap=loop_signal_start

# the test reads what is logged
tests_unit_base_check_turn_watch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event

# no program runs, and the test reads what is logged
tests_unit_base_check_notifier_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=subprocess_run,--wrap=subprocess_cancel \
	-Wl,--wrap=log_message

# the clock is the test's
tests_unit_base_check_allowance_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# the system may have no random numbers
tests_unit_base_check_descriptors_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=close_range -Wl,--wrap=opendir
tests_unit_base_check_chance_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getentropy

tests_unit_base_check_child_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=waitpid
