from pathlib import Path


def private_directory(path: Path) -> Path:
    """Make a directory that only we can enter, and return it by its full path."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.absolute()
