#!/usr/bin/env python3
"""systemctl for a root without systemd (scripts/try_install.sh): the commands of docs/installer.md, nothing else.

Solidarités' own units are read from /etc/systemd/system and run as they say: account, folder, environment, umask, a
file system that is read-only but for ReadWritePaths, a /tmp of its own, no capability. What it cannot imitate is
named once; a directive it does not know is an error. Debian's services are started by Debian's own commands.
"""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

UNITS = Path("/etc/systemd/system")
STATE = Path("/run/without-systemd")
LOGS = Path("/var/log/without-systemd")
IMITATED = {
    *("User", "Group", "WorkingDirectory", "EnvironmentFile", "Environment", "ExecStart", "KillMode", "Type"),
    *("TimeoutStopSec", "UMask", "ProtectSystem", "ReadWritePaths", "PrivateTmp", "NoNewPrivileges"),
    *("CapabilityBoundingSet", "Wants", "PartOf"),
}
NOT_IMITATED = {
    *("Description", "After", "StartLimitIntervalSec", "Restart", "RestartSec", "Nice", "WantedBy", "OnCalendar"),
    *("Persistent", "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups"),
    *("RestrictSUIDSGID", "RestrictAddressFamilies"),
}


def read(name: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            if key not in IMITATED | NOT_IMITATED:
                sys.exit(f"{name} : {key} n'est pas connu de l'essai")
            said.setdefault(key, []).append(value)
    return said


def environment(unit: dict[str, list[str]]) -> dict[str, str]:
    user = unit["User"][0]
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "USER": user, "LOGNAME": user}
    found["HOME"] = pwd.getpwnam(user).pw_dir
    lines = list(unit.get("Environment", []))
    for name in unit.get("EnvironmentFile", []):
        path = Path(name.removeprefix("-"))
        if path.exists() or not name.startswith("-"):
            lines += [line for line in path.read_text().splitlines() if line.strip() and line[0] not in "#;"]
    found.update(line.partition("=")[::2] for line in lines)
    return found


def command(unit: dict[str, list[str]]) -> list[str]:
    (paths,) = unit["ReadWritePaths"]
    if unit["ProtectSystem"] != ["strict"] or unit["PrivateTmp"] != ["true"] or unit["CapabilityBoundingSet"] != [""]:
        sys.exit("Ces protections ne sont pas celles que l'essai sait imiter.")
    confine = [
        *(f"mount --bind {shlex.quote(path)} {shlex.quote(path)}" for path in paths.split()),
        "mount -o remount,bind,ro /",
        "mount -o remount,bind,ro /run",
        "mount -t tmpfs -o mode=1777 tmpfs /tmp",
        f"umask {unit['UMask'][0]}",
        f"cd {shlex.quote(unit['WorkingDirectory'][0])}",
        f"exec setpriv --reuid {unit['User'][0]} --regid {unit['Group'][0]} --init-groups --no-new-privs "
        f"--inh-caps=-all --bounding-set=-all {unit['ExecStart'][0]}",
    ]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", "\n".join(confine)]


def process_of(name: str) -> int | None:
    try:
        number = int((STATE / name).read_text())
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else number


def members(name: str, key: str) -> list[str]:
    if key == "Wants":
        return read(name)["Wants"][0].split()
    return [path.name for path in UNITS.glob("solidarites-*.service") if name in read(path.name).get("PartOf", [])]


def start(name: str) -> None:
    if name in DEBIAN:
        debian(name, "start")
        return
    if name.endswith(".target"):
        for one in members(name, "Wants"):
            start(one)
        return
    if name.endswith(".timer"):
        print(f"  (sans systemd : {name} n'est pas armé)")
        return
    unit = read(name)
    if process_of(name):
        return
    with (LOGS / f"{name}.log").open("ab") as log:
        popen = subprocess.Popen(
            command(unit),
            env=environment(unit),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if unit.get("Type") == ["oneshot"]:
        if popen.wait():
            sys.exit(f"{name} a échoué :\n" + (LOGS / f"{name}.log").read_text()[-3000:])
        return
    (STATE / name).write_text(str(popen.pid))


def stop(name: str) -> None:
    if name in DEBIAN:
        debian(name, "stop")
        return
    if name.endswith(".target"):
        for one in members(name, "PartOf"):
            stop(one)
        return
    number = process_of(name)
    if number is None:
        return
    unit = read(name)
    if unit["KillMode"] != ["mixed"]:
        sys.exit("L'essai n'imite que KillMode=mixed.")
    os.kill(number, signal.SIGTERM)
    until = time.monotonic() + int(unit["TimeoutStopSec"][0])
    while process_of(name) and time.monotonic() < until:
        time.sleep(0.2)
    if process_of(name):
        print(f"  {name} ne s'est pas arrêté en {unit['TimeoutStopSec'][0]} s : tué")
    with suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)


DEBIAN = ("postgresql", "redis-server", "nginx")


def debian(name: str, act: str) -> None:
    """As Debian's own units do."""
    if name == "postgresql":
        version = next(Path("/etc/postgresql").iterdir()).name
        lines = [f"pg_ctlcluster {version} main {act}"]
    elif name == "redis-server":
        lines = ["install -d -o redis -g redis /run/redis", "runuser -u redis -- redis-server /etc/redis/redis.conf"]
    else:
        lines = {"start": ["nginx"], "stop": ["nginx -s quit; sleep 1"], "reload": ["nginx -s reload"]}[act]
    for line in lines:
        subprocess.run(line, shell=True, check=True, stdout=subprocess.DEVNULL)


def main(arguments: list[str]) -> None:
    for folder in (STATE, LOGS):
        folder.mkdir(exist_ok=True)
    options = [one for one in arguments if one.startswith("--")]
    act, *names = [one for one in arguments if not one.startswith("--")]
    if set(options) - {"--now"} or act not in (
        "daemon-reload",
        "enable",
        "start",
        "stop",
        "restart",
        "reload",
        "is-active",
    ):
        sys.exit(f"L'essai ne connaît pas « systemctl {' '.join(arguments)} ».")
    names = [name if "." in name or name in DEBIAN else f"{name}.service" for name in names]
    for name in names:
        if name not in DEBIAN and not (UNITS / name).exists():
            sys.exit(f"Unit {name} not found.")
        if act == "start" or (act == "enable" and "--now" in options):
            start(name)
        elif act == "stop":
            stop(name)
        elif act == "restart":
            if name != "nginx" or Path("/run/nginx.pid").exists():
                stop(name)
            start(name)
        elif act == "reload":
            debian(name, "reload")
        elif act == "is-active":
            if not process_of(name):
                sys.exit(f"{name}: inactive\n" + (LOGS / f"{name}.log").read_text()[-3000:])
            print("active")


if __name__ == "__main__":
    main(sys.argv[1:])
