"""The adapter against the simulator, as tests/adapters/midtrans sets them up."""

from tests.adapters.midtrans.conftest import (
    attempt,
    authority,
    ca_file,
    certificate,
    charge,
    gateway,
    options,
    payment_request,
    running_simulator,
    simulator,
    wanted,
)

__all__ = [
    "attempt",
    "authority",
    "ca_file",
    "certificate",
    "charge",
    "gateway",
    "options",
    "payment_request",
    "running_simulator",
    "simulator",
    "wanted",
]
