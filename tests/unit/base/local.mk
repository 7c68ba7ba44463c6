UNIT_TESTS += \
	tests/unit/base/check_failure \
	tests/unit/base/check_harden \
	tests/unit/base/check_log \
	tests/unit/base/check_loop \
	tests/unit/base/check_prompt \
	tests/unit/base/check_subprocess \
	tests/unit/base/check_systemd \
	tests/unit/base/check_task \
	tests/unit/base/check_trace
