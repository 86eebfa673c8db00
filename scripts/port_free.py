"""Says in one line that the port is taken, before anything is started."""

import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
    except OSError as error:
        sys.exit(f"Le port {port} de {host} n'est pas libre ({error.strerror}). Un autre : make demo PORT={port + 1}")
