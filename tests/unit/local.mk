# The unit tests: a program for each noun of src/, from the ground up.  They are built when the library check is there.

UNIT_TESTS = tests/unit/check_address tests/unit/check_basic tests/unit/check_complaint tests/unit/check_endpoint \
	tests/unit/check_environment tests/unit/check_failure tests/unit/check_health tests/unit/check_httphead \
	tests/unit/check_inifile tests/unit/check_log tests/unit/check_method tests/unit/check_option \
	tests/unit/check_value tests/unit/check_protocol tests/unit/check_config tests/unit/check_config_memory \
	tests/unit/check_route tests/unit/check_srv tests/unit/check_loop tests/unit/check_pipe \
	tests/unit/check_scope tests/unit/check_setproxy tests/unit/check_redirect tests/unit/check_detour \
	tests/unit/check_domain tests/unit/check_ask tests/unit/check_transport tests/unit/check_handshake \
	tests/unit/check_pump tests/unit/check_policy tests/unit/check_show tests/unit/check_status \
	tests/unit/check_command tests/unit/check_secret tests/unit/check_listener tests/unit/check_resolver \
	tests/unit/check_notify tests/unit/check_peer tests/unit/check_dialer \
	tests/unit/check_auth tests/unit/check_multi tests/unit/check_body tests/unit/check_challenge tests/unit/check_credential tests/unit/check_login \
	tests/unit/check_prompt tests/unit/check_refusals tests/unit/check_starttls tests/unit/check_tls tests/unit/check_trust
EXTRA_DIST += tests/unit/data/config.tsv tests/unit/data/endpoint.tsv tests/unit/data/httphead.tsv \
	tests/unit/data/inifile.tsv tests/unit/data/no_proxy.tsv tests/unit/data/refusal.tsv \
	tests/unit/data/request.tsv tests/unit/data/set-proxy.tsv tests/unit/data/starttls.tsv tests/unit/data/value.tsv \
	tests/unit/data/verdict.tsv

if HAVE_CHECK
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
check_LIBRARIES = tests/unit/libunit.a
endif

UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DDATA='"$(abs_top_srcdir)/tests/unit/data"'
UNIT_LDADD = tests/unit/libunit.a src/libhouse.a $(LIBRARIES_USED) $(CHECK_LIBS)

tests_unit_libunit_a_SOURCES = tests/unit/unit.c tests/unit/unit.h tests/unit/terminal.c tests/unit/terminal.h tests/unit/authority.c tests/unit/authority.h
tests_unit_libunit_a_CPPFLAGS = $(UNIT_CPPFLAGS)

tests_unit_check_address_SOURCES = tests/unit/check_address.c
tests_unit_check_address_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_address_LDADD = $(UNIT_LDADD)

tests_unit_check_basic_SOURCES = tests/unit/check_basic.c
tests_unit_check_basic_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_basic_LDADD = $(UNIT_LDADD)

tests_unit_check_complaint_SOURCES = tests/unit/check_complaint.c
tests_unit_check_complaint_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_complaint_LDADD = $(UNIT_LDADD)

tests_unit_check_endpoint_SOURCES = tests/unit/check_endpoint.c
tests_unit_check_endpoint_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_endpoint_LDADD = $(UNIT_LDADD)

tests_unit_check_environment_SOURCES = tests/unit/check_environment.c
tests_unit_check_environment_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_environment_LDADD = $(UNIT_LDADD)

tests_unit_check_failure_SOURCES = tests/unit/check_failure.c
tests_unit_check_failure_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_failure_LDADD = $(UNIT_LDADD)

tests_unit_check_health_SOURCES = tests/unit/check_health.c
tests_unit_check_health_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_health_LDADD = $(UNIT_LDADD)

tests_unit_check_httphead_SOURCES = tests/unit/check_httphead.c
tests_unit_check_httphead_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_httphead_LDADD = $(UNIT_LDADD)

tests_unit_check_inifile_SOURCES = tests/unit/check_inifile.c
tests_unit_check_inifile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_inifile_LDADD = $(UNIT_LDADD)

tests_unit_check_log_SOURCES = tests/unit/check_log.c
tests_unit_check_log_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_log_LDADD = $(UNIT_LDADD)

tests_unit_check_method_SOURCES = tests/unit/check_method.c
tests_unit_check_method_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_method_LDADD = $(UNIT_LDADD)

tests_unit_check_option_SOURCES = tests/unit/check_option.c
tests_unit_check_option_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_option_LDADD = $(UNIT_LDADD)

tests_unit_check_value_SOURCES = tests/unit/check_value.c
tests_unit_check_value_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_value_LDADD = $(UNIT_LDADD)

tests_unit_check_protocol_SOURCES = tests/unit/check_protocol.c
tests_unit_check_protocol_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_protocol_LDADD = $(UNIT_LDADD)

tests_unit_check_config_SOURCES = tests/unit/check_config.c
tests_unit_check_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_config_LDADD = $(UNIT_LDADD)

tests_unit_check_config_memory_SOURCES = tests/unit/check_config_memory.c
tests_unit_check_config_memory_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_config_memory_LDADD = $(UNIT_LDADD)
# each allocation of the house passes through the test, which lets it fail
tests_unit_check_config_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=strdup -Wl,--wrap=strndup

tests_unit_check_route_SOURCES = tests/unit/check_route.c
tests_unit_check_route_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_route_LDADD = $(UNIT_LDADD)

tests_unit_check_srv_SOURCES = tests/unit/check_srv.c
tests_unit_check_srv_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_srv_LDADD = $(UNIT_LDADD)

tests_unit_check_loop_SOURCES = tests/unit/check_loop.c
tests_unit_check_loop_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_loop_LDADD = $(UNIT_LDADD)

tests_unit_check_pipe_SOURCES = tests/unit/check_pipe.c
tests_unit_check_pipe_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_pipe_LDADD = $(UNIT_LDADD)

tests_unit_check_scope_SOURCES = tests/unit/check_scope.c
tests_unit_check_scope_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_scope_LDADD = $(UNIT_LDADD)

tests_unit_check_setproxy_SOURCES = tests/unit/check_setproxy.c
tests_unit_check_setproxy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_setproxy_LDADD = $(UNIT_LDADD)

tests_unit_check_redirect_SOURCES = tests/unit/check_redirect.c
tests_unit_check_redirect_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_redirect_LDADD = $(UNIT_LDADD)

tests_unit_check_detour_SOURCES = tests/unit/check_detour.c
tests_unit_check_detour_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_detour_LDADD = $(UNIT_LDADD)

tests_unit_check_domain_SOURCES = tests/unit/check_domain.c
tests_unit_check_domain_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_domain_LDADD = $(UNIT_LDADD)

tests_unit_check_ask_SOURCES = tests/unit/check_ask.c
tests_unit_check_ask_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ask_LDADD = $(UNIT_LDADD)

tests_unit_check_transport_SOURCES = tests/unit/check_transport.c
tests_unit_check_transport_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_transport_LDADD = $(UNIT_LDADD)

tests_unit_check_handshake_SOURCES = tests/unit/check_handshake.c
tests_unit_check_handshake_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_handshake_LDADD = $(UNIT_LDADD)

tests_unit_check_pump_SOURCES = tests/unit/check_pump.c
tests_unit_check_pump_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_pump_LDADD = $(UNIT_LDADD)

tests_unit_check_policy_SOURCES = tests/unit/check_policy.c
tests_unit_check_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_policy_LDADD = $(UNIT_LDADD)

tests_unit_check_show_SOURCES = tests/unit/check_show.c
tests_unit_check_show_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_show_LDADD = $(UNIT_LDADD)

tests_unit_check_status_SOURCES = tests/unit/check_status.c
tests_unit_check_status_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_status_LDADD = $(UNIT_LDADD)

tests_unit_check_command_SOURCES = tests/unit/check_command.c
tests_unit_check_command_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_command_LDADD = $(UNIT_LDADD)

tests_unit_check_secret_SOURCES = tests/unit/check_secret.c
tests_unit_check_secret_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_secret_LDADD = $(UNIT_LDADD)

tests_unit_check_listener_SOURCES = tests/unit/check_listener.c
tests_unit_check_listener_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_listener_LDADD = $(UNIT_LDADD)

tests_unit_check_resolver_SOURCES = tests/unit/check_resolver.c
tests_unit_check_resolver_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_resolver_LDADD = $(UNIT_LDADD)

tests_unit_check_notify_SOURCES = tests/unit/check_notify.c
tests_unit_check_notify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_notify_LDADD = $(UNIT_LDADD)

tests_unit_check_peer_SOURCES = tests/unit/check_peer.c
tests_unit_check_peer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_peer_LDADD = $(UNIT_LDADD)

tests_unit_check_dialer_SOURCES = tests/unit/check_dialer.c
tests_unit_check_dialer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_dialer_LDADD = $(UNIT_LDADD)

tests_unit_check_auth_SOURCES = tests/unit/check_auth.c
tests_unit_check_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_auth_LDADD = $(UNIT_LDADD)

tests_unit_check_challenge_SOURCES = tests/unit/check_challenge.c
tests_unit_check_challenge_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_challenge_LDADD = $(UNIT_LDADD)

tests_unit_check_credential_SOURCES = tests/unit/check_credential.c
tests_unit_check_credential_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_credential_LDADD = $(UNIT_LDADD)

tests_unit_check_login_SOURCES = tests/unit/check_login.c
tests_unit_check_login_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_login_LDADD = $(UNIT_LDADD)

tests_unit_check_prompt_SOURCES = tests/unit/check_prompt.c
tests_unit_check_prompt_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_prompt_LDADD = $(UNIT_LDADD)

tests_unit_check_starttls_SOURCES = tests/unit/check_starttls.c
tests_unit_check_starttls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_starttls_LDADD = $(UNIT_LDADD)
# its allocations pass through the test, which lets them fail and measures them
tests_unit_check_starttls_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc -Wl,--wrap=realloc

tests_unit_check_tls_SOURCES = tests/unit/check_tls.c
tests_unit_check_tls_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_tls_LDADD = $(UNIT_LDADD)

tests_unit_check_trust_SOURCES = tests/unit/check_trust.c
tests_unit_check_trust_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_trust_LDADD = $(UNIT_LDADD)

tests_unit_check_refusals_SOURCES = tests/unit/check_refusals.c
tests_unit_check_refusals_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_refusals_LDADD = $(UNIT_LDADD)

tests_unit_check_body_SOURCES = tests/unit/check_body.c
tests_unit_check_body_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_body_LDADD = $(UNIT_LDADD)

tests_unit_check_multi_SOURCES = tests/unit/check_multi.c
tests_unit_check_multi_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_multi_LDADD = $(UNIT_LDADD)
tests_unit_check_multi_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
