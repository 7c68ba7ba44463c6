UNIT_TESTS += \
	tests/unit/base/check_failure \
	tests/unit/base/check_harden \
	tests/unit/base/check_log \
	tests/unit/base/check_loop \
	tests/unit/base/check_prompt \
	tests/unit/base/check_subprocess \
	tests/unit/base/check_systemd \
	tests/unit/base/check_task \
	tests/unit/base/check_trace \
	tests/unit/base/check_turn_watch

# the test reads what is logged
tests_unit_base_check_turn_watch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event
