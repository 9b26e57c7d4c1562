"""What must be kept of the budget for the end: settling on a model, judging it, packing it, fitting it on all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sevenfold.core.model import Trait
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.final import MOST_MEMBERS
from sevenfold.tuning.limits import DEFAULT_BYTES
from sevenfold.tuning.pulse import Pulse
from sevenfold.tuning.trial import Status, Trial

# Seconds on an ordinary idle core, seen in runs on small tables, and the growth with what is deployed.
_SETTLE_SECONDS = 0.15
_EVALUATE_SECONDS = 0.8
_PACK_SECONDS = 0.3
_SECONDS_A_MEMBER, _SECONDS_A_FIT = 0.05, 0.03  # of those that may be deployed: each is loaded, packed and tried
_SECONDS_A_MEGABYTE = 0.03  # a member is loaded, packed, compressed, and loaded again
_LIBRARY_SECONDS: Mapping[str, float] = {"catboost": 0.6, "xgboost": 0.3, "image_network": 1.0}
_JOINS = 0.15  # share of the leader's gain over the constant that a member of a blend may give up, usually
_LOOKS = 1.5  # at the test rows: the score, and other views on samples of them
_EXTRA_SHARE, _EXTRA_LEAST, _EXTRA_MOST = 0.03, 0.2, 20.0  # importances, slices and the like, of the budget
_MOST_SHARE = 0.42
_ALL_SHARE = 0.8  # at most, with what students may take
_REFIT_SHARE, _REFIT_MOST = 0.25, 0.4  # of the budget: before anything is known, and at most


@dataclass(frozen=True)
class Reserve:
    """Seconds to keep back, from what was measured in this run.

    Args:
        budget: of the whole run.
        pulse: how slow the machine is at present.
        test_rows, valid_rows: sealed rows, and rows that a fold validates.
        slots: fits at once.
        growth: rows of a last fit over those of a fold's fit; 0 where there is no last fit.
        needed: there is a last fit whatever it costs, as folds are not averaged.
        enough_folds: of a trial, with which it needs no last fit; 0 where it gets one if there is time.
        sealed: the needed last fit is followed by another one, on the sealed rows as well, beside the judging.
        students: seconds for teaching students what was found, where a limit may ask for it.
    """

    budget: float
    pulse: Pulse = field(default_factory=Pulse)
    test_rows: int = 0
    valid_rows: int = 1
    slots: int = 1
    growth: float = 0.0
    needed: bool = False
    enough_folds: int = 0
    sealed: bool = False
    students: float = 0.0
    _known: dict[tuple[tuple[int, int], ...], list[Trial]] = field(default_factory=dict, compare=False, repr=False)
    _members: set[str] = field(default_factory=set, compare=False, repr=False)
    _weighed: set[str] = field(default_factory=set, compare=False, repr=False)

    def expect(self, members: Sequence[Trial], trials: Sequence[Trial]) -> None:
        """Keep time for these, which would be deployed if the search ended now, and for whatever beats one of them
        later; for the others of `trials`, which they were chosen from, none."""
        self._known.clear()
        self._members.clear()
        self._members.update(t.name for t in members)
        self._weighed.update(t.name for t in trials if t.status is Status.FINISHED)

    def before_refit(self, trials: Sequence[Trial]) -> float:
        """For everything but last fits."""
        settle = self._slowness * _SETTLE_SECONDS
        return min(_MOST_SHARE * self.budget, settle + self.judging(trials) + self.packing(trials))

    def judging(self, trials: Sequence[Trial]) -> float:
        """For the score of the sealed rows, and other views on the model."""
        leaders = self._leaders(trials)
        work = _EVALUATE_SECONDS
        work += sum(_LIBRARY_SECONDS.get(name, 0.0) for name in {t.recipe.model for t in leaders})
        # Fitted anew before it is judged, in place of the models of its folds.
        single = bool(self.growth) and bool(self.enough_folds) and _are_large(leaders)
        megabytes = sum(t.bytes / (len(t.folds) if single else 1) for t in leaders) / 1e6
        work += _SECONDS_A_MEGABYTE * min(megabytes, 200.0)  # models are asked from their files
        extra = min(max(_EXTRA_SHARE * self.budget, _EXTRA_LEAST), _EXTRA_MOST)
        return self._slowness * work + self._looks(leaders, single) + extra

    def settling(self, left_seconds: float, trials: Sequence[Trial]) -> float:
        """Of the seconds left, those for settling on a model: its own part, and what the search has not used."""
        return self._slowness * _SETTLE_SECONDS + max(0.0, left_seconds - self(trials))

    def packing(self, trials: Sequence[Trial]) -> float:
        """For card, bundle, report and the end of the process."""
        leaders = self._leaders(trials)
        # One last fit stands for those of the folds.
        alone = bool(self.growth) and (not self.enough_folds or _are_large(leaders))
        megabytes = sum(trial.bytes / (len(trial.folds) if alone else 1) for trial in leaders) / 1e6
        # A last fit that does not end in time leaves the models of the folds to be packed.
        work = _PACK_SECONDS + _SECONDS_A_MEMBER * len(leaders) + _SECONDS_A_FIT * sum(len(t.folds) for t in leaders)
        return self._slowness * (work + _SECONDS_A_MEGABYTE * min(megabytes, 200.0))

    def refit(self, members: Sequence[Trial]) -> float:
        """For fitting those members again on more rows that get such a fit: all of them where the models of their folds
        would take too much room."""
        large = _are_large(members)
        return self.last_fits([t for t in members if large or len(t.folds) < (self.enough_folds or float("inf"))])

    def last_fits(self, members: Sequence[Trial]) -> float:
        """For fitting members again on more rows, as measured on their folds."""
        if not self.growth or not members:
            return 0.0
        each = [t.seconds / len(t.folds) * self.growth for t in members]
        return max(sum(each) / self.slots, max(each))

    def __call__(self, trials: Sequence[Trial]) -> float:
        """All that is to be kept once the search has come so far."""
        kept = self.after_students(trials)
        return max(kept, min(kept + self.students, _ALL_SHARE * self.budget))

    def after_students(self, trials: Sequence[Trial]) -> float:
        """The same when students have been taught."""
        kept = self.before_refit(trials)
        if self.growth:
            leaders = self._leaders(trials)
            if any(t.origin != "yardstick" for t in leaders):
                most = _REFIT_MOST if self.needed else 0.5 * _REFIT_MOST
                # The leader's last fits are worth more of the time than those of all who might join it.
                wanted = min(most * self.budget, self._fits(trials, leaders))
                leading = min(_REFIT_MOST * self.budget, self._fits(trials, leaders[:1]))
                kept += 0.3 + max(0.0, wanted, leading)
            else:
                kept += _REFIT_SHARE * self.budget if self.needed else 0.05 * self.budget
        return kept

    def after_needed(self, trials: Sequence[Trial], members: Sequence[Trial]) -> float:
        """For the fit on the sealed rows as well that follows a needed one."""
        if not (self.needed and self.sealed):
            return 0.0
        return max(0.0, self.refit(members) - self._beside(trials))

    def _fits(self, trials: Sequence[Trial], members: Sequence[Trial]) -> float:
        """For all last fits of some trials, less what goes on beside the judging."""
        fits = self.refit(members)
        if self.needed:
            return fits + self.after_needed(trials, members)
        return fits if self.enough_folds else fits - self._beside(trials)

    def _beside(self, trials: Sequence[Trial]) -> float:
        """A last fit goes on while this process judges, which then has a core less to itself."""
        return (1.0 - 1.0 / self.slots) * self.judging(trials)

    @property
    def _slowness(self) -> float:
        """Half of what slows the machine is taken to be this run's own workers, which have stopped by then."""
        return min(self.pulse.slowness, 0.5 * (1.0 + self.pulse.slowness))

    def _leaders(self, trials: Sequence[Trial]) -> list[Trial]:
        real = [t for t in trials if t.status is Status.FINISHED and t.folds]
        key = tuple((id(t), len(t.folds)) for t in real)
        if key in self._known:  # asked many times between two results
            return self._known[key]
        self._known.clear()
        real = [t for t in real if Trait.BASELINE not in MODELS.get(t.recipe.model).spec.traits]
        leaders = sorted(real, key=lambda t: t.loss)[:MOST_MEMBERS]
        constant = next((t for t in trials if t.recipe.model == "constant" and t.folds), None)
        if leaders and constant is not None:
            worst = leaders[0].loss + _JOINS * max(0.0, constant.loss - leaders[0].loss)
            leaders = [t for t in leaders if t.loss <= worst]
        if self._members:
            members = [t for t in real if t.name in self._members]
            worst = max((t.loss for t in members), default=float("inf"))
            later = sorted((t for t in real if t.name not in self._weighed and t.loss < worst), key=lambda t: t.loss)
            leaders = sorted([*members, *later[:MOST_MEMBERS]], key=lambda t: t.loss)
        self._known[key] = leaders
        return leaders

    def _looks(self, leaders: Sequence[Trial], single: bool) -> float:
        """Predicting the sealed rows, by the time that the validated rows took.

        Args:
            single: with one fit of each, in place of those of its folds.
        """
        folds = [(1 / len(t.folds) if single else 1.0, t.folds.values()) for t in leaders]
        seconds = sum(share * r.predict_seconds for share, results in folds for r in results)
        return _LOOKS * seconds * self.test_rows / max(1, self.valid_rows)


def _are_large(members: Sequence[Trial]) -> bool:
    """Whether the models of all folds would take too much room together."""
    return sum(trial.bytes for trial in members) > DEFAULT_BYTES
