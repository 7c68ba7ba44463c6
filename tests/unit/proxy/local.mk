UNIT_TESTS += \
	tests/unit/proxy/check_connector \
	tests/unit/proxy/check_connector_tls \
	tests/unit/proxy/check_form_choice \
	tests/unit/proxy/check_health \
	tests/unit/proxy/check_login_answer \
	tests/unit/proxy/check_outer_form \
	tests/unit/proxy/check_outer_route \
	tests/unit/proxy/check_plain_try \
	tests/unit/proxy/check_pool \
	tests/unit/proxy/check_pool_trouble \
	tests/unit/proxy/check_proxy_request \
	tests/unit/proxy/check_proxy_request_relay \
	tests/unit/proxy/check_request_form \
	tests/unit/proxy/check_route \
	tests/unit/proxy/check_services \
	tests/unit/proxy/check_socks5 \
	tests/unit/proxy/check_spare \
	tests/unit/proxy/check_targets \
	tests/unit/proxy/check_template_try \
	tests/unit/proxy/check_tunnel \
	tests/unit/proxy/check_tunnel_forms

tests_unit_proxy_check_connector_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_connector_tls_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_login_answer_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_outer_route_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_relay_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_spare_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_socks5_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_targets_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_forms_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# an end of a proxy's may come between the connector and the pool
POOL_SETTING = tests/unit/proxy/pool_setting.c tests/unit/proxy/pool_setting.h
tests_unit_proxy_check_pool_SOURCES = tests/unit/proxy/check_pool.c $(POOL_SETTING)
tests_unit_proxy_check_pool_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=connector_take
tests_unit_proxy_check_pool_trouble_SOURCES = tests/unit/proxy/check_pool_trouble.c $(POOL_SETTING)
tests_unit_proxy_check_pool_trouble_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=connector_take
