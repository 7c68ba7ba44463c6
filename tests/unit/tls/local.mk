UNIT_TESTS += \
	tests/unit/tls/check_tls_context \
	tests/unit/tls/check_tls_transport
