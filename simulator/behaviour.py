"""The knobs of how this gateway behaves where the documents leave a choice."""

from dataclasses import asdict, dataclass, field, fields

from simulator.body import Body

_CHOICES = {"language": ("en", "id"), "wording": ("current", "other")}


@dataclass(slots=True)
class Behaviour:
    # False: errors of the Core API arrive under HTTP 200, as documented; True: as HTTP codes.
    http_status_codes: bool = False
    enforce_amount_limits: bool = False
    # Documented symbols only; the real gateway takes the blanks and colons of its own clients.
    enforce_order_id_symbols: bool = False
    # Expiry is a batch job: this long after its deadline a transaction can still be paid,
    # and all that are overdue then go at once, every so many seconds.
    expiry_lag_seconds: float = 0.0
    expiry_batch_seconds: float = 0.0
    refund_confirmation_seconds: float = 300.0
    refund_method_seconds: float = 86_400.0
    # The documents disagree: 406 "Duplicate refund ID", or the first answer again.
    repeated_refund_key_answers_again: bool = False
    # What the merchant's balance can still give back; below zero there is no end to it.
    refund_funds: int = -1
    slow_3ds_seconds: float = 60.0
    snap_duplicate_status: int = 400
    # As "gopay" for everybody, or as "G123456789:gopay" for one merchant.
    disabled_methods: list[str] = field(default_factory=list)
    dana_by_order_id: bool = False
    gopay_scanned_as_qris: bool = False
    gopay_verifies_above: int = 1_000_000
    # The share of the method's fee that customers pay; Snap requests may say otherwise.
    customer_fee_percentage: float = 0.0
    extra_info_at_top_level: bool = False
    # New fields may come at any time; this adds some to every answer and notification.
    extra_fields: bool = False
    wording: str = "current"
    language: str = "en"
    latency_ms: float = 0.0
    notify_url: str = ""
    recurring_notify_url: str = ""
    account_notify_url: str = ""
    webhook_timeout_seconds: float = 15.0

    def change(self, body: Body) -> None:
        """Take over the named knobs, all or none."""
        known = [each.name for each in fields(self)]
        unknown = [name for name in body.fields if name not in known]
        if unknown:
            raise ValueError(f"no knob is called {unknown[0]!r}; there are {', '.join(known)}")
        changes = {
            name: _fitting(name, value, getattr(self, name)) for name, value in body.fields.items()
        }
        for name, value in changes.items():
            setattr(self, name, value)

    def disables(self, method_name: str, merchant_id: str) -> bool:
        disabled = self.disabled_methods
        return method_name in disabled or f"{merchant_id}:{method_name}" in disabled

    def described(self) -> dict[str, object]:
        return asdict(self)


def _fitting(name: str, value: object, current: object) -> object:
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(current):
        raise ValueError(f"{name} takes a {type(current).__name__}")
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise ValueError(f"{name} takes a list of strings")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}")
    return value
