"""A QR code as a drawing that stands in the page itself, so that nothing else is loaded."""

from markupsafe import Markup
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

QUIET_ZONE = 4  # modules of white around the code (ISO/IEC 18004 §6.3.8)
_SVG = Markup(
    '<svg class="qr" role="img" aria-label="{label}" viewBox="0 0 {side} {side}"'
    ' shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
    '<path d="{path}" fill="#000"/></svg>'
)


def qr_svg(text: str, label: str) -> Markup:
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    side = len(code.modules) + 2 * QUIET_ZONE
    path = "".join(_row(y, dark) for y, dark in enumerate(code.modules, QUIET_ZONE))
    return _SVG.format(label=label, side=side, path=path)


def _row(y: int, modules: list[bool]) -> str:
    return "".join(f"M{x} {y}h1v1h-1z" for x, is_dark in enumerate(modules, QUIET_ZONE) if is_dark)
