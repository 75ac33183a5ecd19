"""The connection to Temporal, and what a namespace must have before we use it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client, Interceptor
from temporalio.common import HeaderCodecBehavior, SearchAttributeKey
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import GrpcCompression, RPCError

from adapters.keysets import AeadKeyset
from adapters.temporal.converter import data_converter

DEFAULT_ADDRESS = "127.0.0.1:7233"
DEFAULT_NAMESPACE = "default"


async def connect(
    keyset: AeadKeyset,
    *,
    environment: Mapping[str, str] | None = None,
    identity: str | None = None,
    interceptors: Sequence[Interceptor] = (),
    lazy: bool = False,
    runtime: Runtime | None = None,
) -> Client:
    """Connect as TEMPORAL_* variables and profiles say; `environment` stands in for the process's.

    A lazy client connects on first use, and tries again on each use until that succeeds.
    """
    config = ClientConfig.load_client_connect_config(
        override_env_vars=None if environment is None else dict(environment)
    )
    config.setdefault("target_host", DEFAULT_ADDRESS)
    namespace = config.setdefault("namespace", DEFAULT_NAMESPACE)
    return await Client.connect(
        **config,
        data_converter=data_converter(keyset, namespace),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        # What is encrypted does not compress.
        grpc_compression=GrpcCompression.NONE,
        identity=identity,
        interceptors=interceptors,
        lazy=lazy,
        runtime=runtime,
    )


async def ensure_search_attributes(
    client: Client, keys: Iterable[SearchAttributeKey[Any]]
) -> tuple[str, ...]:
    """Register those that the namespace lacks, and name them; ValueError when a type differs.

    A self-hosted cluster may need a minute until its frontends know new ones.
    """
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys}
    missing = await _missing(client, wanted)
    if not missing:
        return ()
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
    try:
        await client.operator_service.add_search_attributes(request, retry=True)
    except RPCError:
        # Another process may have registered them since we looked.
        if await _missing(client, wanted):
            raise
    return tuple(missing)


async def _missing(
    client: Client, wanted: Mapping[str, IndexedValueType.ValueType]
) -> dict[str, IndexedValueType.ValueType]:
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), retry=True
    )
    present = answer.custom_attributes
    for name, kind in wanted.items():
        if present.get(name, kind) != kind:
            found = IndexedValueType.Name(present[name])
            raise ValueError(f"search attribute {name} is registered as {found}")
    return {name: kind for name, kind in wanted.items() if name not in present}
