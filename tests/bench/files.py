"""Measure what uploads cost those who talk, and how fast a file is downloaded: `python tests/bench/files.py`.

Rounds of a ward that talks, without and with 20 uploads of 20 MB at a time beside it, on a server of their own; then a
file of 20 MB from Careline and, where there is nginx, the same from nginx on the same machine. Exit status 1 where
memory grows by 32 MB, acks take more than twice as long at the 99th percentile, or a download is less than half as
fast.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.servers import CARELINE, Running
from tests.bench.workloads import CHATS, load

UPLOADS: Final = 20
SIZE: Final = 20_000_000
DOWNLOADS: Final = 20
MOST_GROWTH: Final = 32_000_000  # bytes
MOST_RATIO: Final = 2.0
LEAST_SPEED: Final = 0.5
CONFIGURATION: Final = """daemon off; pid {folder}/pid; worker_processes 1; error_log {folder}/error;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def memory(pid: int) -> int:
    """Give the bytes that a process holds, but for what is in files."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


@contextmanager
def uploading(target: Running) -> Iterator[list[int]]:
    """Have files uploaded all the time; give the list of the server's memory, looked at again and again."""
    over, held = threading.Event(), [memory(target.pid)]

    def upload(number: int) -> None:
        body = bytearray(os.urandom(SIZE))
        while not over.is_set():
            body[:8] = (time.monotonic_ns() + number).to_bytes(8)
            with closing(http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)) as line:
                line.request("POST", "/api/files", body, {"Content-Type": "video/mp4"})
                answer = line.getresponse()
                if answer.status != 201:
                    raise SystemExit(f"an upload was refused: {answer.status} {answer.read().decode()}")

    threads = [threading.Thread(target=upload, args=(number,), daemon=True) for number in range(UPLOADS)]

    def look() -> None:
        while not over.wait(0.05):
            held.append(memory(target.pid))

    threads.append(threading.Thread(target=look, daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield held
    finally:
        over.set()
        for thread in threads:
            thread.join()


def download(port: int, path: str) -> float:
    """Give the bytes a second at which the file comes, at best."""
    buffer, best = bytearray(1 << 20), 0.0
    for _ in range(DOWNLOADS):
        with socket.create_connection(("127.0.0.1", port)) as line:
            began, left = time.perf_counter(), SIZE
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            while size := line.recv_into(buffer):
                left -= size
            if left > 0:
                raise SystemExit("a download was not whole")
            best = max(best, SIZE / (time.perf_counter() - began))
    return best


@contextmanager
def nginx(root: Path) -> Iterator[int]:
    """Serve a folder; give the port."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, port=port, root=root))
        Path(folder).chmod(0o711)
        process = subprocess.Popen(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


def talks(rounds: int, seconds: float) -> bool:
    """Measure the ward; tell whether it is within the bounds."""
    ratios, growth = [], 0
    for number in range(rounds):
        with servers.running(CARELINE) as target:
            alone = load(target, CHATS["ward"], seconds)["ack_p99_ms"]
        with servers.running(CARELINE) as target:
            load(target, CHATS["ward"], seconds)
            before = memory(target.pid)
            with uploading(target) as held:
                beside = load(target, CHATS["ward"], seconds)["ack_p99_ms"]
        ratios.append(beside / alone)
        growth = max(growth, max(held) - before)
        sys.stdout.write(f"round {number + 1}: ack p99 {alone:.1f} ms, beside uploads {beside:.1f} ms\n")
    ratio = statistics.median(ratios)
    sys.stdout.write(f"ack p99 {ratio:.2f} times as long, memory grows by {growth / 1e6:.1f} MB\n")
    return ratio <= MOST_RATIO and growth < MOST_GROWTH


def downloads() -> bool:
    """Measure downloads; tell whether they are fast enough."""
    with servers.running(CARELINE) as target, tempfile.TemporaryDirectory() as folder:
        body = os.urandom(SIZE)
        (Path(folder) / "file").write_bytes(body)
        Path(folder).chmod(0o755)
        with closing(http.client.HTTPConnection("127.0.0.1", target.port)) as line:
            line.request("POST", "/api/files", body)
            url = json.loads(line.getresponse().read())["url"]
        own = download(target.port, url)
        if shutil.which("nginx") is None:
            sys.stdout.write(f"download {own / 1e6:,.0f} MB/s; there is no nginx to compare it with\n")
            return True
        with nginx(Path(folder)) as port:
            other = download(port, "/file")
    sys.stdout.write(f"download {own / 1e6:,.0f} MB/s, nginx {other / 1e6:,.0f} MB/s: {own / other:.2f} times\n")
    return own >= LEAST_SPEED * other


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure uploads beside a ward that talks, and downloads.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="timed part of each run (default 5)")
    options = parser.parse_args()
    servers.allow_many_files()
    servers.build_programs()
    return 0 if all([talks(options.rounds, options.seconds), downloads()]) else 1


if __name__ == "__main__":
    sys.exit(main())
