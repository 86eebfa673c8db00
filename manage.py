#!/usr/bin/env python3
"""Entry point of every administrative command."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

INTERRUPTED = 130  # as a shell says it of a command ended by Ctrl+C
READER_GONE = 141  # likewise of one whose reader left (« | head »)


def main() -> None:
    """Run one command; what a person can do about is one line, and no traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrompu. Ce qui était enregistré est gardé.\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Python flushes once more when it ends: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(READER_GONE)
    except OperationalError as error:
        sys.stderr.write(f"La base de données (DATABASE_URL) ne répond pas : {str(error).splitlines()[0]}\n")
        sys.exit(1)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
