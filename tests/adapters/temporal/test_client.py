from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.common import HeaderCodecBehavior, SearchAttributeKey
from temporalio.service import TLSConfig

from adapters.keysets import AeadKeyset
from adapters.temporal.client import connect, ensure_search_attributes
from adapters.temporal.codec import EncryptingCodec
from tests.adapters.temporal.conftest import Server
from workflows.names import SEARCH_ATTRIBUTES


async def test_without_configuration_it_is_the_local_server(
    keyset: AeadKeyset, tmp_path: Path
) -> None:
    client = await connect(keyset, environment=no_file(tmp_path), lazy=True)

    assert client.service_client.config.target_host == "127.0.0.1:7233"
    assert client.namespace == "default"
    assert client.config()["header_codec_behavior"] is HeaderCodecBehavior.CODEC


async def test_a_profile_names_server_namespace_and_certificates(
    keyset: AeadKeyset, tmp_path: Path
) -> None:
    (tmp_path / "cert.pem").write_bytes(b"certificate")
    (tmp_path / "key.pem").write_bytes(b"key")
    (tmp_path / "temporal.toml").write_text(
        f"""
        [profile.shop]
        address = "temporal.example:7233"
        namespace = "shop"
        [profile.shop.tls]
        client_cert_path = "{tmp_path}/cert.pem"
        client_key_path = "{tmp_path}/key.pem"
        """
    )
    environment = {
        "TEMPORAL_CONFIG_FILE": str(tmp_path / "temporal.toml"),
        "TEMPORAL_PROFILE": "shop",
        "TEMPORAL_TLS_SERVER_NAME": "inside.example",
    }

    client = await connect(keyset, environment=environment, lazy=True)

    assert client.service_client.config.target_host == "temporal.example:7233"
    assert client.namespace == "shop"
    assert client.service_client.config.tls == TLSConfig(
        client_cert=b"certificate", client_private_key=b"key", domain="inside.example"
    )


async def test_an_api_key_turns_tls_on(keyset: AeadKeyset, tmp_path: Path) -> None:
    environment = no_file(tmp_path) | {"TEMPORAL_API_KEY": "made-up"}

    client = await connect(keyset, environment=environment, lazy=True)

    assert client.service_client.config.api_key == "made-up"
    assert client.service_client.config.tls


async def test_the_codec_is_bound_to_the_namespace_of_the_connection(
    keyset: AeadKeyset, tmp_path: Path
) -> None:
    environment = no_file(tmp_path) | {"TEMPORAL_NAMESPACE": "shop"}

    client = await connect(keyset, environment=environment, lazy=True)
    (payload,) = await client.data_converter.encode(["clear"])

    assert b"clear" in EncryptingCodec(keyset, "shop").open(payload).data


@pytest.mark.temporal
async def test_search_attributes_are_registered_once(server: Server) -> None:
    new = SearchAttributeKey.for_keyword(f"New{uuid4().hex}")

    first = await ensure_search_attributes(server.plain, [*SEARCH_ATTRIBUTES, new])
    second = await ensure_search_attributes(server.plain, [*SEARCH_ATTRIBUTES, new])

    assert first == (new.name,)
    assert second == ()


@pytest.mark.temporal
async def test_a_search_attribute_of_another_type_is_named(server: Server) -> None:
    wrong = SearchAttributeKey.for_int(SEARCH_ATTRIBUTES[0].name)

    with pytest.raises(ValueError, match=f"{wrong.name} is registered as .*KEYWORD"):
        await ensure_search_attributes(server.plain, [wrong])


def no_file(directory: Path) -> dict[str, str]:
    """What the user of this machine has configured is not meant for tests."""
    return {"TEMPORAL_CONFIG_FILE": str(directory / "absent.toml")}
