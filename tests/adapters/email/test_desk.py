from dataclasses import replace

from tests.adapters.email.ends import DESK


def test_links_begin_with_the_address_as_it_was_set() -> None:
    desk = replace(DESK, pay_url="https://shop.example/base/", web_ui_url="http://127.0.0.1:8233/")

    assert desk.pay_link("abc") == "https://shop.example/base/pay/abc"
    assert desk.refund_link("abc") == "https://shop.example/base/refund/abc"
    assert desk.run_link("SKT-1") == (
        "http://127.0.0.1:8233/namespaces/default/workflows/payment%2FSKT-1"
    )


def test_a_run_is_found_in_its_namespace() -> None:
    desk = replace(DESK, namespace="shop.a1b2c")

    link = desk.run_link("SKT-1001")

    assert link is not None
    assert link.endswith("/namespaces/shop.a1b2c/workflows/payment%2FSKT-1001")


def test_without_a_web_ui_there_is_no_link() -> None:
    assert replace(DESK, web_ui_url=None).run_link("SKT-1001") is None
