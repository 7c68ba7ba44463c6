# SPDX-License-Identifier: ISC
"""A home of ours that publishes one server at our relay, and a client's daemon that knows the private name."""
from .control import facts
from .own_relay import password, path
from .process import until
from .route import listener, settings


def section(relay, target, user="alice", label="home", more=""):
    return (f"[reverse {label}]\nrelay = {relay.url}{path()}\ntarget = 127.0.0.1:{target}\nuser = {user}\n"
            f"password = {password(user)}\n{more}\n")


def home(stage, relay, target, more="", waiting=2, user="alice", sallyport=""):
    """The daemon, once so many places wait there."""
    text = f"[sallyport]\ncontrol = none\n{sallyport}\n" + section(relay, target, user, more=more)
    daemon = stage.sallyport(text, name="home")
    wait_waiting(relay, waiting)
    return daemon


def waiting(relay):
    """How many places wait at the relay."""
    return sum(name["waiting"] for name in facts(relay.daemon)["relay"])


def wait_waiting(relay, count):
    until(lambda: waiting(relay) == count, f"{count} places that wait")


def knows_the_name(stage, relay, more="", user="bob"):
    """The daemon of somebody who may reach it."""
    return stage.sallyport(settings(relay.url, listener("imap", "home:143"), "control = none\n",
                                    f"user = {user}\npassword = {password(user)}\n{more}"), name="visitor")
