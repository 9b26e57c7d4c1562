"""The models that a server answers with: who asks for a name and a version is given the model behind it."""

from __future__ import annotations

from types import TracebackType

from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import HttpError


class Hosted:
    """One version of one model. Used from the event loop only; a block of `with` is one use.

    Args:
        model: predicts.
        name, version: under which clients know it.
        recorder: takes down what it is asked and answers.
    """

    def __init__(self, model: LoadedModel, name: str, version: str, recorder: Recorder | None = None) -> None:
        self.model = model
        self.name = name
        self.version = version
        self.recorder = recorder
        self.uses = 0  # requests that hold it now; nothing may be taken from it before this is zero

    def __enter__(self) -> Hosted:
        self.uses += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.uses -= 1


class Host:
    """Holds one model.

    Args:
        hosted: the model.
    """

    def __init__(self, hosted: Hosted) -> None:
        self._hosted = hosted

    @property
    def all(self) -> tuple[Hosted, ...]:
        """Every version of every model, the one that is meant where none is named first."""
        return (self._hosted,)

    @property
    def ready(self) -> bool:
        """Whether every model is loaded."""
        return True

    def pick(self, name: str | None, version: str | None, key: str) -> Hosted:
        """The model that answers one request.

        Args:
            name: None for the only or first one.
            version: None for the one that is in use.
            key: of the request; the same key is always given the same version.
        Raises:
            HttpError: 404, there is no such name or version.
        """
        if name not in (None, self._hosted.name):
            raise HttpError(404, "There is no such model here.")
        if version not in (None, self._hosted.version):
            raise HttpError(404, "There is no such version of the model here.")
        return self._hosted

    def use(self, name: str | None, version: str | None, key: str) -> Hosted:
        """`pick` for a block of `with`: the model stays until the block ends."""
        return self.pick(name, version, key)

    def close(self) -> None:
        """Write what the recorders still hold."""
        if self._hosted.recorder is not None:
            self._hosted.recorder.close()
