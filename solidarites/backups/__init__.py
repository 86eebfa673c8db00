"""A copy of the whole database, and putting it back.

In the order of the data: ``sqlite`` and ``postgresql`` copy and replace a database · ``archive`` is the one file with
its manifest · ``encryption`` closes it for who holds a private key · ``saving`` makes a backup · ``replacing`` opens
one, checks it and puts it in the place of the base. What must then be set right for people (oppositions, purges,
mails) is the affair of ``campaigns.restoration``.
"""

from __future__ import annotations

import errno


class BackupError(Exception):
    """What went wrong, as one French line for who runs the command."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def of_the_system(error: OSError, what: str) -> BackupError:
    """An error of the disk, said so that one knows what to do."""
    if error.errno in NO_ROOM:
        return BackupError(f"{what} : plus de place sur le disque. Libérez de la place, puis recommencez.")
    return BackupError(f"{what} : {error.strerror or error} ({error.filename or 'disque'}).")
