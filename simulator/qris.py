"""QR codes of the national standard: the text inside, and the picture."""

import struct
import zlib

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

_POLYNOMIAL = 0x1021
_QUIET_ZONE = 4
_MODULE_PIXELS = 8


def qr_string(merchant_id: str, amount: int, reference: str) -> str:
    """Write an EMV merchant-presented code for one amount in rupiah."""
    account = _field("00", "COM.GO-JEK.WWW") + _field("01", merchant_id)
    body = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),
            _field("26", account),
            _field("52", "5999"),
            _field("53", "360"),
            _field("54", str(amount)),
            _field("58", "ID"),
            _field("59", "SIMULATOR"),
            _field("60", "JAKARTA"),
            _field("62", _field("05", reference)),
            "6304",
        )
    )
    return f"{body}{_crc(body.encode()):04X}"


def qr_png(text: str) -> bytes:
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    modules: list[list[bool]] = code.modules
    margin = b"\xff" * (_QUIET_ZONE * _MODULE_PIXELS)
    side = (len(modules) + 2 * _QUIET_ZONE) * _MODULE_PIXELS
    blank = (b"\x00" + b"\xff" * side) * (_QUIET_ZONE * _MODULE_PIXELS)
    rows = b"".join((b"\x00" + margin + _pixels(row) + margin) * _MODULE_PIXELS for row in modules)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(blank + rows + blank))
        + _chunk(b"IEND", b"")
    )


def _pixels(row: list[bool]) -> bytes:
    return b"".join((b"\x00" if dark else b"\xff") * _MODULE_PIXELS for dark in row)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _crc(content: bytes) -> int:
    checksum = 0xFFFF
    for byte in content:
        checksum ^= byte << 8
        for _ in range(8):
            carry = checksum & 0x8000
            checksum = (checksum << 1) & 0xFFFF
            if carry:
                checksum ^= _POLYNOMIAL
    return checksum
