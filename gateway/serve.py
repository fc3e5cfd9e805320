"""`make serve`, and the second half of `make demo`: the server and the worker side by side, until told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
BLOCKING_THREADS = 4
GRACE_SECONDS = 10.0
# glibc then gives the 19 MB that a password takes back at once, and does not keep a heap for every thread.
SPARING = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "2"}


def flask(*words: str, env: Mapping[str, str]) -> None:
    """Run a `flask --app wsgi` command to its end; if it fails, end with its exit code. It has said why."""
    code = subprocess.run([*FLASK, *words], cwd=ROOT, env=env, check=False).returncode
    if code:
        sys.exit(code)


def require_free(host: str, port: int) -> None:
    """End with a sentence if the port is taken or not ours to take."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"Port {port} of {host} cannot be used ({error.strerror}). Choose another with PORT=8001.")


def stop_when_told() -> None:
    """End in good order, without a traceback, on SIGINT and SIGTERM; exit code 0, as it was asked for."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def together(commands: Sequence[Sequence[str]], env: Mapping[str, str]) -> int:
    """Run the commands until one ends or we are told to stop; then stop all of them.

    Returns 1 if one ended by itself: without it the others are not the whole.
    """
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(subprocess.Popen(command, cwd=ROOT, env=env))
        while all(process.poll() is None for process in running):
            time.sleep(0.2)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _end(running)


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask every process to finish what it does; end those that take too long."""
    for process in running:
        process.terminate()
    until = time.monotonic() + GRACE_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(host: str, port: int, workers: int, env: Mapping[str, str]) -> int:
    """Serve `wsgi:app` with `workers` processes, and beside it the worker that sends mail and cleans up."""
    server = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(BLOCKING_THREADS)),
        *("--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "8", "wsgi:app"),
    ]
    return together([server, [*FLASK, "work"]], {**SPARING, **env})


def main() -> int:
    """Bring the database up to date, then serve on `HOST`, `PORT` with `WORKERS` processes."""
    stop_when_told()
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    workers = int(os.environ.get("WORKERS") or os.cpu_count() or 1)
    require_free(host, port)
    flask("migrate", env=os.environ)
    return run(host, port, workers, os.environ)


if __name__ == "__main__":
    sys.exit(main())
