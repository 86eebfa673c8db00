"""The steps of scripts/try_install.sh: a Debian that has nothing, and the commands of the documents alone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.trial.page import PAGE, ROOT, Block, blocks

FOLDER = Path(os.environ.get("TRY_DIR", ROOT / "var" / "try_install")).resolve()
SITE = "solidarites.mon-bailleur.fr"
CODE = "/srv/solidarites.git"
ADMINISTRATOR = {
    "FIRST_ADMIN_EMAIL": "admin@exemple.fr",
    "FIRST_ADMIN_FIRST_NAME": "Claire",
    "FIRST_ADMIN_LAST_NAME": "Essai",
    "FIRST_ADMIN_PASSWORD": "un-chemin-sous-les-tilleuls",
}
# What a machine says of where packages come from, and of who vouches for it: taken over as it is, never written here.
PASSED = re.compile(r"PIP_.*|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|.*_proxy|.*_PROXY")
# The machine's own authority, if it has one, is among these; the root's are written anew as apt installs its own.
TRUSTED, TRUSTED_INSIDE = "/etc/ssl/certs/ca-certificates.crt", "/usr/local/share/trusted.pem"


def say(text: str) -> None:
    print(text, flush=True)


def host(*command: str | Path) -> str:
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


# The root ------------------------------------------------------------------------------------------------


def root() -> Path:
    """A minimal Debian 12, made once; the machine's own settings of apt and pip come with it."""
    base = FOLDER / "base"
    if not (base / "etc" / "debian_version").exists() or not (FOLDER / "base.made").exists():
        say("Debian 12, minimal : debootstrap")
        shutil.rmtree(base, ignore_errors=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        mirror = os.environ.get("DEBIAN_MIRROR", "")
        host("debootstrap", "--variant=minbase", "bookworm", base, *([mirror] if mirror else []))
        (FOLDER / "base.made").touch()
    copied = [*Path("/etc/apt/apt.conf.d").glob("99*"), Path("/etc/pip.conf"), *Path("/etc/xdg/pip").glob("*")]
    copied += [Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"]
    copied += [Path(TRUSTED), Path("/etc/resolv.conf")]
    for path, inside in [*((path, path) for path in copied), (Path(TRUSTED), Path(TRUSTED_INSIDE))]:
        if path.exists():
            target = base / inside.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return base


def indexes() -> list[str]:
    """Folders of this machine that pip reads packages from."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    words = re.findall(r"(?:file://|(?<=[' =]))(/[^\s']+)", said.stdout)
    tops = {str(Path(*Path(word).parts[:3])) for word in words if Path(word).is_dir()}
    return sorted(tops)


def fresh(name: str) -> Path:
    """A copy of the root, in which nothing was done yet."""
    base, copy = root(), FOLDER / name
    shutil.rmtree(copy, ignore_errors=True)
    host("cp", "--archive", base, copy)
    # As on a machine without systemd: apt starts no service by itself.
    (copy / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (copy / "usr/sbin/policy-rc.d").chmod(0o755)
    return copy


class Inside:
    """What runs in the root; with a network, or with the loopback alone, where the page's ports are free."""

    def __init__(self, root: Path, holder: int, alone: bool) -> None:
        self.root, self.holder, self.alone = root, holder, alone

    def run(self, script: str, *, log: Path, env: dict[str, str] | None = None, check: bool = True) -> int:
        environment = {
            name: TRUSTED_INSIDE if value == TRUSTED else value
            for name, value in os.environ.items()
            if PASSED.fullmatch(name)
        }
        environment |= {
            "HOME": str(Path.home()),
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        environment |= {"TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
        command = ["nsenter", "--target", str(self.holder), "--mount", "--pid", *(["--net"] if self.alone else [])]
        command += ["chroot", str(self.root), "env", "-i", *(f"{key}={value}" for key, value in environment.items())]
        with log.open("ab") as stream:
            stream.write(f"\n$ {script}\n".encode())
            stream.flush()
            done = subprocess.run(
                [*command, "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
            )
        if check and done.returncode:
            sys.exit(f"Échec ({done.returncode}) :\n{script}\n--- {log}\n{log.read_text(errors='replace')[-4000:]}")
        return done.returncode


@contextmanager
def inside(root: Path, alone: bool) -> Iterator[Inside]:
    """Namespaces of its own: what is mounted and started there ends with the block."""
    binds = [f"mkdir -p {root}{path} && mount --bind -o ro {path} {root}{path}" for path in indexes()]
    lines = [
        f"mount --bind {root} {root}",
        f"mount -t proc proc {root}/proc",
        f"mount --bind /dev {root}/dev",
        f"mount --bind /dev/pts {root}/dev/pts",
        f"mount -t tmpfs tmpfs {root}/dev/shm",
        f"mount -t tmpfs tmpfs {root}/run",
        *binds,
        *(["ip link set lo up"] if alone else []),
        "echo prêt",
        "exec sleep infinity",
    ]
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    command += [*(["--net"] if alone else []), "sh", "-ec", "\n".join(lines)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            if holder.stdout.readline().strip() != "prêt":
                sys.exit("La racine ne s'ouvre pas (il faut être root, et des espaces de noms).")
            children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
            yield Inside(root, int(children[0]), alone)
        finally:
            holder.kill()


# The page ------------------------------------------------------------------------------------------------


class Typist:
    """Types the page's blocks, in its order, in one window: the values stay, and the folder."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.left = [one for one in blocks() if one.reason]
        todo = [one for one in blocks() if not one.reason]
        self.values = todo[0].text
        self.wished = re.sub(r"^DEPOT=.*$", f"DEPOT={CODE}", self.values, flags=re.MULTILINE)
        assert self.wished != self.values, "the first block gives DEPOT"
        assert f"SITE={SITE}\n" in self.values, "the first block gives SITE"
        # Up to the libraries, packages are fetched; afterwards the machine is alone, and all its ports are free.
        split = next(number for number, one in enumerate(todo) if "make venv" in one.text) + 1
        self.fetching, self.alone = todo[:split], todo[split:]

    def type_in(self, place: Inside, block: Block) -> None:
        assert block.text in PAGE.read_text(), "only what is on the page"
        say(f"  {block.heading} | {block.text.strip().splitlines()[0][:70]}")
        given = ADMINISTRATOR if "first_admin" in block.text else {}
        before = f'set -euo pipefail\ncd "$(cat /srv/dossier)"\n{self.wished}'
        text = self.wished if block.text == self.values else block.text
        place.run(f"{before}\n{text}\npwd > /srv/dossier", log=self.log, env=given)


def push(copy: Path) -> None:
    """The code of this commit, in the root's own repository."""
    host("git", "-C", ROOT, "push", "--quiet", "--force", f"{copy}{CODE}", "HEAD:refs/heads/main")


def packages() -> None:
    """docs/installer.md up to the libraries; kept for « team »."""
    typist = Typist(FOLDER / "packages.log")
    typist.log.unlink(missing_ok=True)
    (FOLDER / "packages.made").unlink(missing_ok=True)
    copy = fresh("packages")
    host("git", "init", "--quiet", "--bare", "--initial-branch=main", f"{copy}{CODE}")
    push(copy)
    (copy / "srv/dossier").write_text("/\n")
    with inside(copy, alone=False) as place:
        for block in typist.fetching:
            typist.type_in(place, block)
    (FOLDER / "packages.made").touch()


def team() -> None:
    """The rest of docs/installer.md, block by block, and what its section 9 says to do in a browser."""
    began = time.monotonic()
    typist = Typist(FOLDER / "team.log")
    typist.log.unlink(missing_ok=True)
    if not (FOLDER / "packages.made").exists():
        packages()
    copy = FOLDER / "team"
    shutil.rmtree(copy, ignore_errors=True)
    host("cp", "--archive", FOLDER / "packages", copy)
    push(copy)
    # The packages may have been fetched before this commit.
    host("git", "-C", copy / "opt/solidarites", "fetch", "--quiet", f"{copy}{CODE}", "main")
    host("git", "-C", copy / "opt/solidarites", "reset", "--quiet", "--hard", "FETCH_HEAD")
    (copy / "etc/hosts").write_text(f"127.0.0.1 localhost {SITE}\n")
    shim = copy / "usr/local/sbin/systemctl"
    shutil.copyfile(ROOT / "scripts/trial/systemctl.py", shim)
    shim.chmod(0o755)
    # This machine's own PostgreSQL may have held the port while apt made the root's.
    for path in (copy / "etc/postgresql").glob("*/main/postgresql.conf"):
        path.write_text(re.sub(r"^port = \d+", "port = 5432", path.read_text(), flags=re.MULTILINE))
    with inside(copy, alone=True) as place:
        # On a real Debian apt has started them.
        place.run("for one in postgresql redis-server nginx; do systemctl start $one; done", log=typist.log)
        for block in typist.alone:
            typist.type_in(place, block)
            if "first_admin" in block.text:
                first_call(place, typist.log)
        verify(place, typist.log)
    for block in typist.left:
        say(f"  pas essayé ({block.reason}) : {block.heading}")
    tried, took = len(typist.fetching) + len(typist.alone), time.monotonic() - began
    say(f"Une équipe : {tried} blocs lancés, {len(typist.left)} marqués ; {took:.0f} s ; {typist.log}")


def first_call(place: Inside, log: Path) -> None:
    """Section 9, over HTTPS through nginx; then the call is looked for in the database."""
    python = "/opt/solidarites/.venv/bin/python"
    driver = log.with_name("first_call.log")
    driver.unlink(missing_ok=True)
    words = [
        f"https://{SITE}",
        "/etc/solidarites/tls/cert.pem",
        ADMINISTRATOR["FIRST_ADMIN_EMAIL"],
        ADMINISTRATOR["FIRST_ADMIN_PASSWORD"],
        "/opt/solidarites/tenants/tests/samples/agence-gironde.csv",
    ]
    # As root: the certificate's folder is root's; nothing of the application runs here.
    place.run(f"{python} -B /opt/solidarites/scripts/trial/first_call.py {shlex.join(words)}", log=driver)
    say(driver.read_text().split("\n", 2)[2].rstrip())
    case = driver.read_text().split()[-1]
    found = (
        "select count(*) from campaigns_call c join solidarites_user u on u.id = c.volunteer_id "
        f"where c.case_id = {int(case)} and c.state = 'recorded' and u.email = 'zoe.marin@exemple.fr'"
    )
    place.run(f'test "$(runuser -u postgres -- psql -d solidarites -Atc "{found}")" = 1', log=log)
    say("  l'appel est dans la base")


def verify(place: Inside, log: Path) -> None:
    """After the page's own update: the call is still there, nothing secret is in nginx's log, rights are closed."""
    place.run(
        'test "$(runuser -u postgres -- psql -d solidarites -Atc "select count(*) from campaigns_call")" = 1', log=log
    )
    place.run(
        "test -s /var/log/nginx/solidarites.log && ! grep -E 'invitation/.|[?]' /var/log/nginx/solidarites.log", log=log
    )
    place.run(
        "! runuser -u nobody -- ls /var/lib/solidarites && ! runuser -u nobody -- cat /opt/solidarites/.env", log=log
    )
    # What one asks nginx as a stranger: http leads to https; too large is said in French, by nginx itself.
    place.run(f'test "$(curl -s -o /dev/null -w "%{{http_code}}" http://{SITE}/)" = 301', log=log)
    too_large = "head -c 107000000 /dev/zero | curl -sk --data-binary @- https://" + SITE + "/connexion/"
    place.run(f"{too_large} | grep -q 'Cet envoi est trop volumineux'", log=log)
    place.run("systemctl stop solidarites.target", log=log)
    place.run(f"curl -sk https://{SITE}/ | grep -q 'La plateforme ne répond pas'", log=log)
    place.run(f"curl -sk https://{SITE}/_nginx/page.css | grep -q body", log=log)
    say("  après la mise à jour : appel, journal de nginx, droits, pages de nginx")
    analyse()


def analyse() -> None:
    """systemd's own opinion of the units, where it is installed (here, not in the root)."""
    program = shutil.which("systemd-analyze")
    if program is None:
        say("  systemd-analyze n'est pas sur cette machine : unités non relues par lui")
        return
    units = sorted((ROOT / "deploy/systemd").glob("solidarites*"))
    done = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
    # The programs they start are in the root.
    wrong = [line for line in done.stderr.splitlines() if "solidarites" in line and "is not executable" not in line]
    if wrong:
        sys.exit("\n".join(wrong))
    say(f"  systemd-analyze verify : {len(units)} unités")


# The README ------------------------------------------------------------------------------------------------


def bare(log: Path) -> Path:
    """The code in a root where python3, python3-venv and make were installed, nothing else."""
    copy = fresh(log.stem)
    log.unlink(missing_ok=True)
    (copy / "etc/hosts").write_text("127.0.0.1 localhost\n")
    code = copy / "srv/solidarites"
    code.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(code)], input=archive.stdout, check=True)
    with inside(copy, alone=False) as place:
        install = "apt-get update && apt-get install --yes --no-install-recommends"
        place.run(f"{install} python3 python3-venv make", log=log)
    return copy


def of_the_readme(command: str) -> str:
    assert re.search(rf"^{command}\b", (ROOT / "README.md").read_text(), re.MULTILINE), "a command of the README"
    return f"cd /srv/solidarites && {command}"


def demo() -> None:
    """The README's first command, as anybody, until the first page answers."""
    log = FOLDER / "demo.log"
    copy = bare(log)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with inside(copy, alone=False) as place:
        place.run("useradd --create-home essai && chown -R essai: /srv/solidarites", log=log)
        say("README : make demo")
        began = time.monotonic()
        quoted = shlex.quote(of_the_readme("make demo"))
        place.run(f"(setsid runuser -u essai -- sh -c {quoted} > /srv/demo.log 2>&1 &)", log=log, env={"PORT": port})
        for door, what in ((shows, "première page"), (answers, "page de connexion")):
            while not door(port):
                if time.monotonic() - began > 1200:
                    sys.exit("make demo ne répond pas :\n" + (copy / "srv/demo.log").read_text()[-3000:])
                time.sleep(0.5)
            say(f"  {what} en {time.monotonic() - began:.0f} s, bibliothèques comprises")


def tests() -> None:
    """The README's second command, by root, who lets it install what it lacks; TRY_PYTEST_ARGS limits the tests."""
    log = FOLDER / "tests.log"
    copy = bare(log)
    chosen = os.environ.get("TRY_PYTEST_ARGS", "tests/house/test_repository.py")
    say(f"README : make test, limité à PYTEST_ARGS={chosen}")
    with inside(copy, alone=False) as place:
        began = time.monotonic()
        place.run(of_the_readme("make test"), log=log, env={"PYTEST_ARGS": chosen, "PYTEST_WORKERS": "2"})
        say(f"  make test en {time.monotonic() - began:.0f} s")


def answers(port: str) -> bool:
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{port}/connexion/", timeout=5) as page:
            return b"Solidarit" in page.read()
    except OSError:
        return False


def shows(port: str) -> bool:
    """A browser sees something: the page of the preparation, or the application already."""
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"}), timeout=5) as page:
            return b"Solidarit" in page.read()
    except OSError:
        return False


STEPS = {"root": root, "packages": packages, "team": team, "demo": demo, "tests": tests}


def main(names: list[str]) -> None:
    if os.geteuid() != 0:
        sys.exit("L'essai d'installation se lance par root : il fait une racine et des espaces de noms.")
    if not shutil.which("debootstrap"):
        host("apt-get", "install", "--yes", "--quiet", "debootstrap")
    if unknown := set(names) - set(STEPS):
        sys.exit(f"Étapes : {', '.join(STEPS)} ; pas {', '.join(unknown)}.")
    for name in names or STEPS:
        STEPS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
