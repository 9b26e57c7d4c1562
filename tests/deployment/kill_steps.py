"""Ends a piece of work by SIGKILL at each of its write steps in turn, and looks with a fresh process at what is left.

A write step is a system call that changes something below a folder, whoever makes it: our code, SQLite, a thread of
polars. Before each of them the process is ended once, and once more in the middle of each write, half of it done.
A seccomp filter stops the process at these calls only, and the parent, which traces it, counts them.

Where processes cannot be traced so (another system or processor), each line of Sevenfold that runs is a step instead.

Run as a program it answers requests of `Sweeper`, one JSON line each; it forks for every try, so that what a scenario
imports is imported once.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # syncs would take longest; only processes are killed
_SECONDS = 600
_NEVER = 2**60  # the moment of no step


class Scenario(ABC):
    """Work that changes what lies in a folder, from one state to the next."""

    @abstractmethod
    def prepare(self, folder: Path) -> None:
        """Make the old state in an empty folder."""

    @abstractmethod
    def act(self, folder: Path) -> None:
        """Do the work that is broken off."""

    @abstractmethod
    def state(self, folder: Path) -> Any:
        """What a fresh process finds, as plain data; raises where anything is half."""

    def again(self, folder: Path) -> None:
        """What comes after a crash: the same work, unless it is said otherwise."""
        self.act(folder)


@final
@dataclass(frozen=True)
class Death:
    """What was found after one kill.

    Args:
        moment: the step before or in which it came.
        step: what the process was about to do.
        found: the state that a fresh process finds; "error: ..." where it could not be read.
        again: the state once the work was done again.
        left: names of the files that lie there in the end.
    """

    moment: int
    step: str
    found: Any
    again: Any
    left: list[str]


@final
@dataclass(frozen=True)
class Swept:
    """What came of a sweep.

    Args:
        before, after: the states before the work and after it was done undisturbed.
        deaths: one for each moment that was tried.
        left: names of the files that lie there after undisturbed work.
        traced: whether system calls were counted, not lines.
    """

    before: Any
    after: Any
    deaths: list[Death]
    left: list[str]
    traced: bool

    def check_old_or_new(self, least: int) -> None:
        """Each kill left the old state up to some step and the new one after it, and the work could be done again."""
        assert len(self.deaths) >= (least if self.traced else 2), len(self.deaths)
        assert self.before != self.after
        for death in self.deaths:
            assert death.found in (self.before, self.after), death
            assert death.again == self.after, death
        is_new = [death.found == self.after for death in self.deaths]
        assert is_new == sorted(is_new)
        assert not is_new[0]


class Sweeper:
    """A process that sweeps scenarios; see `sweep`."""

    def __init__(self) -> None:
        path = [str(Path(__file__).parent), *[p for p in sys.path if p]]
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def sweep(
        self, scenario: str, *, settings: dict[str, Any] | None = None, every: int = 1, first: int = 1,
        most: int | None = None,
        lines: bool = False,
    ) -> Swept:  # fmt: skip
        """Kill a scenario's work at every step.

        Args:
            scenario: "module:class".
            settings: what the class is made with.
            every: try every so many-th step only.
            first: step to begin with.
            most: kill so many times at most; the work is done undisturbed in any case.
            lines: count lines even where system calls can be.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        request = {
            "scenario": scenario,
            "settings": settings or {},
            "every": every,
            "first": first,
            "most": most,
            "lines": lines,
        }
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        assert "error" not in told, told["error"]
        return Swept(**{**told, "deaths": [Death(**death) for death in told["deaths"]]})

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


# What follows runs in the process of its own.


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints
    for line in sys.stdin:
        try:
            told = swept(json.loads(line))
        except Exception:
            told = {"error": traceback.format_exc()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def swept(request: dict[str, Any]) -> dict[str, Any]:
    """Every moment of one scenario."""
    import tempfile

    module, _, name = request["scenario"].partition(":")
    scenario: Scenario = getattr(importlib.import_module(module), name)(**request["settings"])
    with tempfile.TemporaryDirectory(dir=MEMORY) as temporary:
        work = Path(temporary).resolve()
        killed_at = _lines if request["lines"] or not can_trace(work) else _traced
        folder, base = work / "place", work / "base"  # always the same path: databases hold paths
        folder.mkdir()
        in_child(lambda: scenario.prepare(folder))
        before = in_child(lambda: scenario.state(folder))
        folder.rename(base)
        deaths = []
        moments = itertools.islice(itertools.count(request["first"], request["every"]), request["most"])
        for moment in itertools.chain(moments, [_NEVER]):
            shutil.copytree(base, folder)
            step = killed_at(lambda: scenario.act(folder), folder, moment)
            if step is None:
                after = in_child(lambda: scenario.state(folder))
                told = {"before": before, "after": after, "deaths": deaths, "left": files(folder)}
                return {**told, "traced": killed_at is _traced}
            found, again = in_child(lambda: found_and_done_again(scenario, folder))
            deaths.append({"moment": moment, "step": step, "found": found, "again": again, "left": files(folder)})
            shutil.rmtree(folder)
    raise AssertionError("the loop ends when the work does")


def found_and_done_again(scenario: Scenario, folder: Path) -> tuple[Any, Any]:
    """The states that a fresh process finds, and leaves when it has done the work again; errors in words."""
    told = []
    for work in (lambda: None, lambda: scenario.again(folder)):
        try:
            work()
            told.append(scenario.state(folder))
        except Exception as error:
            told.append(f"error: {traceback.format_exception(error)[-2:]}")
    return told[0], told[1]


def files(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def in_child(work: Callable[[], Any]) -> Any:
    """What a function gives in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as out:
                try:
                    json.dump({"gives": work()}, out)
                except Exception:
                    json.dump({"error": traceback.format_exc()}, out)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        told = said.read()
    os.waitpid(child, 0)
    found = json.loads(told or '{"error": "a child died"}')
    if "error" in found:
        raise RuntimeError(found["error"])
    return found["gives"]


def _lines(work: Callable[[], None], folder: Path, moment: int) -> str | None:
    """Kill before the given line of Sevenfold runs, of those that differ; None where the work ends before."""
    child = os.fork()
    if child == 0:
        seen: set[tuple[str, int]] = set()

        def lines(frame: Any, event: str, argument: Any) -> Any:
            if event == "line":
                seen.add((frame.f_code.co_filename, frame.f_lineno))
                if len(seen) >= moment:
                    os.kill(os.getpid(), signal.SIGKILL)
            return lines

        ours = f"{os.sep}sevenfold{os.sep}"
        sys.settrace(lambda frame, event, argument: lines if ours in frame.f_code.co_filename else None)
        _end_after(work)
    return "a line" if _killed(os.waitpid(child, 0)[1]) else None


def _end_after(work: Callable[[], None]) -> None:
    """Do the work and end this process without any clean-up."""
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _killed(status: int) -> bool:
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the work ended with {code}")
    return code != 0


# System calls of Linux on x86-64 by what they change: an open file, or a path at a place among the arguments.
_BY_FILE = {1: "write", 18: "pwrite64", 20: "writev", 296: "pwritev", 328: "pwritev2", 74: "fsync", 75: "fdatasync",
            77: "ftruncate", 91: "fchmod", 285: "fallocate", 326: "copy_file_range", 40: "sendfile"}  # fmt: skip
_BY_PATH = {2: "open", 85: "creat", 76: "truncate", 82: "rename", 83: "mkdir", 84: "rmdir", 86: "link", 87: "unlink",
            90: "chmod"}  # fmt: skip
_BY_FOLDER = {257: "openat", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 268: "fchmodat",
              316: "renameat2"}  # fmt: skip
_FLAGS = {"open": 1, "openat": 2}  # which argument says whether the file is made or emptied
_MAKES = os.O_CREAT | os.O_TRUNC
_REGISTERS = (14 * 8, 13 * 8, 12 * 8, 7 * 8)  # offsets of the first four arguments in the kernel's `struct user`
_CALL, _SIZE = 15 * 8, 12 * 8
_TRACE_ME, _PEEK_USER, _POKE_USER, _CONTINUE, _TO_EXIT, _OPTIONS = 0, 3, 6, 7, 24, 0x4200
_FOLLOW = 0x2 | 0x4 | 0x8 | 0x80 | 0x100000  # forks, vforks, clones, seccomp's stops; all die with the parent
_SECCOMP_STOP, _ALL = 7, 0x40000000


def can_trace(folder: Path) -> bool:
    """Whether system calls can be counted here."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    probe = folder / "probe"
    try:
        return _traced(lambda: probe.mkdir(), folder, 1) is not None and not probe.exists()
    except (OSError, RuntimeError):
        return False


def _traced(work: Callable[[], None], folder: Path, moment: int) -> str | None:
    """Kill at the given moment; what the process was about to do, or None where the work ends before."""
    child = os.fork()
    if child == 0:
        try:
            _ptrace(_TRACE_ME)
            os.kill(os.getpid(), signal.SIGSTOP)
            _stop_at_write_steps()
        except BaseException:
            os._exit(2)
        _end_after(work)
    os.waitpid(child, 0)
    _ptrace(_OPTIONS, child, 0, _FOLLOW)
    _ptrace(_CONTINUE, child)
    return _Count(child, folder, moment).run()


@dataclass
class _Count:
    """Follows a process and all its threads and children."""

    child: int
    folder: Path
    moment: int
    seen: int = 0
    step: str | None = None
    known: set[int] = field(default_factory=set)

    def run(self) -> str | None:
        status_of_child = None
        while True:
            try:
                pid, status = os.waitpid(-1, _ALL)
            except ChildProcessError:
                break
            if not os.WIFSTOPPED(status):
                if pid == self.child:
                    status_of_child = status
                continue
            self.known.add(pid)
            signal_number, event = os.WSTOPSIG(status), status >> 16
            if event == _SECCOMP_STOP and self.step is None:
                self._at(pid)
            if self.step is not None:
                self._kill_all()
            else:
                hidden = event or signal_number in (signal.SIGSTOP, signal.SIGTRAP)
                self._go_on(pid, 0 if hidden else signal_number)
        if status_of_child is None or _killed(status_of_child) != (self.step is not None):
            raise RuntimeError(f"the work ended strangely: {status_of_child}")
        return self.step

    def _at(self, pid: int) -> None:
        step = self._step(pid)
        if step is None:
            return
        self.seen += 1
        if self.seen == self.moment:
            self.step = step
        elif step.startswith(("write ", "pwrite64 ")) and (size := _ptrace(_PEEK_USER, pid, _SIZE)) > 1:
            self.seen += 1
            if self.seen == self.moment:
                _ptrace(_POKE_USER, pid, _SIZE, size // 2)
                _ptrace(_TO_EXIT, pid)
                os.waitpid(pid, _ALL)
                self.step = f"half of {step} of {size} bytes"

    def _step(self, pid: int) -> str | None:
        """What the process is about to do below the folder, or None."""
        number = _ptrace(_PEEK_USER, pid, _CALL)
        name = _BY_FILE.get(number) or _BY_PATH.get(number) or _BY_FOLDER.get(number)
        if name is None:
            return None
        if name in _FLAGS and not _ptrace(_PEEK_USER, pid, _REGISTERS[_FLAGS[name]]) & _MAKES:
            return None
        first, second, third, fourth = (_ptrace(_PEEK_USER, pid, register) for register in _REGISTERS)
        if number in _BY_FILE:
            paths = [_of_file(pid, third if name == "copy_file_range" else first)]
        elif number in _BY_PATH:
            paths = [_text(pid, first)] + ([_text(pid, second)] if name in ("rename", "link") else [])
        else:
            paths = [str(Path(_of_file(pid, first)) / _text(pid, second))]
            if name in ("renameat", "linkat", "renameat2"):
                paths.append(str(Path(_of_file(pid, third)) / _text(pid, fourth)))
        inside = [path for path in paths if path.startswith(str(self.folder))]
        return f"{name} {' '.join(p.removeprefix(str(self.folder)) for p in inside)}" if inside else None

    def _go_on(self, pid: int, signal_number: int) -> None:
        try:
            _ptrace(_CONTINUE, pid, 0, signal_number)
        except ProcessLookupError:  # it has just ended
            self.known.discard(pid)

    def _kill_all(self) -> None:
        for pid in [self.child, *self.known]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _of_file(pid: int, number: int) -> str:
    """The path of an open file; the working directory's for the number that stands for it."""
    signed = ctypes.c_int(number & 0xFFFFFFFF).value
    try:
        return str(Path(f"/proc/{pid}/cwd" if signed == -100 else f"/proc/{pid}/fd/{signed}").readlink())
    except OSError:
        return ""


def _text(pid: int, address: int) -> str:
    """The text that ends with a zero at an address of the process."""
    found = b""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:  # noqa: PTH123
        memory.seek(address)
        while b"\0" not in found:
            found += memory.read(4096 - (address + len(found)) % 4096)  # never over a page's end
    return os.fsdecode(found.partition(b"\0")[0])


def _ptrace(request: int, pid: int = 0, address: int = 0, data: int = 0) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ctypes.set_errno(0)
    value = int(libc.ptrace(request, pid, address, data))
    if value == -1 and ctypes.get_errno():
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


def _stop_at_write_steps() -> None:
    """From now on this process and what it begins stop for their tracer at these calls; all others run freely."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    numbers = [*_BY_FILE, *_BY_PATH, *_BY_FOLDER]
    load, jump_if_equal, give = 0x20, 0x15, 0x06
    allow, trace = 0x7FFF0000, 0x7FF00000
    steps = [struct.pack("HBBI", load, 0, 0, 0)]
    steps += [struct.pack("HBBI", jump_if_equal, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    steps += [struct.pack("HBBI", give, 0, 0, allow), struct.pack("HBBI", give, 0, 0, trace)]
    program = Program(len(steps), b"".join(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    if libc.prctl(38, 1, None, 0, 0) or libc.prctl(22, 2, ctypes.addressof(program), 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
