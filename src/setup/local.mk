# SPDX-License-Identifier: ISC
# From an address to a configuration: `sallyport setup`.

src_libhouse_a_SOURCES += \
	src/setup/desk.c src/setup/desk.h \
	src/setup/desktop_guess.c src/setup/desktop_guess.h \
	src/setup/draft.c src/setup/draft.h \
	src/setup/file_step.c src/setup/file_step.h \
	src/setup/interview.c src/setup/interview.h \
	src/setup/own_command.c src/setup/own_command.h \
	src/setup/page.c src/setup/page.h \
	src/setup/proxy_choice.c src/setup/proxy_choice.h \
	src/setup/proxy_guess.c src/setup/proxy_guess.h \
	src/setup/proxy_trial.c src/setup/proxy_trial.h \
	src/setup/question.c src/setup/question.h \
	src/setup/server_choice.c src/setup/server_choice.h \
	src/setup/setup.c src/setup/setup.h \
	src/setup/user_service.c src/setup/user_service.h \
	src/setup/whole_file.c src/setup/whole_file.h
