"""Whether the codec server answers where the Web UI looks for it."""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from settings import PREFIX, Settings
from starter.doctor.findings import AilmentError

_SECONDS = 5
_SAYS = {
    HTTPStatus.OK: "shows payloads to whoever knows its address",
    HTTPStatus.UNAUTHORIZED: "asks who wants to see payloads",
}


async def codec_server_answers(settings: Settings) -> str:
    if settings.codec_url is None:
        return f"not examined: {PREFIX}CODEC_URL is unset"
    url = settings.secret("codec_url")
    parts = urlsplit(url)
    # The path may be a secret.
    place = f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    try:
        status = await asyncio.to_thread(_ask, f"{url.rstrip('/')}/decode")
    except requests.RequestException as error:
        raise AilmentError(
            f"{place} cannot be reached: {type(error).__name__}",
            "start python -m starter codec-server, and check its certificate",
        ) from error
    if status not in _SAYS:
        raise AilmentError(
            f"{place} answers {status}", f"is {PREFIX}CODEC_URL the codec server's, path included?"
        )
    return f"{place} {_SAYS[HTTPStatus(status)]}"


def _ask(url: str) -> int:
    """Ask to decode nothing."""
    return requests.post(url, json={"payloads": []}, timeout=_SECONDS).status_code
