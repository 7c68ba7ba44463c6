UNIT_TESTS += \
	tests/unit/tls/check_tls_client \
	tests/unit/tls/check_tls_client_starttls \
	tests/unit/tls/check_tls_context \
	tests/unit/tls/check_tls_transport

tests_unit_tls_check_tls_client_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_tls_check_tls_client_starttls_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
