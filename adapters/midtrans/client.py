"""The calls of the adapter, each through midtransclient over our transport."""

from urllib.parse import quote

from midtransclient import CoreApi, Snap
from midtransclient.transactions import Transactions

from adapters.midtrans.answers import MidtransRefusedError
from adapters.midtrans.documents import Document
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.transport import Deadline, PooledHttpClient, Transport


class MidtransClient:
    """Blocking. Ids are quoted here: midtransclient puts them into the path as they are (§12).

    A transaction is `named` by our gateway order id, which means the latest of it, or by its own id.
    midtransclient keeps headers per client object, so that each call gets an object of its own.
    """

    def __init__(self, options: MidtransOptions) -> None:
        self._options = options
        self._transport = Transport(options)

    def charge(self, body: Document, headers: dict[str, str], deadline: Deadline) -> Document:
        document: Document = self._core(deadline, headers).charge(body)
        return document

    def open_session(self, body: Document, headers: dict[str, str], deadline: Deadline) -> Document:
        snap = Snap(server_key=self._options.server_key, custom_headers=headers, proxies={})
        snap.api_config.SNAP_SANDBOX_BASE_URL = self._options.snap_url.rstrip("/")
        snap.http_client = PooledHttpClient(self._transport, deadline)
        document: Document = snap.create_transaction(body)
        return document

    def status(self, named: str, deadline: Deadline) -> Document | None:
        """None when the gateway holds no transaction of this id."""
        try:
            document: Document = self._transactions(deadline).status(_quoted(named))
        except MidtransRefusedError as refusal:
            if is_absent(refusal):
                return None
            raise
        return document

    def expire(self, named: str, deadline: Deadline) -> Document:
        document: Document = self._transactions(deadline).expire(_quoted(named))
        return document

    def cancel(self, named: str, deadline: Deadline) -> Document:
        document: Document = self._transactions(deadline).cancel(_quoted(named))
        return document

    def approve(self, named: str, deadline: Deadline) -> Document:
        document: Document = self._transactions(deadline).approve(_quoted(named))
        return document

    def deny(self, named: str, deadline: Deadline) -> Document:
        document: Document = self._transactions(deadline).deny(_quoted(named))
        return document

    def refund(self, named: str, body: Document, deadline: Deadline) -> Document:
        document: Document = self._transactions(deadline).refund(_quoted(named), body)
        return document

    def cancel_session(self, token: str, deadline: Deadline) -> Document:
        """POST /snap/v1/transactions/{token}/cancel (§2.4), which midtransclient does not have."""
        url = f"{self._options.snap_url.rstrip('/')}/transactions/{_quoted(token)}/cancel"
        http_client = PooledHttpClient(self._transport, deadline)
        document, _ = http_client.request("post", self._options.server_key, url, {}, {}, {})
        return document

    def close(self) -> None:
        self._transport.close()

    def _transactions(self, deadline: Deadline) -> Transactions:
        return self._core(deadline, {}).transactions

    def _core(self, deadline: Deadline, headers: dict[str, str]) -> CoreApi:
        core = CoreApi(server_key=self._options.server_key, custom_headers=headers, proxies={})
        core.api_config.CORE_SANDBOX_BASE_URL = self._options.core_url.rstrip("/")
        core.http_client = PooledHttpClient(self._transport, deadline)
        return core


def is_absent(refusal: MidtransRefusedError) -> bool:
    """Whether the Core API itself said 404: any other 404 says nothing about a transaction."""
    return refusal.gateway_code == "404" and "status_code" in refusal.document


def _quoted(named: str) -> str:
    return quote(named, safe="")
