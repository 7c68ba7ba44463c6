UNIT_TESTS += \
	tests/unit/proxy/check_health \
	tests/unit/proxy/check_route \
	tests/unit/proxy/check_services \
	tests/unit/proxy/check_socks5 \
	tests/unit/proxy/check_targets

tests_unit_proxy_check_socks5_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_targets_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
