"""The fields of `settings.Settings`, grouped by what they are about."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode


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
Unset = Annotated[str | None, BeforeValidator(_none_when_empty)]
# Set but empty means unset, as files of settings have it that list them all.
Text = Annotated[str | None, BeforeValidator(_none_when_empty)]
Secret = Annotated[SecretStr | None, BeforeValidator(_none_when_empty)]


class StorageSettings(BaseSettings):
    """Where everything is kept, and under which keys."""

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
    keyset_kms_uri: Annotated[str | None, BeforeValidator(_none_when_empty)] = Field(
        None,
        description="KMS key that the keysets are encrypted under: gcp-kms://, aws-kms://, hcvault://",
    )


class GatewaySettings(BaseSettings):
    """The merchant's account at Midtrans."""

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


class MailSettings(BaseSettings):
    """Who mails whom, and which addresses mails name."""

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


class ServingSettings(BaseSettings):
    """What processes listen on, and whom they serve."""

    api_keys: Words = Field(
        (),
        description="client:sha256-of-key:scopes[:last-day], comma-separated; scopes joined by +;"
        " see: api-key",
    )
    api_rate: str = Field(
        "3000/10seconds", description="calls that one client of the checkout API may make"
    )
    guess_rate: str = Field(
        "30/minute", description="wrong keys and links that are answered to one address as such"
    )
    trusted_proxies: Words = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For counts"
    )
    api_host: str = Field("127.0.0.1", description="where the checkout API listens")
    api_port: int = Field(8080, description="port of the checkout API")
    bridge_host: str = Field("127.0.0.1", description="where the webhook bridge listens")
    bridge_port: int = Field(8081, description="port of the webhook bridge")
    worker_host: str = Field("127.0.0.1", description="where the worker answers /livez, /readyz")
    worker_port: NoLimit = Field(None, description="port of the worker's /livez, /readyz; or none")
    linger_seconds: float = Field(
        0,
        ge=0,
        description="how long API, bridge and codec server serve on after SIGTERM, no longer ready",
    )
    codec_host: str = Field("127.0.0.1", description="where the codec server listens")
    codec_port: int = Field(8082, description="port of the codec server")
    codec_secret: Secret = Field(
        None, description="secret path segment of the codec server (loopback only)"
    )
    codec_url: SecretStr | None = Field(
        None, description="the codec server's address as the Web UI has it; for the doctor"
    )
    codec_users: Secret = Field(
        None,
        description="who may sign in at the codec server: a file of lines of `codec-user`, or those",
    )
    codec_jwt_issuer: Text = Field(
        None, description="issuer (`iss`) of the Web UI's tokens that the codec server accepts"
    )
    codec_jwt_audience: Text = Field(
        None, description="audience (`aud`) that these tokens must have"
    )
    codec_jwt_jwks: Text = Field(
        None, description="the issuer's public keys as a JWK set: an https address, or a file"
    )
    codec_jwt_subjects: Words = Field(
        (),
        description="who of its people may see clear payloads: `sub` or verified `email`; all if none",
    )
    codec_tls_cert: Text = Field(
        None, description="certificate chain (PEM) with which the codec server speaks https"
    )
    codec_tls_key: Text = Field(None, description="private key (PEM) of that certificate")
    codec_origins: Words = Field((), description="Web UI origins that may call the codec server")
    behind_tls_proxy: bool = Field(
        default=False,
        description="a proxy ends TLS, so plain http on addresses other than loopback is meant",
    )
    return_hosts: Words = Field(
        ("skaters.example",), description="hosts that a return_url may name"
    )
    task_queues: Words = Field(
        ("payments", "documents"), description="task queues that this worker serves"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="from which level on log lines are written"
    )
    metrics_address: Unset = Field(
        None,
        pattern=r"^([0-9.]+|\[[0-9a-f:]+\]):[0-9]{1,5}$",
        description="ip:port where worker and API serve /metrics, for Prometheus alone; or none",
    )
    traces_url: Unset = Field(
        None,
        pattern=r"^(https://[^/?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?)/[^?#@]*$",
        description="OTLP/HTTP address that traces are sent to, such as https://host:4318/v1/traces",
    )
    operator: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="who runs a command, for the audit; the system's user when unset",
    )


class PaymentSettings(BaseSettings):
    """How long a payment waits."""

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


class RefundSettings(BaseSettings):
    """How money goes back."""

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


class ReconciliationSettings(BaseSettings):
    """How often and how fast the books are compared."""

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


class ShopSettings(BaseSettings):
    """Who sells, as invoices and mails print it."""

    shop_name: str = Field("Skaters", description="printed on invoices and mails")
    shop_address: str = Field(
        "Jl. Kemang Raya 10|Jakarta Selatan 12730", description="lines parted by |"
    )
    shop_email: str = Field("halo@skaters.example", description="whom customers write to")
    shop_phone: str | None = Field(None, description="whom customers call")
    shop_website: str | None = Field(None, description="the shop's address on the web")
    shop_npwp: str | None = Field(None, description="the shop's tax number")
    shop_is_pkp: bool = Field(default=False, description="whether prices contain PPN")
