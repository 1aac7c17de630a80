"""A receiver of hooks that does as little as it can: `good_receiver.py EVENTS`.

It prints its port. It refuses all until a line comes on standard input, then takes so many events, and prints the
seconds from the first to the last.
"""

import socket
import sys
import threading
import time

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

events = int(sys.argv[1])
is_open = threading.Event()


def wait() -> None:
    sys.stdin.readline()
    is_open.set()


def serve(link: socket.socket) -> None:
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    read, taken, first = b"", 0, 0.0
    while True:
        while b"\r\n\r\n" not in read:
            more = link.recv(65_536)
            if not more:
                return
            read += more
        head, _, read = read.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(read) < length:
            read += link.recv(65_536)
        read = read[length:]
        link.sendall(TAKEN if is_open.is_set() else REFUSED)
        if is_open.is_set():
            first = first or time.monotonic()
            taken += 1
            if taken == events:
                sys.stdout.write(f"{time.monotonic() - first}\n")
                sys.stdout.flush()


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=wait, daemon=True).start()
sys.stdout.write(f"{listening.getsockname()[1]}\n")
sys.stdout.flush()
while True:
    serve(listening.accept()[0])
