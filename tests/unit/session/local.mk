UNIT_TESTS += \
	tests/unit/session/check_pipe \
	tests/unit/session/check_pump \
	tests/unit/session/check_session \
	tests/unit/session/check_session_limits \
	tests/unit/session/check_session_refusals

# on the stage, and the lines of the log pass through the test
SCENE = $(STAGE) -Wl,--wrap=log_event,--wrap=log_message

tests_unit_session_check_session_SOURCES = \
	tests/unit/session/check_session.c \
	tests/unit/session/scene.c tests/unit/session/scene.h
tests_unit_session_check_session_LDFLAGS = $(AM_LDFLAGS) $(SCENE)
tests_unit_session_check_session_limits_SOURCES = \
	tests/unit/session/check_session_limits.c \
	tests/unit/session/scene.c tests/unit/session/scene.h
tests_unit_session_check_session_limits_LDFLAGS = $(AM_LDFLAGS) $(SCENE)
tests_unit_session_check_session_refusals_SOURCES = \
	tests/unit/session/check_session_refusals.c \
	tests/unit/session/scene.c tests/unit/session/scene.h
tests_unit_session_check_session_refusals_LDFLAGS = $(AM_LDFLAGS) $(SCENE)
