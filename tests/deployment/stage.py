"""The commands of docker-compose.yml, run on this machine as they are written.

What is exchanged: the containers' addresses and paths for those of this machine.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import Child, Program, running
from tests.deployment.compose import Service, services

# Where each process is told to listen, and where it does when it is told nothing.
LISTENING = {
    "api": ("PAYMENTS_API_PORT", 8080),
    "bridge": ("PAYMENTS_BRIDGE_PORT", 8081),
    "codec-server": ("PAYMENTS_CODEC_PORT", 8082),
    "worker-payments": ("PAYMENTS_WORKER_PORT", 8083),
    "worker-documents": ("PAYMENTS_WORKER_PORT", 8083),
}
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
JOB_WAIT = timedelta(minutes=3)
HEALTH_WAIT = timedelta(minutes=3)
DRAIN_WAIT = timedelta(seconds=20)


@dataclass
class Stage:
    """`here` says what a name in the file is on this machine; `besides` is told to everybody."""

    state_dir: Path
    variables: Mapping[str, str]
    here: dict[str, str] = field(default_factory=dict)
    besides: dict[str, str] = field(default_factory=dict)
    listening: dict[str, int] = field(default_factory=dict)
    ports: Ports = field(default_factory=Ports)

    @property
    def logs(self) -> Path:
        return self.state_dir / "logs"

    def service(self, name: str) -> Service:
        return services(self.variables)[name]

    def translated(self, text: str) -> str:
        for there, here in self.here.items():
            text = text.replace(there, here)
        return text

    def program(self, name: str, *command: str) -> Program:
        """The service's command, or another one in the same place."""
        told = self.service(name).told
        # Nothing is said of the workers: theirs is the image's own.
        usual = told.get("command", ["python", "-m", "worker"])
        words: Sequence[object] = [*told.get("entrypoint", ()), *(command or usual)]
        return Program(
            name=name,
            command=[self.translated(str(word)) for word in words],
            environment={"PATH": PATH, **self._environment(name)},
            patience=DRAIN_WAIT,
        )

    async def finish(self, name: str, *command: str) -> str:
        """Run a job to its good end; what it said."""
        async with running(self.program(name, *command), self.logs) as child:
            await child.finish(JOB_WAIT)
            return child.said()

    @asynccontextmanager
    async def healthy(self, *names: str) -> AsyncIterator[dict[str, Child]]:
        """Run services for as long as the context lasts, which begins when all are healthy."""
        async with AsyncExitStack() as parts:
            children = {
                name: await parts.enter_async_context(running(self.program(name), self.logs))
                for name in names
            }
            for name, child in children.items():
                await child.wait_until(partial(self._is_healthy, name), HEALTH_WAIT)
            yield children

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.listening[name]}"

    async def _is_healthy(self, name: str) -> bool:
        """What the service's health check says, run as it is written."""
        _, usual = LISTENING[name]
        own = (f":{usual}/", f":{self.listening[name]}/")
        words = (self.translated(each) for each in self.service(name).health_command)
        check = await asyncio.create_subprocess_exec(
            *(word.replace(*own) for word in words),
            env={"PATH": PATH},
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await check.wait() == 0

    def _environment(self, name: str) -> dict[str, str]:
        told = self.service(name).environment
        given = {key: self.translated(value) for key, value in told.items() if value is not None}
        return {**given, **self.besides, **self._own_addresses(name, given)}

    def _own_addresses(self, name: str, given: Mapping[str, str]) -> dict[str, str]:
        """One machine has each port but once."""
        own = {}
        if "PAYMENTS_METRICS_ADDRESS" in given:
            own["PAYMENTS_METRICS_ADDRESS"] = f"{LOOPBACK}:{self.ports.choose()}"
        if name in LISTENING:
            port = self.listening.setdefault(name, self.ports.choose())
            own[LISTENING[name][0]] = str(port)
        return own
