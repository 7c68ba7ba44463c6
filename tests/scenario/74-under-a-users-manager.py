#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The units that are delivered, under the service manager of an ordinary user, in a machine that is booted for it: the
sockets, a configuration with errors and one that is mended, reload, and what the unit allows a password-command."""
import json
import os

from kit import check, equal, scenario
from kit.process import PATIENCE
from kit.real.machine import run_as_user

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("top_srcdir") or os.path.join(HERE, "../..")
PROGRAM = os.environ["SALLYPORT"]

WANTED = ["the units are well-formed",
          "clients that wait are told that the configuration has errors",
          "many of them do not wear the socket out",
          "a mended file is enough",
          "reload reads the file again",
          "reload fails when the file has errors",
          "a password-command may write code and run it",
          "after a stop the next client starts it again",
          "the socket unit of the configuration has its ports"]
"""What the trial says of each step that went well, in order."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def under_a_users_manager(stage):
    units = "home/trial/.config/systemd/user/"
    service = read(os.path.join(TOP, "etc/systemd/sallyport.service")).decode()
    check("ExecStart=sallyport run\n" in service, "the unit does not start sallyport")
    files = {
        "usr/local/bin/sallyport": read(PROGRAM),
        "trial/main.py": read(os.path.join(HERE, "kit/trial.py")),
        units + "sallyport.service": service,
        units + "sallyport.socket": read(os.path.join(TOP, "etc/systemd/sallyport.socket")),
        # a build with sanitizers looks for leaks by a call that a service may not make
        units + "sallyport.service.d/test.conf": "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n",
        "etc/systemd/user.conf.d/test.conf": "[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0\n",
    }
    told = run_as_user(stage, files, 6 * PATIENCE)
    steps = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    equal([step["well"] for step in steps if "well" in step], WANTED, f"steps of\n{told[-3000:]}\n")


scenario(under_a_users_manager, paths=("splice",))
