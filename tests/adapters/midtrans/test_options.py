from dataclasses import replace

import pytest

from adapters.midtrans.options import MidtransOptions


@pytest.mark.parametrize(
    ("url", "allow_loopback_http"),
    [
        pytest.param("http://127.0.0.1:8080", False, id="loopback without the switch"),
        pytest.param("http://api.midtrans.com", True, id="not loopback"),
        pytest.param("ftp://127.0.0.1", True, id="another scheme"),
        pytest.param("https://key:@api.midtrans.com", False, id="with a user"),
        pytest.param("https://api.midtrans.com?x=1", False, id="with a query"),
        pytest.param("api.midtrans.com", False, id="no scheme"),
    ],
)
def test_only_https_or_permitted_loopback_http_is_an_address(
    options: MidtransOptions, url: str, *, allow_loopback_http: bool
) -> None:
    with pytest.raises(ValueError, match=r"^core_url: "):
        replace(options, core_url=url, allow_loopback_http=allow_loopback_http)


def test_plain_http_to_loopback_can_be_switched_on(options: MidtransOptions) -> None:
    url = "http://127.0.0.1:8080"

    assert replace(options, core_url=url, allow_loopback_http=True).core_url == url


def test_the_server_key_is_never_printed(options: MidtransOptions) -> None:
    assert options.server_key not in repr(options)
