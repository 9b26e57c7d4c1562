"""What the log of a model means: it is the one truth, and whoever reads it comes to the same state.

Lines stand in the order in which MLflow numbered them. A line that moves an alias names the move that its writer had
seen last; where another move came in between, the line counts for nothing. So of several who decide on the same
state the first one succeeds, without locks, and a line that was written twice (a request that was sent again) counts
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sevenfold.deployment.registry.address import CHAMPION
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.records import ADD, PROMOTE, ROLLBACK, Entry, Version, stack_of


@dataclass
class History:
    """The state after some lines, and the lines that counted.

    Args:
        model: whose log it is.
        entries: lines that counted, oldest first.
        runs: the MLflow run that holds each version's file, by version.
        pointed: version of each alias.
        moved: number of the line that moved each alias last; 0 where none has.
        unreadable: numbers of lines that nobody can read.
        missing: numbers below the last one that are not there.
    """

    model: str
    entries: list[Entry] = field(default_factory=list)
    runs: dict[int, str] = field(default_factory=dict)
    pointed: dict[str, int] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    _versions: dict[int, Version] = field(default_factory=dict)
    _counted: dict[str, Entry] = field(default_factory=dict)
    _last: int = 0

    @classmethod
    def of(cls, model: str, lines: Iterable[tuple[int, Mapping[str, Any] | None]]) -> History:
        """The state after lines in the order of their numbers; None stands for a line that cannot be read."""
        history = cls(model)
        for number, said in lines:
            history.missing.extend(range(history._last + 1, number))
            history._last = number
            try:
                if said is None:
                    raise ValueError("no line of ours")
                history._take(number, said)
            except (ValueError, KeyError, TypeError):
                history.unreadable.append(number)
        return history

    @property
    def versions(self) -> list[Version]:
        """Every version, oldest first, with its aliases."""
        aliases: dict[int, list[str]] = {}
        for alias, version in sorted(self.pointed.items()):
            aliases.setdefault(version, []).append(alias)
        return [replace(v, aliases=tuple(aliases.get(v.version, ()))) for _, v in sorted(self._versions.items())]

    def with_digest(self, sha256: str) -> int | None:
        """The version whose file has that digest."""
        return next((v.version for v in self._versions.values() if v.sha256 == sha256), None)

    def stack(self, alias: str) -> list[int]:
        """The versions of an alias to go back through, the present one last."""
        return stack_of(entry for entry in self.entries if entry.alias == alias)

    def counted(self, key: str) -> Entry | None:
        """The line with that key, if it counted."""
        return self._counted.get(key)

    def _take(self, number: int, said: Mapping[str, Any]) -> None:
        key, action, alias, version = str(said["key"]), str(said["action"]), said["alias"], said["version"]
        if key in self._counted:
            return
        previous = None if alias is None else self.pointed.get(alias)
        if action == ADD:
            if version in self._versions or self.with_digest(said["sha256"]) is not None:
                return
            self._versions[version] = Version(
                self.model, int(version), str(said["sha256"]), int(said["bytes"]), Lineage.from_json(said["lineage"]),
                self.pointed.get(CHAMPION), str(said["time"]), str(said["who"]), str(said["why"]),
            )  # fmt: skip
            self.runs[version] = str(said["run"])
        elif action in (PROMOTE, ROLLBACK):
            seen = said["seen"]
            if version not in self._versions or (seen is not None and seen != self.moved.get(alias, 0)):
                return
            if action == ROLLBACK and self.stack(alias)[-2:-1] != [version]:
                return
            self.pointed[alias], self.moved[alias] = version, number
        else:
            previous = None
        entry = Entry(
            number, str(said["time"]), str(said["who"]), action, self.model, alias, version, previous,
            str(said["why"]), dict(said["details"]),
        )  # fmt: skip
        self.entries.append(entry)
        self._counted[key] = entry
