# SPDX-License-Identifier: ISC
"""A configuration that reaches real servers through a real proxy."""
from ..route import listener, settings


def through(proxy, more="", sallyport="", **ports):
    """The configuration text: a listener of each kind (imap=, smtp=, ...) for the server on that port, all through the
    proxy.  more are lines for [proxy], sallyport for [sallyport]."""
    listeners = "".join(listener(kind, f"127.0.0.1:{port}") for kind, port in ports.items())
    return settings(proxy.url, listeners, sallyport=sallyport, proxy=more)
