"""The image holds what its processes import, and nothing of the tests."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from local_stack.processes import PROJECT

ENTRANCES = ("worker", "webhook_bridge.__main__", "starter.__main__", "deployment.certificates")
_COPY = re.compile(r"^COPY (?!--from)(?P<sources>.+) (?P<target>\S+)$", re.MULTILINE)
_LOCKED = re.compile(r"^([a-z0-9-]+)(?:\[.*\])?==", re.MULTILINE)


def test_every_process_starts_from_what_is_copied_and_what_is_locked_for_production(
    tmp_path: Path,
) -> None:
    image = _image(tmp_path / "service")
    program = (
        "import sys\n"
        f"sys.path[:0] = [{str(image)!r}]\n"
        f"sys.modules.update(dict.fromkeys({_only_for_development()!r}))\n"
        f"for name in {ENTRANCES!r}: __import__(name)\n"
        f"ours = {sorted(path.stem for path in image.iterdir())!r}\n"
        "elsewhere = [m for m in ours if not sys.modules[m].__spec__.origin.startswith("
        f"{str(image)!r})]\n"
        "assert elsewhere == [], elsewhere\n"
    )

    ran = subprocess.run(  # noqa: S603 -- our own program, in the place of the image
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr


def test_what_is_copied_is_not_ignored() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert set(_copied()) <= allowed


def test_the_image_runs_as_nobody_in_particular_and_is_pinned() -> None:
    lines = (PROJECT / "Dockerfile").read_text().splitlines()

    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases), bases
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_what_is_installed_is_the_lock_file_and_nothing_besides(file: str) -> None:
    # Without --no-deps pip resolves what extras ask for anew, and fails on the day one of them has
    # a release newer than the lock.
    (command,) = re.findall(r"pip .*install.* -r \S+\.lock", (PROJECT / file).read_text())

    assert "--require-hashes" in command
    assert "--no-deps" in command


def _copied() -> dict[str, str]:
    """Each source in the build context, and where it goes; the lock is of the build alone."""
    dockerfile = (PROJECT / "Dockerfile").read_text()
    return {
        source: found["target"]
        for found in _COPY.finditer(dockerfile)
        for source in found["sources"].split()
        if source != "requirements.lock"
    }


def _image(folder: Path) -> Path:
    for source, target in _copied().items():
        if (PROJECT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / source, folder / target, ignore=ignored)
        else:
            place = folder / target
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / source, place)
    return folder


def _only_for_development() -> list[str]:
    locked = set(_LOCKED.findall((PROJECT / "requirements.lock").read_text()))
    extra = set(_LOCKED.findall((PROJECT / "requirements-dev.lock").read_text())) - locked
    return sorted(
        module
        for module, distributions in packages_distributions().items()
        if {name.lower().replace("_", "-") for name in distributions} <= extra
    )
