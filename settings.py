"""Every setting of every process: read once from the environment, frozen, passed on as an object.

Ours begin with PAYMENTS_; the connection to Temporal uses Temporal's own TEMPORAL_* variables and
profiles. Each process requires only its part: Settings holds what may be absent, and the process
asks `require()` for what it cannot do without.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from adapters.email.desk import Desk
from adapters.email.options import SmtpOptions, smtp_options
from adapters.keysets import AeadKeyset, Keysets, load_aead, load_mac
from adapters.midtrans.options import ADDRESSES, MidtransOptions
from payments.changes import Terms
from payments.invoice import Merchant
from payments.progress import Windows
from settings_groups import (
    GatewaySettings,
    MailSettings,
    PaymentSettings,
    ReconciliationSettings,
    RefundSettings,
    ServingSettings,
    ShopSettings,
    StorageSettings,
)

PREFIX = "PAYMENTS_"
T = TypeVar("T")


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and its rule, never its value."""


class Settings(
    ShopSettings,
    ReconciliationSettings,
    RefundSettings,
    PaymentSettings,
    ServingSettings,
    MailSettings,
    GatewaySettings,
    StorageSettings,
):
    """Secrets have no defaults and are never printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    def require(self, *names: str) -> None:
        """Raise SettingsError naming every setting that this process needs and that is unset."""
        unset = [f"{PREFIX}{name.upper()}" for name in names if getattr(self, name) is None]
        if unset:
            raise SettingsError(f"not set: {', '.join(unset)} (see: python -m starter settings)")

    def secret(self, name: str) -> str:
        """The clear value of a secret setting; SettingsError when it is unset."""
        self.require(name)
        value = getattr(self, name)
        assert isinstance(value, SecretStr), f"{name} is no secret"
        return value.get_secret_value()

    def require_private(self, host: str, *, has_tls: bool = False) -> None:
        """Raise SettingsError when what is said at this address could be overheard."""
        if not (has_tls or self.behind_tls_proxy or is_loopback(host)):
            raise SettingsError(
                f"plain http on {host} could be overheard: listen on 127.0.0.1, or let a proxy end"
                f" TLS and set {PREFIX}BEHIND_TLS_PROXY=true"
            )

    @property
    def keysets(self) -> Keysets:
        """All three; SettingsError when one is wrong, or two of them share a key."""
        with _as_settings_error("KEYSET"):
            return Keysets(
                temporal=self.temporal_keyset,
                database=self._keyset("keyset_database", load_aead),
                lookup=self._keyset("keyset_lookup", load_mac),
            )

    @property
    def temporal_keyset(self) -> AeadKeyset:
        """For a process that has no other; SettingsError when it is wrong."""
        return self._keyset("keyset_temporal", load_aead)

    def _keyset(self, name: str, load: Callable[[str, str | None], T]) -> T:
        try:
            return load(self.secret(name), self.keyset_kms_uri)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None

    @property
    def midtrans(self) -> MidtransOptions:
        """The merchant account and its addresses; SettingsError when they do not fit."""
        self.require("midtrans_server_key", "midtrans_merchant_id")
        core_url, snap_url = ADDRESSES[self.midtrans_environment]
        with _as_settings_error("MIDTRANS"):
            return MidtransOptions(
                server_key=self.secret("midtrans_server_key"),
                merchant_id=self.midtrans_merchant_id or "",
                core_url=self.midtrans_url or core_url,
                snap_url=self.midtrans_snap_url or snap_url,
                ca_file=Path(self.midtrans_ca_file) if self.midtrans_ca_file else None,
                allow_loopback_http=self.midtrans_allow_loopback_http,
            )

    @property
    def smtp(self) -> SmtpOptions:
        """Where mails are handed over; SettingsError when the address is wrong."""
        with _as_settings_error("SMTP"):
            return smtp_options(self.secret("smtp_url"), self.mail_from, self.smtp_ca_file)

    @property
    def desk(self) -> Desk:
        """Where customers and the administrator are sent by mails."""
        return Desk(
            admin_email=self.admin_email,
            finance_email=self.finance_email,
            pay_url=self.pay_url,
            web_ui_url=self.web_ui_url,
        )

    @property
    def pay_url(self) -> str:
        """The base of customers' one-time links."""
        return self.public_url or f"http://{self.api_host}:{self.api_port}"

    @property
    def linger(self) -> timedelta:
        """How long a server goes on after SIGTERM, until load balancers have noticed."""
        return timedelta(seconds=self.linger_seconds)

    @property
    def metrics_listener(self) -> tuple[str, int | None]:
        """Host and port of `metrics_address`; no port when it is unset."""
        host, _, port = (self.metrics_address or "").rpartition(":")
        return host.strip("[]"), int(port) if port else None

    @property
    def livemode(self) -> bool:
        return self.midtrans_environment == "production"

    @property
    def windows(self) -> Windows:
        return Windows(
            payment=timedelta(seconds=self.payment_window_seconds),
            another_method=timedelta(seconds=self.another_method_window_seconds),
            first_ask=timedelta(seconds=self.first_ask_seconds),
            absence=timedelta(seconds=self.absence_seconds),
            refund_retry=timedelta(seconds=self.refund_retry_seconds),
            refund_stuck=timedelta(seconds=self.refund_stuck_seconds),
        )

    @property
    def terms(self) -> Terms:
        """What decisions depend on; SettingsError when the merchant is not named."""
        return Terms(
            merchant_id=self.midtrans.merchant_id,
            another_method=timedelta(seconds=self.another_method_window_seconds),
            approval_above=self.refund_approval_above,
            evidence_within=timedelta(days=self.chargeback_evidence_days),
            details_kept=timedelta(days=self.bank_details_days),
        )

    @property
    def discrepancy_alert_after(self) -> timedelta:
        return timedelta(hours=self.discrepancy_alert_hours)

    @property
    def merchant(self) -> Merchant:
        return Merchant(
            name=self.shop_name,
            address=tuple(self.shop_address.split("|")),
            email=self.shop_email,
            phone=self.shop_phone,
            website=self.shop_website,
            npwp=self.shop_npwp,
            is_pkp=self.shop_is_pkp,
        )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _as_settings_error(part: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise SettingsError(f"{PREFIX}{part}_*: {error}") from None


def load_settings() -> Settings:
    """Read the environment; SettingsError names each wrong setting and its rule."""
    try:
        return Settings()
    except ValidationError as error:
        problems = (
            f"{PREFIX}{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError("; ".join(problems)) from None
