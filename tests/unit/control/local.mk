UNIT_TESTS += \
	tests/unit/control/check_columns \
	tests/unit/control/check_status_json \
	tests/unit/control/check_status_text
