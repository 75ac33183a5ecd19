from pathlib import Path

import pytest

from local_stack.certificates import Certificates, local_certificates


def contents(certificates: Certificates) -> list[bytes]:
    paths = (certificates.ca, certificates.certificate, certificates.key)
    return [path.read_bytes() for path in paths]


def test_good_certificates_are_used_again(state_dir: Path) -> None:
    first = contents(local_certificates(state_dir))

    assert contents(local_certificates(state_dir)) == first


@pytest.mark.parametrize("file", ["ca.pem", "server.pem", "server.key"])
@pytest.mark.parametrize("damage", ["missing", "cut off", "of another authority"])
def test_damaged_certificates_are_replaced(state_dir: Path, file: str, damage: str) -> None:
    damaged = local_certificates(state_dir).ca.with_name(file)
    match damage:
        case "missing":
            damaged.unlink()
        case "cut off":
            damaged.write_bytes(damaged.read_bytes()[:100])
        case _:
            other = local_certificates(state_dir / "other").ca.with_name(file)
            damaged.write_bytes(other.read_bytes())
    before = damaged.read_bytes() if damaged.exists() else b""

    replaced = contents(local_certificates(state_dir))

    assert before not in replaced
    assert contents(local_certificates(state_dir)) == replaced


def test_the_key_is_for_its_owner_only(state_dir: Path) -> None:
    assert local_certificates(state_dir).key.stat().st_mode & 0o077 == 0
