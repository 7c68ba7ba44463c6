UNIT_TESTS += \
	tests/unit/proxy/check_connector \
	tests/unit/proxy/check_connector_tls \
	tests/unit/proxy/check_health \
	tests/unit/proxy/check_proxy_request \
	tests/unit/proxy/check_route \
	tests/unit/proxy/check_socks5 \
	tests/unit/proxy/check_tunnel

tests_unit_proxy_check_connector_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_connector_tls_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_socks5_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
