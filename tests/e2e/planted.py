"""Values that must not be found, and looking for them in whatever form a store keeps them."""

import base64
import json
import mmap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

# What is shorter turns up by chance, as digits of a time or letters of a ciphertext.
LENGTH_MIN = 8


@dataclass
class Planted:
    """Each value under the name of what it is."""

    values: dict[str, str] = field(default_factory=dict)

    def plant(self, **values: object) -> None:
        for name, value in values.items():
            assert len(str(value)) >= LENGTH_MIN, f"{name} may be found by chance"
            self.values[name] = str(value)

    def found_in(self, files: Iterable[Path]) -> list[str]:
        """Where which of them is, as `file: name`."""
        return sorted(
            f"{file.name}: {name}" for file in files for name in _found(file, self._forms())
        )

    def _forms(self) -> Mapping[str, frozenset[bytes]]:
        return {name: frozenset(_forms_of(value)) for name, value in self.values.items()}


def files_in(*places: Path) -> Iterator[Path]:
    for place in places:
        yield from (each for each in place.rglob("*") if each.is_file())


def _found(file: Path, forms: Mapping[str, frozenset[bytes]]) -> Iterator[str]:
    if file.stat().st_size == 0:
        return
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as content:
        for name, written in forms.items():
            if any(content.find(form) >= 0 for form in written):
                yield name


def _forms_of(value: str) -> Iterator[bytes]:
    """As text, in JSON, in an address, in hexadecimal, in base64 at any place, as a rupiah amount."""
    plain = value.encode()
    yield plain
    yield json.dumps(value)[1:-1].encode()
    yield quote(value, safe="").encode()
    yield plain.hex().encode()
    yield value.encode("utf-16-le")
    for shift in range(3):
        # The first and the last letters also depend on what stands around.
        letters = base64.b64encode(bytes(shift) + plain).rstrip(b"=")
        yield letters[4 if shift else 0 : -1]
    if value.isdigit():
        yield f"{int(value):,}".replace(",", ".").encode()
        yield f"{int(value):,}".encode()
