"""From exceptions to messages and exit codes: 0 done, 1 a fault of ours, 2 request, 3 data, 4 a limit."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from sevenfold.core.errors import LimitError, SevenfoldError


def guarded(command: Callable[..., Any]) -> int:
    """Run the command line and return its exit code; nothing but a fault of ours shows a traceback."""
    import errno

    try:
        return int(command(standalone_mode=False) or 0)
    except SevenfoldError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("Interrupted.")
        return LimitError.exit_code
    except MemoryError:
        _say(str(LimitError("Memory ran out.", "enough memory", "none left", "Give fewer rows, or a larger machine.")))
        return LimitError.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _say(
                str(LimitError("The disk is full.", "room to write", str(error), "Free room, then: sevenfold resume."))
            )
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
            _say(f"{shown()}\nWhat to do: see sevenfold --help.")
            return 2
        if type(error).__name__ in ("Exit", "Abort"):
            return int(getattr(error, "exit_code", 1))
        return _fault(error)


def _say(message: str) -> None:
    print(f"sevenfold: {message}", file=sys.stderr)


def _fault(error: BaseException) -> int:
    traceback.print_exception(error, file=sys.stderr)
    _say(
        "This is a fault of Sevenfold, not of yours.\nWhat to do: please report the lines above; "
        "`sevenfold resume RUN` goes on with a run that was under way."
    )
    return 1
