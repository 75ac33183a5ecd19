"""The knobs of how this gateway behaves where the documents leave a choice."""

from dataclasses import asdict, dataclass, field, fields

from simulator.body import Body


@dataclass(slots=True)
class Behaviour:
    # False: errors of the Core API arrive under HTTP 200, as documented; True: as HTTP codes.
    http_status_codes: bool = False
    enforce_amount_limits: bool = False
    # Expiry is a batch job: this long after its deadline a transaction can still be paid.
    expiry_lag_seconds: float = 0.0
    refund_confirmation_seconds: float = 300.0
    # The documents disagree: 406 "Duplicate refund ID", or the first answer again.
    repeated_refund_key_answers_again: bool = False
    slow_3ds_seconds: float = 60.0
    snap_duplicate_status: int = 400
    disabled_methods: list[str] = field(default_factory=list)
    latency_ms: float = 0.0
    notify_url: str = ""
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

    def described(self) -> dict[str, object]:
        return asdict(self)


def _fitting(name: str, value: object, current: object) -> object:
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(current):
        raise ValueError(f"{name} takes a {type(current).__name__}")
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise ValueError(f"{name} takes a list of strings")
    return value
