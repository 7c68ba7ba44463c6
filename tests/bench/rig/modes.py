# SPDX-License-Identifier: ISC
"""By what they are measured: one table of modes, and how a mode's figures come from what was counted."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One figure.  A column of the report."""
    key: str
    title: str
    digits: int
    better: str = "less"  # or more


RATE = Metric("gb_s", "GB/s", 2, "more")
CPU_GB = Metric("cpu_s_gb", "CPU s/GB", 3)
TUNNELS = Metric("tunnels_s", "tunnels/s", 0, "more")
P50_US = Metric("p50_us", "p50 µs", 1)
P99_US = Metric("p99_us", "p99 µs", 0)
P50_MS = Metric("p50_ms", "p50 ms", 1)
P99_MS = Metric("p99_ms", "p99 ms", 1)
CPU_TUNNEL = Metric("cpu_us_tunnel", "CPU µs", 1)
CPU_TRIP = Metric("cpu_us_trip", "CPU µs", 2)
FAILED = Metric("failed", "failed", 0)
RESUMED = Metric("resumed_pc", "resumed %", 0, "more")
USER = Metric("user_kib", "KiB each", 2)
TOTAL = Metric("total_kib", "cgroup", 1)
MEMORY = Metric("pss_mib", "MiB", 1)
GROUP = Metric("group_mib", "cgroup", 1)


@dataclass(frozen=True)
class Mode:
    name: str
    title: str
    family: str           # which forwarders take part
    role: str             # which door of the target
    load: str             # arguments of the load generator; {t}: the milliseconds of a sample
    metrics: tuple        # the first one is the one that counts
    alone: bool = False   # all processes on one CPU
    rounds: int = 99      # at most so many of the run's
    quick: int = 1        # the same in a quick run
    only: str = ""        # words: these forwarders alone; "": all of the family
    chart: str = ""       # its title in the chart; "": it is not drawn

    def is_touched_by_noise(self):
        """Whether its figure is another one while others compute: a time is, memory is not."""
        return self.metrics[0] is not USER


BULK = (RATE, CPU_GB, MEMORY, GROUP)
NEW = (TUNNELS, P50_US, P99_US, CPU_TUNNEL, FAILED, MEMORY, GROUP)
ONE = (P50_US,) + tuple(metric for metric in NEW if metric is not P50_US)
TRIP = (P50_US, P99_US, CPU_TRIP, MEMORY, GROUP)
IDLE = (USER, TOTAL, FAILED, TUNNELS, CPU_TUNNEL)
TLS = (TUNNELS, P50_US, P99_US, CPU_TUNNEL, RESUMED, FAILED)
GREETING = (P50_MS, P99_MS, FAILED)
BESIDE = (P99_US, P50_US)
TOGETHER = (P99_MS, P50_MS, FAILED)
WARM = (CPU_TUNNEL, TUNNELS, P50_US, P99_US, FAILED, MEMORY, GROUP)
GROWS = "direct haproxy sallyport"
SHARES = "sallyport-https sallyport-http2 haproxy-http2"

MODES = [
    Mode("down-1", "bulk down, 1 stream", "plain", "source", "down -t {t}", BULK, quick=2,
         chart="Bulk down, 1 stream"),
    Mode("down-8", "bulk down, 8 streams", "plain", "source", "down -n 8 -t {t}", BULK, quick=2,
         chart="Bulk down, 8 streams"),
    Mode("up-1", "bulk up, 1 stream", "plain", "sink", "up -t {t}", BULK, quick=2,
         chart="Bulk up, 1 stream"),
    Mode("up-8", "bulk up, 8 streams", "plain", "sink", "up -n 8 -t {t}", BULK, quick=2,
         chart="Bulk up, 8 streams"),
    Mode("new-32", "new tunnels, 32 at once", "plain", "greeter", "tunnels -n 32 -t {t} -c 12000", NEW, quick=2,
         chart="New tunnels, 32 at once"),
    Mode("new-1", "new tunnels, one at a time", "plain", "greeter", "tunnels -t {t}", ONE, quick=2,
         chart="New tunnels, one at a time"),
    Mode("trip", "round trips of 64 bytes, all on one CPU", "plain", "echo", "trips -t {t}", TRIP, alone=True, quick=2,
         chart="Round trip of 64 bytes"),
    Mode("trip-bulk", "round trips of 64 bytes, beside one stream of bulk down", "plain", "echo", "trips -b 1 -t {t}",
         BESIDE, quick=2),
    Mode("idle-1000", "1000 idle tunnels", "plain", "greeter", "idle -n 32 -c 1000", IDLE, rounds=3,
         chart="An idle tunnel, of 1000"),
    Mode("idle-9900", "9900 idle tunnels", "plain", "greeter", "idle -n 32 -c 9900", IDLE, rounds=1, quick=0,
         chart="An idle tunnel, of 9900"),
    Mode("trip-1000", "round trips beside 1000 idle tunnels, all on one CPU", "plain", "echo", "trips -i 1000 -t {t}",
         TRIP, alone=True, rounds=3, quick=0),

    Mode("grow-new-10", "new tunnels, 32 at once, beside 10 idle ones", "plain", "greeter",
         "tunnels -i 10 -n 32 -t {t} -c 8000", NEW, rounds=3, quick=0, only=GROWS),
    Mode("grow-new-9900", "new tunnels, 32 at once, beside 9900 idle ones", "plain", "greeter",
         "tunnels -i 9900 -n 32 -t {t} -c 8000", NEW, rounds=3, quick=0, only=GROWS),
    Mode("grow-trip-10", "round trips beside 10 idle tunnels, all on one CPU", "plain", "echo",
         "trips -i 10 -t {t}", TRIP, alone=True, rounds=3, quick=0, only=GROWS),
    Mode("grow-trip-9900", "round trips beside 9900 idle tunnels, all on one CPU", "plain", "echo",
         "trips -i 9900 -t {t}", TRIP, alone=True, rounds=3, quick=0, only=GROWS),

    Mode("tls-down", "TLS to the target, bulk down, 1 stream", "tls", "tls-source", "down -t {t}", BULK,
         chart="TLS to the target, bulk down"),
    Mode("tls-up", "TLS to the target, bulk up, 1 stream", "tls", "tls-sink", "up -t {t}", BULK, quick=0),
    Mode("tls-fresh", "TLS to the target, new tunnels, 8 at once, fresh", "tls", "tls-greeter",
         "tunnels -n 8 -t {t}", TLS,
         chart="TLS to the target, new tunnels"),
    Mode("tls-resumed", "TLS to the target, new tunnels, 8 at once, resumed if the forwarder can", "tls",
         "ticket-greeter", "tunnels -n 8 -t {t}", TLS,
         chart="TLS to the target, resumed"),
    Mode("tls-idle", "500 idle tunnels with TLS inside", "tls", "tls-greeter", "idle -n 32 -c 500", IDLE, rounds=3,
         chart="An idle tunnel with TLS inside"),

    Mode("https-down-1", "TLS to the proxy, bulk down, 1 stream", "https", "source", "down -t {t}", BULK, quick=2,
         chart="TLS to the proxy, bulk down"),
    Mode("https-down-8", "TLS to the proxy, bulk down, 8 streams", "https", "source", "down -n 8 -t {t}", BULK),
    Mode("https-up-1", "TLS to the proxy, bulk up, 1 stream", "https", "sink", "up -t {t}", BULK, quick=2),
    Mode("https-up-8", "TLS to the proxy, bulk up, 8 streams", "https", "sink", "up -n 8 -t {t}", BULK),
    Mode("https-new", "TLS to the proxy, new tunnels, 8 at once, each closed when it was greeted", "https", "greeter",
         "tunnels -n 8 -t {t} -c 12000", WARM, quick=2, chart="A new tunnel, TLS to the proxy"),
    Mode("https-idle", "1000 idle tunnels, TLS to the proxy", "https", "greeter", "idle -n 32 -c 1000", IDLE, rounds=3,
         chart="An idle tunnel, TLS to the proxy"),
    Mode("https-19", "TLS to the proxy, bulk down, 19 streams", "https", "source", "down -n 19 -t {t}", BULK,
         only=SHARES),
    Mode("https-19-of-20", "the same, beside a 20th that nobody reads", "https", "source", "down -i 1 -n 19 -t {t}",
         BULK, only=SHARES),

    Mode("greeting-10", "time to greeting of ten at once, over the same path, the last of them first", "path",
         "greeter", "tunnels -n 10 -c 10 -t 60000", TOGETHER, rounds=2,
         only="sallyport-http sallyport-https sallyport-http2"),
    Mode("greeting", "time to greeting, over a path of 50 ms to the proxy and back", "path", "greeter",
         "tunnels -c 5 -p 200 -t 60000", GREETING, rounds=2,
         chart="Time to greeting, 50 ms away"),
]

# What each of them is counted by, beside times: the stage's events for one of these.
UNITS = {"bytes": ("MB", 1e6), "trips": ("trip", 1), "tunnels": ("tunnel", 1)}


def unit(counted):
    """(what a sample did, how often) of what was counted in it; (None, 0) when it did nothing."""
    for key, (name, size) in UNITS.items():
        if counted.get(key):
            return name, counted[key] / size
    return None, 0


def doing(mode):
    """The unit of a mode's samples."""
    kind = mode.load.split()[0]
    return UNITS["bytes" if kind in ("down", "up") else "trips" if kind == "trips" else "tunnels"][0]


FAILED_MOST = 0.5  # of those opened; figures of a forwarder that mostly fails say nothing


def figures(counted):
    """What was counted in one sample (the stage's dictionary), as figures by their keys."""
    seen = {"pss_mib": counted["pss_after"] / 2**20, "group_mib": None}
    cpu, tunnels = counted["cpu_s"], counted.get("tunnels", 0)
    sound = counted.get("failed", 0) <= FAILED_MOST * tunnels
    if counted["group_after"] is not None:
        seen["group_mib"] = counted["group_after"] / 2**20
    if "bytes" in counted:
        seen["gb_s"] = counted["bytes"] / counted["ns"]
        seen["cpu_s_gb"] = cpu / (counted["bytes"] / 1e9)
    if "trips" in counted:
        seen["cpu_us_trip"] = cpu * 1e6 / counted["trips"]
    if counted.get("p50") and sound:
        seen["p50_us"], seen["p99_us"] = counted["p50"] / 1e3, counted["p99"] / 1e3
        seen["p50_ms"], seen["p99_ms"] = counted["p50"] / 1e6, counted["p99"] / 1e6
    if "tunnels" in counted:
        seen["failed"] = counted["failed"]
    if tunnels and sound:
        seen["tunnels_s"] = tunnels / counted["ns"] * 1e9
        seen["cpu_us_tunnel"] = cpu * 1e6 / tunnels
        seen["resumed_pc"] = 100 * counted.get("resumed", 0) / tunnels
        seen["user_kib"] = (counted["pss_after"] - counted["pss_before"]) / 1024 / tunnels
        if counted["group_after"] is not None:
            seen["total_kib"] = (counted["group_after"] - counted["group_before"]) / 1024 / tunnels
    if not counted["measured"]:  # nobody forwards: there is nothing of a forwarder's to tell
        for key in ("cpu_s_gb", "cpu_us_tunnel", "cpu_us_trip", "user_kib", "total_kib", "pss_mib", "group_mib"):
            seen[key] = None
    return seen
