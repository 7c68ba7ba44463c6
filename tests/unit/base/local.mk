UNIT_TESTS += \
	tests/unit/base/check_descriptors \
	tests/unit/base/check_failure \
	tests/unit/base/check_harden \
	tests/unit/base/check_log \
	tests/unit/base/check_loop \
	tests/unit/base/check_prompt \
	tests/unit/base/check_subprocess \
	tests/unit/base/check_systemd \
	tests/unit/base/check_task \
	tests/unit/base/check_trace

# the test is a loop that refuses
tests_unit_base_check_subprocess_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_io_levels,--wrap=loop_signal_start
