"""Temporal namespaces of their own, for tests that must find nothing of others."""

import secrets
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from tink.aead import Aead

from adapters.temporal.converter import data_converter

A_WEEK = timedelta(days=7)


async def namespace_of_its_own(
    client: Client, aead: Aead | None = None, retention: timedelta = A_WEEK
) -> Client:
    """A client of a new namespace on the same server; with `aead` its payloads are sealed.

    The call is repeated, for a busy server turns one away now and then; a repetition whose
    forerunner did arrive finds the namespace there.
    """
    namespace = f"own-{secrets.token_hex(6)}"
    period = Duration()
    period.FromTimedelta(retention)
    request = RegisterNamespaceRequest(
        namespace=namespace, workflow_execution_retention_period=period
    )
    try:
        await client.workflow_service.register_namespace(request, retry=True)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    config = client.config()
    config["namespace"] = namespace
    if aead is not None:
        config["data_converter"] = data_converter(aead, namespace)
    return Client(**config)
