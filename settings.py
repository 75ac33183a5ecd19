"""Every setting of every process: read once from the environment, frozen, passed on as an object.

Ours begin with PAYMENTS_; the connection to Temporal uses Temporal's own TEMPORAL_* variables and
profiles. Each process requires only its part: Settings holds what may be absent, and the process
asks `require()` for what it cannot do without.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.email.desk import Desk
from adapters.email.options import SmtpOptions, smtp_options
from adapters.midtrans.options import ADDRESSES, MidtransOptions
from payments.changes import Terms
from payments.invoice import Merchant
from payments.progress import Windows

PREFIX = "PAYMENTS_"


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and its rule, never its value."""


def _split(text: object) -> object:
    return (
        tuple(part.strip() for part in text.split(",") if part.strip())
        if isinstance(text, str)
        else text
    )


def _none_when_empty(text: object) -> object:
    return None if text == "" else text


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
NoLimit = Annotated[int | None, BeforeValidator(_none_when_empty)]


class Settings(BaseSettings):
    """Secrets have no defaults and are never printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr | None = Field(
        None, description="postgresql+asyncpg://user:password@host:port/name?sslmode=verify-full"
    )
    keyset_temporal: SecretStr | None = Field(
        None, description="Tink AEAD keyset for Temporal payloads: a path, or the JSON itself"
    )
    keyset_database: SecretStr | None = Field(
        None, description="Tink AEAD keyset for database columns: a path, or the JSON itself"
    )
    keyset_lookup: SecretStr | None = Field(
        None, description="Tink MAC keyset for columns found by value: a path, or the JSON itself"
    )

    midtrans_server_key: SecretStr | None = Field(None, description="server key of the account")
    midtrans_server_key_old: SecretStr | None = Field(
        None, description="a second server key whose notifications count while keys are replaced"
    )
    midtrans_merchant_id: str | None = Field(None, description="merchant id, such as G812785002")
    midtrans_environment: Literal["sandbox", "production"] = Field(
        "sandbox", description="which Midtrans is meant; `livemode` of every answer"
    )
    midtrans_url: str | None = Field(
        None, description="Core API address, where it is not Midtrans' own (a simulator)"
    )
    midtrans_snap_url: str | None = Field(
        None, description="Snap API address, where it is not Midtrans' own (a simulator)"
    )
    midtrans_ca_file: str | None = Field(
        None, description="CA certificates to trust for Midtrans; certifi's when unset"
    )
    midtrans_allow_loopback_http: bool = Field(
        default=False, description="allow plain http to a loopback address"
    )

    smtp_url: SecretStr | None = Field(
        None,
        description="smtp+starttls://user:password@host:587, or smtps://, or smtp:// (loopback)",
    )
    smtp_ca_file: str | None = Field(None, description="CA certificates to trust for SMTP")
    mail_from: str = Field("payments@skaters.example", description="sender of every mail")

    admin_email: str | None = Field(
        None, description="whom alerts are mailed to; without it they are only logged"
    )
    public_url: str | None = Field(
        None,
        description="address under which customers reach /pay/ and /refund/; the API's when unset",
    )
    web_ui_url: str | None = Field(
        None, description="address of the Temporal Web UI, for links in alerts"
    )

    api_keys: Words = Field(
        (), description="client:sha256-of-key:scopes, comma-separated; scopes joined by +"
    )
    api_host: str = Field("127.0.0.1", description="where the checkout API listens")
    api_port: int = Field(8080, description="port of the checkout API")
    bridge_host: str = Field("127.0.0.1", description="where the webhook bridge listens")
    bridge_port: int = Field(8081, description="port of the webhook bridge")
    codec_host: str = Field("127.0.0.1", description="where the codec server listens")
    codec_port: int = Field(8082, description="port of the codec server")
    codec_secret: SecretStr | None = Field(
        None, description="secret path segment of the codec server (loopback only)"
    )
    codec_origins: Words = Field((), description="Web UI origins that may call the codec server")
    return_hosts: Words = Field(
        ("skaters.example",), description="hosts that a return_url may name"
    )
    task_queues: Words = Field(
        ("payments", "documents"), description="task queues that this worker serves"
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="from which level on log lines are written"
    )

    payment_window_seconds: int = Field(300, gt=0, description="the customer's time to pay")
    another_method_window_seconds: int = Field(
        86_400, gt=0, description="how long another method may be tried after a failure"
    )
    first_ask_seconds: int = Field(
        30, gt=0, description="when Midtrans is first asked if no notification comes"
    )
    absence_seconds: int = Field(
        90, gt=0, description="how long a closed Snap session must stay without a transaction"
    )

    refund_approval_above: NoLimit = Field(
        5_000_000,
        ge=0,
        description="whole rupiah of an order that go back without a second person; empty: all",
    )
    refund_retry_seconds: int = Field(
        3_600, gt=0, description="pause before a refund is tried again that had to wait"
    )
    refund_stuck_seconds: int = Field(
        604_800, gt=0, description="how long a refund may stay undecided before it is a case"
    )
    chargeback_evidence_days: int = Field(
        7, gt=0, description="days in which a chargeback must be answered with evidence"
    )
    bank_details_days: int = Field(
        30, gt=0, description="days after the transfer when a customer's bank details are deleted"
    )
    reconcile_rate: float = Field(
        5, ge=0.5, description="questions per second to Midtrans in reconciliation, of each worker"
    )
    reconcile_open_minutes: int = Field(
        5, gt=0, description="how often open attempts are reconciled; see: schedules apply"
    )
    reconcile_recent_hour: int = Field(
        3, ge=0, le=23, description="hour (WIB) of the daily reconciliation; see: schedules apply"
    )
    reconcile_days: int = Field(7, gt=0, description="days that the daily reconciliation covers")
    finance_email: str | None = Field(
        None, description="whom reconciliation reports are mailed to; without it they are kept"
    )
    discrepancy_alert_hours: int = Field(
        24, gt=0, description="how long a difference may stay open before the administrator hears"
    )
    operator: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="who runs a command, for the audit; the system's user when unset",
    )

    shop_name: str = Field("Skaters", description="printed on invoices and mails")
    shop_address: str = Field(
        "Jl. Kemang Raya 10|Jakarta Selatan 12730", description="lines parted by |"
    )
    shop_email: str = Field("halo@skaters.example", description="whom customers write to")
    shop_phone: str | None = Field(None, description="whom customers call")
    shop_website: str | None = Field(None, description="the shop's address on the web")
    shop_npwp: str | None = Field(None, description="the shop's tax number")
    shop_is_pkp: bool = Field(default=False, description="whether prices contain PPN")

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
