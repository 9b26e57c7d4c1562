"""Where a server tells what it was asked and what it answered; `monitoring.log` keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sevenfold.deployment.runtime import Answer


class Recorder(ABC):
    """Takes down answers. It never raises and never waits: a log that fails must not fail a prediction."""

    @abstractmethod
    def record(self, request: str, answer: Answer) -> None:
        """Take down one request's rows and answers.

        Args:
            request: id of the request, which its labels will bear.
            answer: rows as they were read, and what was answered.
        """

    @property
    @abstractmethod
    def dropped(self) -> int:
        """Requests that could not be taken down."""

    @abstractmethod
    def close(self) -> None:
        """Write what is still waiting."""
