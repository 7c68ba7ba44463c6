# SPDX-License-Identifier: ISC
# The unit tests: a program for each file of src/ that has logic in it, in the same folders.  They are built when the
# library check is there.

# for a program that has its own clock and connections, and for one that has its own names and addresses, too (stage.h)
STAGE_CLOCK = -Wl,--wrap=event_base_loop,--wrap=loop_defer,--wrap=loop_put_off,--wrap=chance_number \
	-Wl,--wrap=loop_now,--wrap=loop_timer_start,--wrap=loop_timer_stop,--wrap=transport_from_socket
STAGE = $(STAGE_CLOCK) \
	-Wl,--wrap=resolver_find_addresses,--wrap=resolver_find_srv,--wrap=resolver_await_rest,--wrap=lookup_cancel \
	-Wl,--wrap=dialer_dial,--wrap=dial_add,--wrap=dial_cancel

UNIT_TESTS = tests/unit/check_try_advice
include tests/unit/base/local.mk
include tests/unit/net/local.mk
include tests/unit/protocol/local.mk
include tests/unit/tls/local.mk
include tests/unit/http/local.mk
include tests/unit/config/local.mk
include tests/unit/auth/local.mk
include tests/unit/redirect/local.mk
include tests/unit/finding/local.mk
include tests/unit/findproxy/local.mk
include tests/unit/proxy/local.mk
include tests/unit/session/local.mk
include tests/unit/reverse/local.mk
include tests/unit/relay/local.mk
include tests/unit/control/local.mk
include tests/unit/recipe/local.mk
include tests/unit/discover/local.mk
include tests/unit/setup/local.mk
EXTRA_DIST += \
	tests/unit/data/access-control.tsv \
	tests/unit/data/config.tsv \
	tests/unit/data/endpoint.tsv \
	tests/unit/data/forwarded.tsv \
	tests/unit/data/httphead.tsv \
	tests/unit/data/inifile.tsv \
	tests/unit/data/no_proxy.tsv \
	tests/unit/data/pac-answer.tsv \
	tests/unit/data/refusal.tsv \
	tests/unit/data/request-head.tsv \
	tests/unit/data/request.tsv \
	tests/unit/data/resource.tsv \
	tests/unit/data/rsa-1024.pem \
	tests/unit/data/rsa-2048.pem \
	tests/unit/data/set-proxy.tsv \
	tests/unit/data/starttls.tsv \
	tests/unit/data/uri-template.tsv \
	tests/unit/data/value.tsv \
	tests/unit/data/verdict.tsv

if HAVE_CHECK
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
check_LIBRARIES = tests/unit/libunit.a
endif

tests_unit_libunit_a_SOURCES = \
	tests/unit/authority.c tests/unit/authority.h \
	tests/unit/discover/read_file.c tests/unit/discover/read_file.h \
	tests/unit/discover/town.c tests/unit/discover/town.h \
	tests/unit/finding/pac_server.c tests/unit/finding/pac_server.h \
	tests/unit/finding/played.c tests/unit/finding/played.h \
	tests/unit/h2_peer.c tests/unit/h2_peer.h \
	tests/unit/http/h2_asker.c tests/unit/http/h2_asker.h \
	tests/unit/proxy/asked_connector.c tests/unit/proxy/asked_connector.h \
	tests/unit/stage.c tests/unit/stage.h \
	tests/unit/terminal.c tests/unit/terminal.h \
	tests/unit/tls/asked_tls.c tests/unit/tls/asked_tls.h \
	tests/unit/tls/tls_pair.c tests/unit/tls/tls_pair.h \
	tests/unit/tls_peer.c tests/unit/tls_peer.h \
	tests/unit/unit.c tests/unit/unit.h \
	tests/unit/unix_ends.c tests/unit/unix_ends.h
tests_unit_libunit_a_CPPFLAGS = $(AM_CPPFLAGS) -DDATA='"$(abs_top_srcdir)/tests/unit/data"'
