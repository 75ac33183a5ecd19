"""Where mails lead to: the customer's own page, the administrator's, and finance."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`pay_url` is what customers' one-time links begin with; None is what a shop does without."""

    admin_email: str | None
    pay_url: str
    web_ui_url: str | None
    namespace: str = "default"
    finance_email: str | None = None

    def pay_link(self, token: str) -> str:
        return f"{self.pay_url.rstrip('/')}/pay/{quote(token, safe='')}"

    def refund_link(self, token: str) -> str:
        """Where the customer says to which account a manual refund goes."""
        return f"{self.pay_url.rstrip('/')}/refund/{quote(token, safe='')}"

    def run_link(self, order_id: str) -> str | None:
        """The order's run in Temporal's Web UI."""
        if self.web_ui_url is None:
            return None
        namespace, run = quote(self.namespace, safe=""), quote(f"payment/{order_id}", safe="")
        return f"{self.web_ui_url.rstrip('/')}/namespaces/{namespace}/workflows/{run}"
