from dataclasses import replace

import pytest

from adapters.midtrans.options import ADDRESSES, MidtransOptions


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


@pytest.mark.parametrize(
    ("server_key", "url"),
    [
        ("SB-Mid-server-secret", "https://api.midtrans.com"),
        ("SB-Mid-server-secret", "https://APP.Midtrans.com./snap/v1"),
        ("SB-secret", "https://app.midtrans.com/snap/v1"),
        ("Mid-server-secret", "https://api.sandbox.midtrans.com"),
        ("Mid-server-secret", "https://app.sandbox.midtrans.com/snap/v1"),
    ],
)
def test_a_key_of_the_other_environment_is_refused(
    options: MidtransOptions, server_key: str, url: str
) -> None:
    refused = r"is Midtrans' .* server key is of"

    with pytest.raises(ValueError, match=f"^core_url: {refused}") as of_core:
        replace(options, server_key=server_key, core_url=url)
    with pytest.raises(ValueError, match=f"^snap_url: {refused}") as of_snap:
        replace(options, server_key=server_key, snap_url=url)

    assert "secret" not in f"{of_core.value} {of_snap.value}"


@pytest.mark.parametrize(
    ("server_key", "environment"),
    [
        pytest.param("SB-Mid-server-1", "sandbox", id="sandbox"),
        pytest.param("Mid-server-1", "production", id="production"),
        pytest.param("VT-server-1", "sandbox", id="another form at the sandbox"),
        pytest.param("VT-server-1", "production", id="another form in production"),
    ],
)
def test_a_key_fits_where_nothing_says_otherwise(
    options: MidtransOptions, server_key: str, environment: str
) -> None:
    core_url, snap_url = ADDRESSES[environment]

    fitting = replace(options, server_key=server_key, core_url=core_url, snap_url=snap_url)

    assert fitting.server_key == server_key


@pytest.mark.parametrize("server_key", ["SB-Mid-server-1", "Mid-server-1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "midtrans.example", "api.midtrans.com.example"])
def test_a_simulator_takes_any_key(options: MidtransOptions, server_key: str, host: str) -> None:
    url = f"https://{host}"

    fitting = replace(options, server_key=server_key, core_url=url, snap_url=url)

    assert fitting.core_url == url
