"""What the installation keeps is for its own user alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings

from solidarites import file_modes


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_an_older_version_left_open_is_closed_and_the_rest_untouched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    folder = tmp_path / "var"
    (folder / "uploads").mkdir(parents=True)
    base, program, link = folder / "base.sqlite3", folder / "uploads" / "run", folder / "link"
    for path, was in ((base, 0o644), (program, 0o755)):
        path.write_text("x")
        path.chmod(was)
    for path in (folder, folder / "uploads"):
        path.chmod(0o755)
    link.symlink_to(outside)
    file_modes.mend(folder)
    assert [mode(path) for path in (folder, folder / "uploads", base, program)] == [0o700, 0o700, 0o600, 0o700]
    assert mode(outside) == 0o644


def test_every_process_writes_for_its_own_user_and_in_var_dir(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    script = (
        "import tempfile, django; django.setup()\n"
        "from django.conf import settings\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage, storages\n"
        "from django.db import connection\n"
        "connection.cursor().execute('CREATE TABLE t (x integer)')\n"
        "default_storage.save('a/list.csv', ContentFile(b'x'))\n"
        "storages['staticfiles'].save('a/s.css', ContentFile(b'x'))\n"
        "open(settings.VAR_DIR / 'any', 'w').close()\n"
        "print(tempfile.gettempdir())\n"
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("TMPDIR", "DATABASE_URL")}
    environment = {**kept, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "solidarites.settings"}
    told = subprocess.run(
        ["sh", "-c", 'umask 022; exec "$0" -c "$1"', sys.executable, script],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(folder / "tmp")
    made = [folder, *folder.rglob("*")]
    assert {"solidarites.sqlite3", "list.csv", "s.css", "any", "secret_key.txt", "tmp"} <= {path.name for path in made}
    assert [path for path in made if mode(path) != (0o700 if path.is_dir() else 0o600)] == []


def test_what_a_killed_process_left_in_the_temporary_folder_goes_after_a_day(tmp_path: Path) -> None:
    old, recent = tmp_path / "old.upload", tmp_path / "recent.upload"
    for path in (old, recent):
        path.write_text("x")
    os.utime(old, (time.time() - file_modes.LEFT_OVER - 1,) * 2)
    file_modes.forget_left_overs(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["recent.upload"]
