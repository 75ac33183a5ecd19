"""Every connection of the service, examined one by one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from settings import PREFIX, Settings, SettingsError
from starter.doctor.checks import (
    database_answers,
    keysets_load,
    mail_server_greets,
    midtrans_accepts_us,
    settings_are_complete,
)
from starter.doctor.codec import codec_server_answers
from starter.doctor.encryption import connections_are_encrypted
from starter.doctor.engine import schedules_are_applied, temporal_serves_us, workers_serve_us
from starter.doctor.findings import AilmentError, Note

Check = Callable[[Settings], Awaitable[str | Note]]
# What each check cannot do without.
CHECKS: Mapping[str, tuple[Check, tuple[str, ...]]] = {
    "settings": (settings_are_complete, ()),
    "keysets": (keysets_load, ("keyset_temporal", "keyset_database", "keyset_lookup")),
    "encryption": (connections_are_encrypted, ()),
    "database": (database_answers, ("database_url",)),
    "temporal": (temporal_serves_us, ("keyset_temporal",)),
    "workers": (workers_serve_us, ("keyset_temporal",)),
    "schedules": (schedules_are_applied, ("keyset_temporal",)),
    "midtrans": (midtrans_accepts_us, ("midtrans_server_key", "midtrans_merchant_id")),
    "mail": (mail_server_greets, ("smtp_url",)),
    "codec": (codec_server_answers, ()),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was examined, what was found, what to do about it.

    What is well may have a remedy as well: then something should be done before it is not.
    """

    name: str
    is_well: bool
    text: str
    remedy: str = ""

    def as_json(self) -> dict[str, object]:
        return {"check": self.name, "ok": self.is_well, "found": self.text, "remedy": self.remedy}


async def examine(settings: Settings, patience: float) -> list[Finding]:
    findings = (_examine(name, settings, patience) for name in CHECKS)
    return list(await asyncio.gather(*findings))


async def _examine(name: str, settings: Settings, patience: float) -> Finding:
    check, needed = CHECKS[name]
    unset = [f"{PREFIX}{each.upper()}" for each in needed if getattr(settings, each) is None]
    if unset:
        return Finding(name, is_well=False, text="unset", remedy=f"set {', '.join(unset)}")
    try:
        async with asyncio.timeout(patience):
            found = await check(settings)
    except AilmentError as ailment:
        return Finding(name, is_well=False, text=ailment.problem, remedy=ailment.remedy)
    except SettingsError as error:
        return Finding(name, is_well=False, text=str(error), remedy="correct it")
    except TimeoutError:
        text = f"no answer within {patience:g} s"
        return Finding(name, is_well=False, text=text, remedy="is it running, and reachable?")
    note = found if isinstance(found, Note) else Note(found, "")
    return Finding(name, is_well=True, text=note.text, remedy=note.remedy)
