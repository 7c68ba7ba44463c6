# SPDX-License-Identifier: ISC
# What to write into a mail program's configuration.

src_libhouse_a_SOURCES += \
	src/recipe/accounts.c src/recipe/accounts.h \
	src/recipe/filling.c src/recipe/filling.h \
	src/recipe/program.h \
	src/recipe/programs.c src/recipe/programs.h \
	src/recipe/programs_fetching.c \
	src/recipe/programs_graphical.c \
	src/recipe/programs_other.c \
	src/recipe/programs_reading.c \
	src/recipe/programs_sending.c \
	src/recipe/recipe.c src/recipe/recipe.h \
	src/recipe/recipe_params.h
