UNIT_TESTS += \
	tests/unit/proxy/check_health \
	tests/unit/proxy/check_route
