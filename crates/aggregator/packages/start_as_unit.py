#!/usr/bin/python3
"""Starts a program as a systemd unit says, where no systemd runs: its user, folder, settings, mask, limit of open
files and, above all, its filter of system calls, so that a call that the unit forbids is found.

    start_as_unit.py UNIT

Needs root, systemd-analyze (for the names in the filter) and python3-seccomp.
"""
import os
import pwd
import resource
import shlex
import subprocess
import sys

import seccomp


def settings(path):
    """Every NAME=value of the unit, in its order."""
    with open(path, encoding="utf-8") as unit:
        lines = [line.strip() for line in unit if "=" in line and not line.startswith("#")]
    return [tuple(line.split("=", 1)) for line in lines]


def environment(unit):
    found = {"PATH": "/usr/bin:/bin"}
    for name, value in unit:
        if name == "Environment":
            found.update(word.split("=", 1) for word in shlex.split(value))
        elif name == "EnvironmentFile" and os.path.exists(value.lstrip("-")):
            with open(value.lstrip("-"), encoding="utf-8") as file:
                lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
            found.update(line.split("=", 1) for line in lines)
    return found


def known_sets():
    """The names behind each @set, as this systemd has them."""
    listed = subprocess.check_output(["systemd-analyze", "syscall-filter", "--no-pager"], text=True)
    sets, current = {}, None
    for line in listed.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#") and current is not None:
            current.append(line.strip())
    return sets


def allowed_calls(unit):
    sets = known_sets()

    def calls(word):
        return set().union(*map(calls, sets[word])) if word.startswith("@") else {word}

    allowed = calls("@default")
    for name, value in unit:
        if name != "SystemCallFilter":
            continue
        found = set().union(*map(calls, value.lstrip("~").split()))
        allowed = allowed - found if value.startswith("~") else allowed | found
    return allowed | {"execve"}


def forbid_others(allowed):
    rules = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for call in sorted(allowed):
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError, OSError):
            pass  # A call that this libseccomp does not know stays forbidden.
    rules.load()


def main():
    unit = settings(sys.argv[1])
    one = dict(unit)
    allowed = allowed_calls(unit)
    values = environment(unit)
    files = int(one["LimitNOFILE"])
    least = min(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, least))
    os.umask(int(one["UMask"], 8))
    os.chdir(one["WorkingDirectory"])
    user = pwd.getpwnam(one["User"])
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    forbid_others(allowed)
    command = shlex.split(one["ExecStart"])
    os.execve(command[0], command, values)


main()
