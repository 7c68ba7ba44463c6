# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/config/check_config \
	tests/unit/config/check_config_check \
	tests/unit/config/check_config_memory \
	tests/unit/config/check_config_place \
	tests/unit/config/check_config_print \
	tests/unit/config/check_config_secrets \
	tests/unit/config/check_deal \
	tests/unit/config/check_diagnostics \
	tests/unit/config/check_expansion \
	tests/unit/config/check_file_place \
	tests/unit/config/check_found_check \
	tests/unit/config/check_ini_sections \
	tests/unit/config/check_inifile \
	tests/unit/config/check_kept_ports \
	tests/unit/config/check_layers \
	tests/unit/config/check_listener_check \
	tests/unit/config/check_listening \
	tests/unit/config/check_networks \
	tests/unit/config/check_no_proxy \
	tests/unit/config/check_option \
	tests/unit/config/check_origins \
	tests/unit/config/check_overlay \
	tests/unit/config/check_pac_place \
	tests/unit/config/check_pac_question \
	tests/unit/config/check_paths \
	tests/unit/config/check_places \
	tests/unit/config/check_proxy_check \
	tests/unit/config/check_proxy_environment \
	tests/unit/config/check_relay_check \
	tests/unit/config/check_reverse_check \
	tests/unit/config/check_section \
	tests/unit/config/check_section_kind \
	tests/unit/config/check_socket_check \
	tests/unit/config/check_socket_path \
	tests/unit/config/check_socket_unit \
	tests/unit/config/check_sources \
	tests/unit/config/check_spelling \
	tests/unit/config/check_stranger \
	tests/unit/config/check_system_file \
	tests/unit/config/check_tls_hint \
	tests/unit/config/check_trusted \
	tests/unit/config/check_user_file \
	tests/unit/config/check_value

# each allocation of the house passes through the test, which lets it fail
tests_unit_config_check_config_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=strdup -Wl,--wrap=strndup

# a machine that calls itself by a name of the public DNS
tests_unit_config_check_reverse_check_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gethostname

# remarks come to the test
tests_unit_config_check_proxy_check_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=curl_features_ntlm
tests_unit_config_check_found_check_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=section_remark \
	-Wl,--wrap=curl_features_ntlm

# a machine of whose files the test says which are there
tests_unit_config_check_system_file_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=config_place_is_there \
	-Wl,--wrap=config_place_is_file_there

# sections as text
SECTIONS_TEXT = tests/unit/config/sections_text.c tests/unit/config/sections_text.h
tests_unit_config_check_ini_sections_SOURCES = tests/unit/config/check_ini_sections.c $(SECTIONS_TEXT)
tests_unit_config_check_layers_SOURCES = tests/unit/config/check_layers.c $(SECTIONS_TEXT)
# a disk that fails, and a file that is not read
tests_unit_config_check_layers_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=readdir -Wl,--wrap=readdir64 \
	-Wl,--wrap=system_file_unread
tests_unit_config_check_overlay_SOURCES = tests/unit/config/check_overlay.c $(SECTIONS_TEXT)
