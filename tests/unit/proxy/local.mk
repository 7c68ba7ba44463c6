# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/proxy/check_ahead \
	tests/unit/proxy/check_announcement \
	tests/unit/proxy/check_approach \
	tests/unit/proxy/check_connector \
	tests/unit/proxy/check_connector_tls \
	tests/unit/proxy/check_detour \
	tests/unit/proxy/check_doubled_request \
	tests/unit/proxy/check_fleet \
	tests/unit/proxy/check_form_choice \
	tests/unit/proxy/check_h2_carrier \
	tests/unit/proxy/check_h2_lessons \
	tests/unit/proxy/check_h2_pool \
	tests/unit/proxy/check_h2_share \
	tests/unit/proxy/check_head_start \
	tests/unit/proxy/check_health \
	tests/unit/proxy/check_idle \
	tests/unit/proxy/check_login_answer \
	tests/unit/proxy/check_notices \
	tests/unit/proxy/check_outer_form \
	tests/unit/proxy/check_outer_route \
	tests/unit/proxy/check_outlook \
	tests/unit/proxy/check_plain_try \
	tests/unit/proxy/check_pool \
	tests/unit/proxy/check_pool_h2 \
	tests/unit/proxy/check_pool_trouble \
	tests/unit/proxy/check_probes \
	tests/unit/proxy/check_probes_silence \
	tests/unit/proxy/check_proxy_request \
	tests/unit/proxy/check_proxy_request_h2 \
	tests/unit/proxy/check_proxy_request_relay \
	tests/unit/proxy/check_proxy_request_ticket \
	tests/unit/proxy/check_proxy_source \
	tests/unit/proxy/check_refill \
	tests/unit/proxy/check_request_form \
	tests/unit/proxy/check_request_parts \
	tests/unit/proxy/check_reuse \
	tests/unit/proxy/check_route \
	tests/unit/proxy/check_services \
	tests/unit/proxy/check_socks5 \
	tests/unit/proxy/check_spare \
	tests/unit/proxy/check_standby \
	tests/unit/proxy/check_target_tls \
	tests/unit/proxy/check_targets \
	tests/unit/proxy/check_template_try \
	tests/unit/proxy/check_tunnel \
	tests/unit/proxy/check_tunnel_forms \
	tests/unit/proxy/check_tunnel_found \
	tests/unit/proxy/check_tunnel_h2 \
	tests/unit/proxy/check_tunnel_notices \
	tests/unit/proxy/check_version_try \
	tests/unit/proxy/check_way

tests_unit_proxy_check_ahead_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_approach_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_connector_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_connector_tls_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_login_answer_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_notices_LDFLAGS = $(AM_LDFLAGS) $(STAGE) \
	-Wl,--wrap=notifier_set,--wrap=notifier_tell,--wrap=notifier_withdraw
tests_unit_proxy_check_outer_route_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_relay_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_proxy_request_ticket_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=negotiate_login_start \
	-Wl,--wrap=connector_take
tests_unit_proxy_check_request_parts_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_reuse_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_spare_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_standby_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_socks5_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_targets_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
TUNNEL_SCENE = tests/unit/proxy/tunnel_scene.c tests/unit/proxy/tunnel_scene.h
tests_unit_proxy_check_head_start_SOURCES = tests/unit/proxy/check_head_start.c $(TUNNEL_SCENE)
tests_unit_proxy_check_head_start_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
PROBES_SETTING = tests/unit/proxy/probes_setting.c tests/unit/proxy/probes_setting.h $(TUNNEL_SCENE)
tests_unit_proxy_check_probes_SOURCES = tests/unit/proxy/check_probes.c $(PROBES_SETTING)
tests_unit_proxy_check_probes_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_probes_silence_SOURCES = tests/unit/proxy/check_probes_silence.c $(PROBES_SETTING)
tests_unit_proxy_check_probes_silence_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_SOURCES = tests/unit/proxy/check_tunnel.c $(TUNNEL_SCENE)
tests_unit_proxy_check_tunnel_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_notices_SOURCES = tests/unit/proxy/check_tunnel_notices.c $(TUNNEL_SCENE)
tests_unit_proxy_check_tunnel_notices_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=notifier_tell
tests_unit_proxy_check_tunnel_forms_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_proxy_check_tunnel_h2_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# which looks at what a form is chosen by, and says which version a proxy chooses
tests_unit_proxy_check_proxy_request_h2_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=form_choice_hear \
	-Wl,--wrap=connector_speaks_h2

# whose requests are the test's own
tests_unit_proxy_check_doubled_request_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=proxy_request_start \
	-Wl,--wrap=proxy_request_free,--wrap=proxy_request_response,--wrap=proxy_request_asked_on,--wrap=h2_pool_learn

# whose pool and exchanges are
tests_unit_proxy_check_h2_share_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=h2_pool_seat,--wrap=h2_seat_connection \
	-Wl,--wrap=h2_pool_doubted,--wrap=h2_seat_on_loopback,--wrap=h2_seat_bring,--wrap=h2_seat_is_h1,--wrap=h2_seat_free \
	-Wl,--wrap=h2_connection_serial,--wrap=h2_exchange_start,--wrap=h2_exchange_end

# an end of a proxy's may come between the connector and the pool
POOL_SETTING = tests/unit/proxy/pool_setting.c tests/unit/proxy/pool_setting.h
tests_unit_proxy_check_pool_SOURCES = tests/unit/proxy/check_pool.c $(POOL_SETTING)
tests_unit_proxy_check_pool_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=connector_take
tests_unit_proxy_check_detour_SOURCES = tests/unit/proxy/check_detour.c $(POOL_SETTING)
tests_unit_proxy_check_detour_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=connector_take
tests_unit_proxy_check_pool_trouble_SOURCES = tests/unit/proxy/check_pool_trouble.c $(POOL_SETTING)
tests_unit_proxy_check_pool_trouble_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=connector_take

# HTTP/2 connections that the test plays (played_h2.h)
PLAYED_H2 = tests/unit/proxy/played_h2.c tests/unit/proxy/played_h2.h
PLAYED_H2_WRAP = -Wl,--wrap=h2_connection_new,--wrap=h2_connection_let_go,--wrap=h2_connection_is_settled \
	-Wl,--wrap=h2_connection_settings,--wrap=h2_connection_is_draining,--wrap=h2_connection_death \
	-Wl,--wrap=h2_connection_takes,--wrap=h2_connection_tunnels,--wrap=h2_connection_waiting \
	-Wl,--wrap=h2_connection_most,--wrap=h2_connection_idle_since,--wrap=h2_connection_serial \
	-Wl,--wrap=h2_connection_ping,--wrap=h2_connection_is_pinged,--wrap=h2_connection_limit \
	-Wl,--wrap=h2_connection_set_patience
tests_unit_proxy_check_h2_carrier_SOURCES = tests/unit/proxy/check_h2_carrier.c $(PLAYED_H2)
tests_unit_proxy_check_h2_carrier_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED_H2_WRAP)
tests_unit_proxy_check_h2_pool_SOURCES = tests/unit/proxy/check_h2_pool.c $(PLAYED_H2)
tests_unit_proxy_check_h2_pool_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED_H2_WRAP)
tests_unit_proxy_check_pool_h2_SOURCES = tests/unit/proxy/check_pool_h2.c $(POOL_SETTING) $(PLAYED_H2)
tests_unit_proxy_check_pool_h2_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED_H2_WRAP) -Wl,--wrap=connector_take \
	-Wl,--wrap=connector_speaks_h2,--wrap=form_choice_http_ahead

# for which the test finds proxies (played_finder.h)
PLAYED_FINDER = tests/unit/proxy/played_finder.c tests/unit/proxy/played_finder.h
PLAYED_FINDER_WRAP = -Wl,--wrap=finding_start,--wrap=finding_free,--wrap=finding_found,--wrap=finding_question \
	-Wl,--wrap=finding_was_kept,--wrap=finding_is_environment
tests_unit_proxy_check_tunnel_found_SOURCES = tests/unit/proxy/check_tunnel_found.c $(PLAYED_FINDER) $(TUNNEL_SCENE)
tests_unit_proxy_check_tunnel_found_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED_FINDER_WRAP)
tests_unit_proxy_check_proxy_source_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=finder_names
tests_unit_proxy_check_way_SOURCES = tests/unit/proxy/check_way.c $(PLAYED_FINDER) $(TUNNEL_SCENE)
tests_unit_proxy_check_way_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED_FINDER_WRAP)
