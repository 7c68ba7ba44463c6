UNIT_TESTS += \
	tests/unit/http/check_access_control \
	tests/unit/http/check_capsule \
	tests/unit/http/check_capsule_reader \
	tests/unit/http/check_connect_request \
	tests/unit/http/check_connect_response \
	tests/unit/http/check_drain \
	tests/unit/http/check_error_page \
	tests/unit/http/check_h1_exchange \
	tests/unit/http/check_http_body \
	tests/unit/http/check_http_head \
	tests/unit/http/check_uri_template

tests_unit_http_check_h1_exchange_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_capsule_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_drain_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
