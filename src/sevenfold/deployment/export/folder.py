"""A folder that appears complete or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sevenfold.core.errors import RequestError
from sevenfold.deployment.files import refused, sync_folder, write_whole


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder: beside it first, then renamed. An empty folder may be there already.

    Raises:
        RequestError: the folder holds something, or cannot be written.
        LimitError: the disk is full.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RequestError(
            f"{folder} is there already.", "a folder that is not there yet, or an empty one", "one that holds files",
            "Choose another --out, or remove it first.",
        )  # fmt: skip
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    except OSError as error:
        raise refused(folder, error) from error
    try:
        for name, content in files.items():
            write_whole(temporary / name, content)
        temporary.chmod(0o755)
        temporary.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise refused(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
