"""A shop with its worker and servers, each a process of its own, on real Kafka and Redis."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from redis.asyncio import Redis

from streams.clock import now_ms
from streams.embedded.process import free_port
from streams.sinks.tokens import Tokens
from tests.integration.worker.running import HERE, Setup
from tests.parts import eventually

ROOT = HERE.parents[2]


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Stage:
    """`servers` are base addresses, by the order of their `processes`; the second one is strict: few requests, one site by CORS."""

    setup: Setup
    redis_url: str
    token: str = ""
    servers: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self, **overrides: str) -> dict[str, str]:
        return self.setup.settings(**({"redis": self.redis_url, "rate_limit": "0"} | overrides))

    def run(self, *command: str, code: int = 0, **overrides: str) -> str:
        """Standard output of `gedrag …`."""
        done = subprocess.run(self._command(*command, **overrides), capture_output=True, text=True, cwd=self.setup.folder, timeout=60)
        assert done.returncode == code, f"exit status {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def new_token(self, name: str, lasts: int | None = None, scope: str = "read") -> str:
        """For `lasts` ms."""

        async def make() -> str:
            redis = Redis.from_url(self.redis_url)
            now = now_ms()
            made = await Tokens(redis, self.setup.names.app_id).create(name, scope, now, None if lasts is None else now + lasts)
            await redis.aclose()
            return made[1]

        return asyncio.run(make())

    def serve(self, **overrides: str) -> str:
        """Starts one more server; its base address."""
        port = free_port()
        log = self.log(port).open("ab")
        process = subprocess.Popen(
            self._command("serve", "--parts", "api", serve=f"127.0.0.1:{port}", **overrides), stdout=log, stderr=log, cwd=self.setup.folder,
            start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        base = f"http://127.0.0.1:{port}"
        self.servers.append(base)
        return base

    def ready(self, base: str) -> str:
        """Returns when the server is ready."""
        process, log = self.processes[self.servers.index(base)], self.log(base.rpartition(":")[2])

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return self.get("/health/ready", base=base).status == 200
            except OSError:
                return False

        eventually(ready, f"the server at {base} is ready")
        return base

    def log(self, port: int | str) -> Path:
        return self.setup.folder / f"serve-{port}.log"

    def get(self, path: str, token: str | None = None, base: str = "", method: str = "GET", headers: Any = None, **query: Any) -> Answer:
        """With the stage's own token unless another is given ("" = none)."""
        url = (base or self.servers[0]) + path + (f"?{urlencode(query)}" if query else "")
        token = self.token if token is None else token
        request = urllib.request.Request(url, method=method, headers=headers or {})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, body, found = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, body, found = error.code, error.read(), error.headers
        return Answer(status, json.loads(body) if body else None, {name.lower(): value for name, value in found.items()})

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGTERM)
        end = time.monotonic() + 20
        codes = [process.wait(max(0.1, end - time.monotonic())) for process in self.processes]
        assert set(codes) <= {0}, f"servers ended with {codes}"

    def _command(self, *command: str, **overrides: str) -> list[str]:
        line = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); from streams.cli.main import main; main()", *command]
        for key, value in self.settings(**overrides).items():
            line += ["--set", f"{key}={value}"]
        return line
