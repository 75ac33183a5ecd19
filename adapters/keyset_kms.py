"""Keys of a key management service (KMS), under which keysets are encrypted.

The clouds' own libraries are large and not installed with the service: each is imported when a URI
asks for it, and the error says what to install.
"""

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import tink
from tink import aead


def kms_aead(uri: str) -> aead.Aead:
    """The key that the URI names; ValueError when no library here can reach it."""
    scheme = uri.partition("://")[0]
    try:
        return _REACHED_BY.get(scheme, _registered)(uri)
    except ImportError:
        extra = scheme.replace("-", "")
        raise ValueError(
            f"{scheme}:// needs libraries that are not installed: pip install 'tink[{extra}]'"
        ) from None


def _gcp(uri: str) -> Any:
    return import_module("tink.integration.gcpkms").GcpKmsClient(uri).get_aead(uri)


def _aws(uri: str) -> Any:
    return import_module("tink.integration.awskms").AwsKmsClient(uri, None).get_aead(uri)


def _vault(uri: str) -> Any:
    """hcvault://host:port/transit/keys/name; the token is in VAULT_TOKEN, as for Vault's own tools."""
    address = urlsplit(uri)
    integration = import_module("tink.integration.hcvault")
    client = import_module("hvac").Client(url=f"https://{address.netloc}")
    return integration.new_aead(address.path, client)


def _registered(uri: str) -> Any:
    """Of another service, whose client the program has registered with Tink."""
    return tink.kms_client_from_uri(uri).get_aead(uri)


_REACHED_BY = {"gcp-kms": _gcp, "aws-kms": _aws, "hcvault": _vault}
