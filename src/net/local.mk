# SPDX-License-Identifier: ISC
# Addresses, names and sockets; a byte stream as all above see it.

src_libhouse_a_SOURCES += \
	src/net/address.c src/net/address.h \
	src/net/dialer.c src/net/dialer.h \
	src/net/dns_channel.c src/net/dns_channel.h \
	src/net/endpoint.c src/net/endpoint.h \
	src/net/epochs.c src/net/epochs.h \
	src/net/free_port.c src/net/free_port.h \
	src/net/leftover.c src/net/leftover.h \
	src/net/lingering.c src/net/lingering.h \
	src/net/listener.c src/net/listener.h \
	src/net/machine.c src/net/machine.h \
	src/net/netwatch.h \
	src/net/own_address.c src/net/own_address.h \
	src/net/peer.h \
	src/net/proxy_header.c src/net/proxy_header.h \
	src/net/programs.h \
	src/net/public_suffix.c src/net/public_suffix.h \
	src/net/resolver.c src/net/resolver.h \
	src/net/sleep_meter.c src/net/sleep_meter.h \
	src/net/slow_addresses.c src/net/slow_addresses.h \
	src/net/socket_options.c src/net/socket_options.h \
	src/net/srv.c src/net/srv.h \
	src/net/srv_query.c src/net/srv_query.h \
	src/net/suspend.h \
	src/net/transport.c src/net/transport.h \
	src/net/unix_socket.c src/net/unix_socket.h
if ON_LINUX
src_libhouse_a_SOURCES += src/net/programs_linux.c src/net/socket_options_linux.c
else
src_libhouse_a_SOURCES += src/net/programs_none.c src/net/socket_options_plain.c
endif
EXTRA_DIST += src/net/programs_linux.c src/net/programs_none.c \
	src/net/socket_options_linux.c src/net/socket_options_plain.c
if PEER_LINUX
src_libhouse_a_SOURCES += src/net/peer_linux.c
else
src_libhouse_a_SOURCES += src/net/peer_none.c
endif
EXTRA_DIST += src/net/peer_linux.c src/net/peer_none.c
if SUSPEND_TIMERFD
src_libhouse_a_SOURCES += src/net/suspend_timerfd.c
else
src_libhouse_a_SOURCES += src/net/suspend_tick.c
endif
EXTRA_DIST += src/net/suspend_timerfd.c src/net/suspend_tick.c
if NETWATCH_LINUX
src_libhouse_a_SOURCES += src/net/netwatch_linux.c \
	src/net/network_print.c src/net/network_print.h \
	src/net/path_watch.c src/net/path_watch.h
else
src_libhouse_a_SOURCES += src/net/netwatch_none.c
endif
EXTRA_DIST += src/net/netwatch_linux.c src/net/netwatch_none.c src/net/network_print.c src/net/network_print.h \
	src/net/path_watch.c src/net/path_watch.h
