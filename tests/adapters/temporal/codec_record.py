"""What the codec server's tests use in the place of the audit."""

from dataclasses import dataclass, field

from adapters.temporal.codec_server import CodecUse, UnrecordedError


@dataclass
class KeptRecord:
    """Keeps what it is told; while it is broken, it can keep nothing."""

    decodings: list[CodecUse] = field(default_factory=list)
    encodings: list[CodecUse] = field(default_factory=list)
    is_broken: bool = False

    async def decoded(self, use: CodecUse) -> None:
        if self.is_broken:
            raise UnrecordedError
        self.decodings.append(use)

    async def encoded(self, use: CodecUse) -> None:
        self.encodings.append(use)
