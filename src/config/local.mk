# SPDX-License-Identifier: ISC
# The configuration file: read, checked, printed back.

src_libhouse_a_SOURCES += \
	src/config/config.c src/config/config.h \
	src/config/config_check.c src/config/config_check.h \
	src/config/config_place.c src/config/config_place.h \
	src/config/config_print.c src/config/config_print.h \
	src/config/config_secrets.c src/config/config_secrets.h \
	src/config/deal.c src/config/deal.h \
	src/config/diagnostics.c src/config/diagnostics.h \
	src/config/expansion.c src/config/expansion.h \
	src/config/file_place.c src/config/file_place.h \
	src/config/found_check.c src/config/found_check.h \
	src/config/ini_sections.c src/config/ini_sections.h \
	src/config/inifile.c src/config/inifile.h \
	src/config/kept_ports.c src/config/kept_ports.h \
	src/config/layers.c src/config/layers.h \
	src/config/listener_check.c src/config/listener_check.h \
	src/config/listening.c src/config/listening.h \
	src/config/networks.c src/config/networks.h \
	src/config/no_proxy.c src/config/no_proxy.h \
	src/config/option.c src/config/option.h \
	src/config/origins.c src/config/origins.h \
	src/config/overlay.c src/config/overlay.h \
	src/config/pac_place.c src/config/pac_place.h \
	src/config/pac_question.c src/config/pac_question.h \
	src/config/paths.c src/config/paths.h \
	src/config/places.c src/config/places.h \
	src/config/proxy_check.c src/config/proxy_check.h \
	src/config/proxy_environment.c src/config/proxy_environment.h \
	src/config/relay_check.c src/config/relay_check.h \
	src/config/reverse_check.c src/config/reverse_check.h \
	src/config/section.c src/config/section.h \
	src/config/section_kind.c src/config/section_kind.h \
	src/config/settings.h \
	src/config/socket_check.c src/config/socket_check.h \
	src/config/socket_path.c src/config/socket_path.h \
	src/config/socket_unit.c src/config/socket_unit.h \
	src/config/sources.c src/config/sources.h \
	src/config/spelling.c src/config/spelling.h \
	src/config/stranger.c src/config/stranger.h \
	src/config/system_file.c src/config/system_file.h \
	src/config/tls_hint.c src/config/tls_hint.h \
	src/config/trusted.c src/config/trusted.h \
	src/config/user_file.c src/config/user_file.h \
	src/config/value.c src/config/value.h \
	src/config/value_kind.h
