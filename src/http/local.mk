# A request for a tunnel and its answer.

src_libhouse_a_SOURCES += \
	src/http/access_control.c src/http/access_control.h \
	src/http/capsule.c src/http/capsule.h \
	src/http/capsule_reader.c src/http/capsule_reader.h \
	src/http/connect_request.c src/http/connect_request.h \
	src/http/connect_response.c src/http/connect_response.h \
	src/http/drain.c src/http/drain.h \
	src/http/error_page.c src/http/error_page.h \
	src/http/exchange.c src/http/exchange.h \
	src/http/h1_exchange.c src/http/h1_exchange.h \
	src/http/http_body.c src/http/http_body.h \
	src/http/http_head.c src/http/http_head.h \
	src/http/uri_template.c src/http/uri_template.h
