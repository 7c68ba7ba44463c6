UNIT_TESTS += \
	tests/unit/session/check_pipe \
	tests/unit/session/check_pump
