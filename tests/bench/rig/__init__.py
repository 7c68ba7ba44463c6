# SPDX-License-Identifier: ISC
"""The runner of the benchmark: who is measured (forwarders), by what (modes), where (stage), and what is said of it."""
