# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/net/check_address \
	tests/unit/net/check_dialer \
	tests/unit/net/check_dialer_late \
	tests/unit/net/check_dns_channel \
	tests/unit/net/check_endpoint \
	tests/unit/net/check_epochs \
	tests/unit/net/check_free_port \
	tests/unit/net/check_leftover \
	tests/unit/net/check_lingering \
	tests/unit/net/check_listener \
	tests/unit/net/check_machine \
	tests/unit/net/check_netwatch_none \
	tests/unit/net/check_own_address \
	tests/unit/net/check_peer_none \
	tests/unit/net/check_proxy_header \
	tests/unit/net/check_public_suffix \
	tests/unit/net/check_resolver \
	tests/unit/net/check_sleep_meter \
	tests/unit/net/check_slow_addresses \
	tests/unit/net/check_socket_options_plain \
	tests/unit/net/check_srv \
	tests/unit/net/check_srv_query \
	tests/unit/net/check_suspend_tick \
	tests/unit/net/check_transport \
	tests/unit/net/check_unix_socket

# the test is the kernel where it has to be another one
if ON_LINUX
UNIT_TESTS += \
	tests/unit/net/check_programs \
	tests/unit/net/check_socket_options
endif
if PEER_LINUX
UNIT_TESTS += tests/unit/net/check_peer
endif
tests_unit_net_check_socket_options_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt -Wl,--wrap=getsockopt

# the test takes addresses away
tests_unit_net_check_transport_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=machine_has
tests_unit_net_check_unix_socket_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=nanosleep
tests_unit_net_check_dialer_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=machine_has -Wl,--wrap=socket

# the test is the network
tests_unit_net_check_dialer_late_LDFLAGS = $(AM_LDFLAGS) $(STAGE_CLOCK) -Wl,--wrap=socket,--wrap=connect

# the test can put the clock forward
tests_unit_net_check_resolver_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_now
tests_unit_net_check_dns_channel_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_now
tests_unit_net_check_leftover_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_net_check_lingering_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# the test puts the machine to sleep
if SUSPEND_TIMERFD
UNIT_TESTS += tests/unit/net/check_suspend
tests_unit_net_check_suspend_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime -Wl,--wrap=timerfd_create \
	-Wl,--wrap=timerfd_settime
endif

# the tick is tested where there is something better, too
tests_unit_net_check_suspend_tick_SOURCES = tests/unit/net/check_suspend_tick.c src/net/suspend_tick.c
tests_unit_net_check_suspend_tick_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=clock_gettime

# the routes are the test's
tests_unit_net_check_own_address_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket,--wrap=connect,--wrap=getsockname
tests_unit_net_check_epochs_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# the test has another opinion than the system
tests_unit_net_check_machine_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=bind -Wl,--wrap=socket

# the test is the kernel
if NETWATCH_LINUX
UNIT_TESTS += \
	tests/unit/net/check_netwatch \
	tests/unit/net/check_network_print \
	tests/unit/net/check_path_watch
tests_unit_net_check_netwatch_SOURCES = tests/unit/net/check_netwatch.c tests/unit/net/rtnetlink.c \
	tests/unit/net/rtnetlink.h
tests_unit_net_check_netwatch_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=socket -Wl,--wrap=bind -Wl,--wrap=send \
	-Wl,--wrap=recvfrom -Wl,--wrap=suspend_watch_start -Wl,--wrap=suspend_watch_stop -Wl,--wrap=log_message
tests_unit_net_check_network_print_SOURCES = tests/unit/net/check_network_print.c tests/unit/net/rtnetlink.c \
	tests/unit/net/rtnetlink.h
tests_unit_net_check_path_watch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=inotify_init1
endif

# what other systems have is tested where there is something better, too
tests_unit_net_check_peer_none_SOURCES = tests/unit/net/check_peer_none.c src/net/peer_none.c
tests_unit_net_check_socket_options_plain_SOURCES = tests/unit/net/check_socket_options_plain.c \
	src/net/socket_options_plain.c
tests_unit_net_check_netwatch_none_SOURCES = tests/unit/net/check_netwatch_none.c src/net/netwatch_none.c
tests_unit_net_check_netwatch_none_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=suspend_watch_start \
	-Wl,--wrap=suspend_watch_stop
