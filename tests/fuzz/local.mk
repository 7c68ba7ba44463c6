# SPDX-License-Identifier: ISC
# The fuzz targets, in the folders of src/.  Built with --enable-fuzzing they are libFuzzer's; otherwise each is a test
# that replays its corpus.

FUZZ_TESTS = \
	tests/fuzz/config/fuzz_config \
	tests/fuzz/discover/fuzz_autoconfig_file \
	tests/fuzz/discover/fuzz_pacc_file \
	tests/fuzz/finding/fuzz_pac_answer \
	tests/fuzz/http/fuzz_access_control \
	tests/fuzz/http/fuzz_capsule \
	tests/fuzz/http/fuzz_forwarded \
	tests/fuzz/http/fuzz_h2_connection \
	tests/fuzz/http/fuzz_http_head \
	tests/fuzz/http/fuzz_request_head \
	tests/fuzz/http/fuzz_uri_template \
	tests/fuzz/net/fuzz_endpoint \
	tests/fuzz/net/fuzz_srv \
	tests/fuzz/protocol/fuzz_starttls \
	tests/fuzz/redirect/fuzz_setproxy
if HAVE_DUKTAPE
FUZZ_TESTS += tests/fuzz/findproxy/fuzz_script_text
endif
EXTRA_DIST += tests/fuzz/corpus

if NETWATCH_LINUX
FUZZ_TESTS += tests/fuzz/net/fuzz_network_print
endif

FUZZ_LDADD = src/libhouse.a $(LIBRARIES_USED)
check_PROGRAMS += $(FUZZ_TESTS)
if FUZZING
FUZZ_MAIN = tests/fuzz/fuzz.h
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(FUZZ_TESTS)
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
endif

tests_fuzz_config_fuzz_config_SOURCES = tests/fuzz/config/fuzz_config.c $(FUZZ_MAIN)
tests_fuzz_config_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/config"'
tests_fuzz_config_fuzz_config_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_config_fuzz_config_LDADD = $(FUZZ_LDADD)

tests_fuzz_discover_fuzz_autoconfig_file_SOURCES = tests/fuzz/discover/fuzz_autoconfig_file.c \
	tests/fuzz/discover/servers.h $(FUZZ_MAIN)
tests_fuzz_discover_fuzz_autoconfig_file_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/autoconfig"'
tests_fuzz_discover_fuzz_autoconfig_file_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_discover_fuzz_autoconfig_file_LDADD = $(FUZZ_LDADD)

tests_fuzz_discover_fuzz_pacc_file_SOURCES = tests/fuzz/discover/fuzz_pacc_file.c \
	tests/fuzz/discover/servers.h $(FUZZ_MAIN)
tests_fuzz_discover_fuzz_pacc_file_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/pacc"'
tests_fuzz_discover_fuzz_pacc_file_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_discover_fuzz_pacc_file_LDADD = $(FUZZ_LDADD)

tests_fuzz_finding_fuzz_pac_answer_SOURCES = tests/fuzz/finding/fuzz_pac_answer.c $(FUZZ_MAIN)
tests_fuzz_finding_fuzz_pac_answer_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/pacanswer"'
tests_fuzz_finding_fuzz_pac_answer_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_finding_fuzz_pac_answer_LDADD = $(FUZZ_LDADD)

tests_fuzz_findproxy_fuzz_script_text_SOURCES = tests/fuzz/findproxy/fuzz_script_text.c $(FUZZ_MAIN)
tests_fuzz_findproxy_fuzz_script_text_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/scripttext"'
tests_fuzz_findproxy_fuzz_script_text_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_findproxy_fuzz_script_text_LDADD = src/findproxy/libfindproxy.a $(FUZZ_LDADD)

tests_fuzz_http_fuzz_access_control_SOURCES = tests/fuzz/http/fuzz_access_control.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_access_control_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/accesscontrol"'
tests_fuzz_http_fuzz_access_control_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_access_control_LDADD = $(FUZZ_LDADD)
tests_fuzz_http_fuzz_capsule_SOURCES = tests/fuzz/http/fuzz_capsule.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_capsule_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/capsule"'
tests_fuzz_http_fuzz_capsule_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_capsule_LDADD = $(FUZZ_LDADD)

tests_fuzz_http_fuzz_forwarded_SOURCES = tests/fuzz/http/fuzz_forwarded.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_forwarded_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/forwarded"'
tests_fuzz_http_fuzz_forwarded_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_forwarded_LDADD = $(FUZZ_LDADD)

tests_fuzz_http_fuzz_h2_connection_SOURCES = tests/fuzz/http/fuzz_h2_connection.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_h2_connection_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/h2connection"'
tests_fuzz_http_fuzz_h2_connection_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_h2_connection_LDADD = $(FUZZ_LDADD)

tests_fuzz_http_fuzz_http_head_SOURCES = tests/fuzz/http/fuzz_http_head.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_http_head_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/httphead"'
tests_fuzz_http_fuzz_http_head_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_http_head_LDADD = $(FUZZ_LDADD)

tests_fuzz_http_fuzz_request_head_SOURCES = tests/fuzz/http/fuzz_request_head.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_request_head_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/requesthead"'
tests_fuzz_http_fuzz_request_head_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_request_head_LDADD = $(FUZZ_LDADD)

tests_fuzz_http_fuzz_uri_template_SOURCES = tests/fuzz/http/fuzz_uri_template.c $(FUZZ_MAIN)
tests_fuzz_http_fuzz_uri_template_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/uritemplate"'
tests_fuzz_http_fuzz_uri_template_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_http_fuzz_uri_template_LDADD = $(FUZZ_LDADD)

tests_fuzz_net_fuzz_endpoint_SOURCES = tests/fuzz/net/fuzz_endpoint.c $(FUZZ_MAIN)
tests_fuzz_net_fuzz_endpoint_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/endpoint"'
tests_fuzz_net_fuzz_endpoint_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_net_fuzz_endpoint_LDADD = $(FUZZ_LDADD)

tests_fuzz_net_fuzz_network_print_SOURCES = tests/fuzz/net/fuzz_network_print.c $(FUZZ_MAIN)
tests_fuzz_net_fuzz_network_print_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/networkprint"'
tests_fuzz_net_fuzz_network_print_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_net_fuzz_network_print_LDADD = $(FUZZ_LDADD)

tests_fuzz_net_fuzz_srv_SOURCES = tests/fuzz/net/fuzz_srv.c $(FUZZ_MAIN)
tests_fuzz_net_fuzz_srv_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/srv"'
tests_fuzz_net_fuzz_srv_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_net_fuzz_srv_LDADD = $(FUZZ_LDADD)

tests_fuzz_protocol_fuzz_starttls_SOURCES = tests/fuzz/protocol/fuzz_starttls.c $(FUZZ_MAIN)
tests_fuzz_protocol_fuzz_starttls_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/starttls"'
tests_fuzz_protocol_fuzz_starttls_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_protocol_fuzz_starttls_LDADD = $(FUZZ_LDADD)

tests_fuzz_redirect_fuzz_setproxy_SOURCES = tests/fuzz/redirect/fuzz_setproxy.c $(FUZZ_MAIN)
tests_fuzz_redirect_fuzz_setproxy_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/setproxy"'
tests_fuzz_redirect_fuzz_setproxy_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_redirect_fuzz_setproxy_LDADD = $(FUZZ_LDADD)
