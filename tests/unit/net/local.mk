UNIT_TESTS += \
	tests/unit/net/check_address \
	tests/unit/net/check_dialer \
	tests/unit/net/check_dns_channel \
	tests/unit/net/check_endpoint \
	tests/unit/net/check_leftover \
	tests/unit/net/check_lingering \
	tests/unit/net/check_listener \
	tests/unit/net/check_peer \
	tests/unit/net/check_proxy_header \
	tests/unit/net/check_programs \
	tests/unit/net/check_resolver \
	tests/unit/net/check_sleep_meter \
	tests/unit/net/check_socket_options \
	tests/unit/net/check_srv \
	tests/unit/net/check_srv_query \
	tests/unit/net/check_suspend_tick \
	tests/unit/net/check_transport

# the test is the kernel where it has to be another one
tests_unit_net_check_socket_options_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt -Wl,--wrap=getsockopt

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
