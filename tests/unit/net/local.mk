UNIT_TESTS += \
	tests/unit/net/check_address \
	tests/unit/net/check_dialer \
	tests/unit/net/check_endpoint \
	tests/unit/net/check_listener \
	tests/unit/net/check_peer \
	tests/unit/net/check_resolver \
	tests/unit/net/check_srv \
	tests/unit/net/check_transport
