# SPDX-License-Identifier: ISC
# From an address to servers.

src_libhouse_a_SOURCES += \
	src/discover/autoconfig_file.c src/discover/autoconfig_file.h \
	src/discover/discovery.c src/discover/discovery.h \
	src/discover/found_servers.c src/discover/found_servers.h \
	src/discover/guess.c src/discover/guess.h \
	src/discover/mail_address.c src/discover/mail_address.h \
	src/discover/pacc_file.c src/discover/pacc_file.h \
	src/discover/server_file.c src/discover/server_file.h \
	src/discover/srv_search.c src/discover/srv_search.h \
	src/discover/tunnel_plan.c src/discover/tunnel_plan.h \
	src/discover/usual_names.c src/discover/usual_names.h \
	src/discover/web_fetch.c src/discover/web_fetch.h
