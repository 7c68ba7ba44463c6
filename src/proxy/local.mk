# SPDX-License-Identifier: ISC
# From a target to an open tunnel.

src_libhouse_a_SOURCES += \
	src/proxy/ahead.c src/proxy/ahead.h \
	src/proxy/announcement.c src/proxy/announcement.h \
	src/proxy/approach.c src/proxy/approach.h \
	src/proxy/connector.c src/proxy/connector.h \
	src/proxy/detour.c src/proxy/detour.h \
	src/proxy/doubled_request.c src/proxy/doubled_request.h \
	src/proxy/form_choice.c src/proxy/form_choice.h \
	src/proxy/h2_carrier.c src/proxy/h2_carrier.h \
	src/proxy/h2_lessons.c src/proxy/h2_lessons.h \
	src/proxy/h2_pool.c src/proxy/h2_pool.h \
	src/proxy/h2_share.c src/proxy/h2_share.h \
	src/proxy/head_start.c src/proxy/head_start.h \
	src/proxy/health.c src/proxy/health.h \
	src/proxy/idle.c src/proxy/idle.h \
	src/proxy/login_answer.c src/proxy/login_answer.h \
	src/proxy/notices.c src/proxy/notices.h \
	src/proxy/outer_form.c src/proxy/outer_form.h \
	src/proxy/outer_route.c src/proxy/outer_route.h \
	src/proxy/outlook.c src/proxy/outlook.h \
	src/proxy/plain_try.c src/proxy/plain_try.h \
	src/proxy/pool.c src/proxy/pool.h \
	src/proxy/probes.c src/proxy/probes.h \
	src/proxy/proxy_request.c src/proxy/proxy_request.h src/proxy/proxy_request_params.h \
	src/proxy/proxy_source.c src/proxy/proxy_source.h \
	src/proxy/refill.c src/proxy/refill.h \
	src/proxy/request_form.c src/proxy/request_form.h \
	src/proxy/request_parts.c src/proxy/request_parts.h \
	src/proxy/reuse.c src/proxy/reuse.h \
	src/proxy/route.c src/proxy/route.h \
	src/proxy/services.c src/proxy/services.h \
	src/proxy/socks5.c src/proxy/socks5.h \
	src/proxy/spare.c src/proxy/spare.h \
	src/proxy/standby.c src/proxy/standby.h \
	src/proxy/target_tls.c src/proxy/target_tls.h \
	src/proxy/targets.c src/proxy/targets.h \
	src/proxy/template_try.c src/proxy/template_try.h \
	src/proxy/tunnel.c src/proxy/tunnel.h \
	src/proxy/version_try.c src/proxy/version_try.h \
	src/proxy/way.c src/proxy/way.h
