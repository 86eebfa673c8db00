"""Closing a backup for who holds a private key, by age or by gpg: the machine itself cannot open it again.

A recipient is an age or SSH key (« age1… », « ssh-ed25519 … »), a file of such keys, a file that holds a public PGP
key, or whatever gpg knows a key by (an address, a fingerprint).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from solidarites.backups import BackupError

AGE, GPG = "age", "gpg"
PACKAGES = {AGE: "age", GPG: "gnupg"}


def program_for(recipient: str) -> str:
    return AGE if recipient.startswith(("age1", "ssh-")) or _is_age_file(recipient) else GPG


def _is_age_file(recipient: str) -> bool:
    path = Path(recipient)
    if not path.is_file():
        return False
    lines = path.read_bytes()[:10_000].splitlines()
    return any(line.startswith((b"age1", b"ssh-")) for line in lines)


def encrypt(source: Path, target: Path, recipient: str) -> None:
    """Errors: BackupError when the program is missing or refuses the recipient; nothing is then written in clear."""
    program, is_file = program_for(recipient), Path(recipient).is_file()
    if program == AGE:
        whom = ["--recipients-file" if is_file else "--recipient", recipient]
        command = [AGE, "--encrypt", *whom, "--output", str(target), str(source)]
    else:
        whom = ["--recipient-file" if is_file else "--recipient", recipient]
        quiet = ["--batch", "--yes", "--quiet", "--no-tty", "--trust-model", "always"]
        command = [GPG, *quiet, *whom, "--output", str(target), "--encrypt", str(source)]
    _run(command, f"Le chiffrement pour « {recipient[:60]} » a échoué")


def program_of(path: Path) -> str:
    """Which program closed this file; empty when it is in clear."""
    with path.open("rb") as stream:
        start = stream.read(64)
    if start.startswith((b"age-encryption.org/", b"-----BEGIN AGE")):
        return AGE
    if path.suffix in (".gpg", ".pgp", ".asc") or start.startswith(b"-----BEGIN PGP"):
        return GPG
    return ""


def decrypt(source: Path, target: Path, identity: str) -> None:
    """Open it with the private key: the file ``identity`` for age, gpg's own keyring otherwise (it may ask a word)."""
    if program_of(source) == AGE:
        if not identity:
            raise BackupError(
                "Cette sauvegarde est chiffrée par age : donnez le fichier de la clé privée (IDENTITY=… avec make, "
                "--identity sinon). Rien n’est changé."
            )
        command = [AGE, "--decrypt", "--identity", identity, "--output", str(target), str(source)]
    else:
        alone = [] if sys.stdin.isatty() else ["--batch", "--no-tty"]
        command = [GPG, *alone, "--yes", "--quiet", "--output", str(target), "--decrypt", str(source)]
    _run(command, "La sauvegarde n’a pas pu être déchiffrée, rien n’est changé")


def _run(command: list[str], failed: str) -> None:
    environment = dict(os.environ)
    if sys.stdin.isatty():
        environment["GPG_TTY"] = os.ttyname(sys.stdin.fileno())
    try:
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    except FileNotFoundError as error:
        package = PACKAGES[command[0]]
        raise BackupError(
            f"« {command[0]} » manque sur cette machine (sudo apt install {package}). Rien n’est écrit en clair à la "
            "place."
        ) from error
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise BackupError(f"{failed} : {said}")
