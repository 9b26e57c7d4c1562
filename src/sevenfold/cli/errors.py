"""From exceptions to messages and exit codes: 0 done, 1 a fault of ours, 2 request, 3 data, 4 a limit."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from sevenfold.core.errors import FULL_DISK, LimitError, SevenfoldError

_INTERRUPTED = 130


def guarded(command: Callable[..., Any]) -> int:
    """Run the command line and return its exit code; nothing but a fault of ours shows a traceback."""
    import errno

    try:
        code = int(command(standalone_mode=False) or 0)
        # The command line's library turns an interrupt into this code.
        return _interrupted() if code == _INTERRUPTED else code
    except SevenfoldError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except MemoryError:
        _say(str(LimitError("Memory ran out.", "enough memory", "none left", "Give fewer rows, or a larger machine.")))
        return LimitError.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in FULL_DISK:
            _say(str(LimitError("The disk is full.", "room to write", str(error), "Make room, then try again.")))
            return LimitError.exit_code
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            _say(f"No permission.\nReceived: {error}\nWhat to do: choose another path, or change its permissions.")
            return 2
        return _fault(error)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:
        shown = getattr(error, "format_message", None)
        if shown is not None:  # a usage error of the command line itself
            given = " ".join(sys.argv[1:]) or "nothing"
            _say(
                f"{shown()}\nExpected: commands and options as `sevenfold --help` lists them\nReceived: {given}\n"
                "What to do: see `sevenfold COMMAND --help`."
            )
            return 2
        if type(error).__name__ == "Abort":
            return _interrupted()
        if type(error).__name__ == "Exit":
            return int(getattr(error, "exit_code", 1))
        return _fault(error)


def _interrupted() -> int:
    _say("Interrupted.")
    return LimitError.exit_code


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C, or a request to end as containers and batch systems send it (SIGTERM), ends the block cleanly.

    Raises:
        LimitError: it was interrupted; it tells how to go on.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt as stop:
        raise LimitError(
            "Interrupted.",
            "to be left alone until the end",
            "a request to end",
            " ".join(getattr(stop, "__notes__", ())),
        ) from stop
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(message: str) -> None:
    print(f"sevenfold: {message}", file=sys.stderr)


def _fault(error: BaseException) -> int:
    traceback.print_exception(error, file=sys.stderr)
    _say(
        "This is a fault of Sevenfold, not of yours.\nWhat to do: please report the lines above; "
        "`sevenfold resume RUN` goes on with a run that was under way."
    )
    return 1
