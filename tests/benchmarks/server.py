"""Many clients at the same time, and the memory after many requests, for the results in full.

    python tests/benchmarks/server.py MODEL --source test.de --target en [--clients 50] [--long 23]

Starts ``translator serve MODEL`` and sends it lines of the file, each client one after the other over one
connection: for so many seconds, then, with ``--requests 100000``, so many requests while the resident memory
of the server is read from ``/proc``. Every tenth request asks for alternatives and every tenth for attention.
With ``--long 23`` every 23rd is a single line of 3,900 characters, and the times of these are given apart.
Prints JSON.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LONG_BODY = 3000  # bytes


def started(model: str) -> tuple[subprocess.Popen[str], int]:
    """Starts the server; returns its process and port once it serves."""
    command = [sys.executable, "-m", "translator", "serve", model, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("serving at "):
            return process, int(line.split(":")[2].split(";")[0])
    raise SystemExit("the server did not start")


def bodies(lines: list[str], target: str, long_every: int) -> Iterator[tuple[str, bytes]]:
    """Yields requests without end: path and body."""
    long = " ".join(itertools.islice(itertools.cycle(lines), 3900))[:3900]
    for number, line in enumerate(itertools.cycle(lines)):
        is_long = long_every and number % long_every == long_every - 1
        body: dict[str, Any] = {"q": long if is_long else line, "source": "auto", "target": target}
        if number % 10 == 0:
            body["alternatives"] = 3
        yield "/attention" if number % 10 == 5 else "/translate", json.dumps(body).encode()


async def call(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str, body: bytes) -> int:
    """Sends one request and returns its status."""
    reader, writer = connection
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(answer.split("content-length: ")[1].split("\r\n")[0])
    await reader.readexactly(length)
    return int(answer.split()[1])


async def load(
    port: int, clients: int, requests: Iterator[tuple[str, bytes]], goes_on: Callable[[int], bool]
) -> tuple[list[float], list[float], Counter[int], float]:
    """Sends requests; returns the seconds of each short and long one, the statuses, the seconds of all."""
    seconds: list[float] = []
    long_seconds: list[float] = []
    statuses: Counter[int] = Counter()
    begun = itertools.count()

    async def client() -> None:
        connection = await asyncio.open_connection("127.0.0.1", port)
        while goes_on(next(begun)):
            start = time.perf_counter()
            path, body = next(requests)
            statuses[await call(connection, path, body)] += 1
            (long_seconds if len(body) > LONG_BODY else seconds).append(time.perf_counter() - start)
        connection[1].close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return seconds, long_seconds, statuses, time.perf_counter() - start


def megabytes(process: subprocess.Popen[str]) -> float:
    """Returns the resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """Returns the CPU time of all threads of a process, which is comparable even on a shared machine."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures(
    seconds: list[float], long_seconds: list[float], statuses: Counter[int], wall: float
) -> dict[str, Any]:
    if wrong := statuses.keys() - {200, 429}:
        raise SystemExit(f"the server answered {sorted(wrong)}: {dict(statuses)}")
    found = {
        "requests": len(seconds) + len(long_seconds),
        "statuses": dict(statuses),
        "requests_a_second": round((len(seconds) + len(long_seconds)) / wall, 1),
        **percentiles(seconds),
    }
    return found | {"long": percentiles(long_seconds)} if long_seconds else found


def percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p95_ms": round(1000 * ordered[int(0.95 * len(ordered))], 1),
        "p99_ms": round(1000 * ordered[int(0.99 * len(ordered))], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True, help="the language that the model writes")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--long", type=int, default=0)
    options = parser.parse_args()
    lines = [line for line in Path(options.source).read_text(encoding="utf-8").splitlines() if line.strip()]
    requests = bodies(lines, options.target, options.long)
    process, port = started(options.model)
    try:
        asyncio.run(load(port, options.clients, requests, lambda number: number < 500))  # warm
        before, end = cpu_seconds(process), time.perf_counter() + options.seconds
        found = figures(
            *asyncio.run(load(port, options.clients, requests, lambda _: time.perf_counter() < end))
        )
        found["server_cpu_seconds"] = round(cpu_seconds(process) - before, 1)
        result: dict[str, Any] = {"load": os.getloadavg(), "clients": options.clients, "timed": found}
        if options.requests:
            memory = {0: megabytes(process)}

            def goes_on(number: int) -> bool:
                if number % (options.requests // 20) == 0:
                    memory[number] = megabytes(process)
                    print(number, memory[number], file=sys.stderr, flush=True)
                return number < options.requests

            run = asyncio.run(load(port, options.clients, requests, goes_on))
            result |= {"memory_run": figures(*run), "megabytes": memory}
        print(json.dumps(result, indent=2))
    finally:
        process.terminate()
        process.wait()
    print(f"exit status of the server: {process.returncode}", file=sys.stderr)


if __name__ == "__main__":
    main()
