"""Run the servers until killed: `python -m tests.local_stack.launcher STATE_DIR`."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from local_stack.certificates import local_certificates
from local_stack.mail_catcher import run_mail_catcher
from local_stack.ports import Ports
from local_stack.postgres import run_postgres
from local_stack.temporal import TemporalOptions, TemporalPorts, run_temporal


async def launch(state_dir: Path) -> None:
    ports = Ports()
    temporal_ports = TemporalPorts(ports.choose(), ports.choose(), ports.choose(), ports.choose())
    certificates = local_certificates(state_dir)
    async with (
        run_postgres(state_dir, port=ports.choose()) as postgres,
        run_temporal(state_dir, ports=temporal_ports, options=TemporalOptions()) as temporal,
        run_mail_catcher(state_dir, port=ports.choose(), certificates=certificates) as mail,
    ):
        url = await postgres.create_database("shop")
        pids = [child.pid for child in (postgres.child, temporal.child, mail.child)]
        sys.stdout.write(json.dumps({"pids": pids, "database": url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(launch(Path(sys.argv[1])))
