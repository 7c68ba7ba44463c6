# SPDX-License-Identifier: ISC
# The benchmark.  Nothing of it is built or measured but by `make bench` and `make bench-compare`; README.md here tells
# how to read what they print.

BENCH_BUILT = tests/bench/load tests/bench/target tests/bench/path
EXTRA_PROGRAMS = $(BENCH_BUILT)
CLEANFILES += $(BENCH_BUILT)

BENCH_WIRE = tests/bench/wire.c tests/bench/wire.h
tests_bench_load_SOURCES = $(BENCH_WIRE) tests/bench/load.c tests/bench/load.h tests/bench/bulk.c tests/bench/flood.c tests/bench/idle.c \
	tests/bench/opener.c tests/bench/opener.h tests/bench/trips.c tests/bench/tunnels.c
tests_bench_load_LDADD =
tests_bench_target_SOURCES = $(BENCH_WIRE) tests/bench/target.c tests/bench/credentials.c tests/bench/credentials.h \
	tests/bench/capsules.c tests/bench/capsules.h \
	tests/bench/echo.c tests/bench/frames.c tests/bench/frames.h tests/bench/greeter.c tests/bench/link.c tests/bench/link.h tests/bench/role.h \
	tests/bench/sink.c tests/bench/source.c tests/bench/stream.c tests/bench/stream.h
tests_bench_target_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS) $(NGHTTP2_CFLAGS)
tests_bench_target_LDADD = $(OPENSSL_LIBS) $(NGHTTP2_LIBS)
tests_bench_path_SOURCES = $(BENCH_WIRE) tests/bench/path.c
tests_bench_path_LDADD =

# What it concludes from samples is tested on samples that are made up.
BENCH_TESTS = tests/bench/check_rig.py tests/bench/check_trips.py
TESTS += $(BENCH_TESTS)
EXTRA_DIST += $(BENCH_TESTS)

EXTRA_DIST += tests/bench/README.md tests/bench/bench.py tests/bench/compare.py tests/bench/packages \
	tests/bench/scale.py \
	tests/bench/rig/__init__.py tests/bench/rig/builds.py tests/bench/rig/chart.py tests/bench/rig/counters.py \
	tests/bench/rig/counting.py tests/bench/rig/facts.py tests/bench/rig/forwarders.py \
	tests/bench/rig/goals.py tests/bench/rig/greetings.py tests/bench/rig/grid.py \
	tests/bench/rig/meters.py tests/bench/rig/modes.py tests/bench/rig/namespace.py tests/bench/rig/packages.py \
	tests/bench/rig/ratios.py \
	tests/bench/rig/realm.py tests/bench/rig/report.py tests/bench/rig/results.py tests/bench/rig/stage.py \
	tests/bench/rig/trips.py tests/bench/rig/way.py tests/bench/rig/ways.py \
	tests/bench/far/__main__.py tests/bench/far/h2_proxy.py tests/bench/far/logins.py tests/bench/far/names.py \
	tests/bench/far/proxies.py tests/bench/far/servers.py tests/bench/far/wire.py

# make bench [QUICK=1] [ROUNDS=N] [MODES='down-1 ...'] [ONLY='direct haproxy ...'] ...: into bench/ of the build folder
BENCH_VARIABLES = QUICK='$(QUICK)' ROUNDS='$(ROUNDS)' MODES='$(MODES)' ONLY='$(ONLY)' WAYS='$(WAYS)' SEED='$(SEED)' \
	CONGESTION='$(CONGESTION)' NOISE='$(NOISE)'
bench: src/sallyport$(EXEEXT) $(BENCH_BUILT)
	@env $(BENCH_VARIABLES) PYTHONDONTWRITEBYTECODE=1 python3 '$(srcdir)/tests/bench/bench.py' tests/bench \
		src/sallyport$(EXEEXT) bench

# make bench-compare OLD=COMMIT [NEW=COMMIT] [ROUNDS=N] [MODES='down-1 ...'] ...: two builds in one run; each is a commit,
# or the path of a program, and NEW is what is built here unless it is said
bench-compare: src/sallyport$(EXEEXT) $(BENCH_BUILT)
	@[ -n '$(OLD)' ] || { echo "bench-compare: OLD=COMMIT or OLD=PROGRAM is wanted, and NEW likewise" >&2; exit 64; }
	@env $(BENCH_VARIABLES) PYTHONDONTWRITEBYTECODE=1 python3 '$(srcdir)/tests/bench/compare.py' tests/bench \
		'$(OLD)' '$(if $(NEW),$(NEW),src/sallyport$(EXEEXT))' bench

# make scale: what one user costs a proxy, as sallyport-proxy(7) has it
scale: src/sallyport$(EXEEXT)
	@SALLYPORT='$(abs_builddir)/src/sallyport$(EXEEXT)' top_srcdir='$(srcdir)' PYTHONDONTWRITEBYTECODE=1 \
		python3 '$(srcdir)/tests/bench/scale.py'

.PHONY: bench bench-compare scale
