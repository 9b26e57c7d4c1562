"""Sevenfold as a system in a side-by-side harness of AutoML systems.

The harness hands a pandas frame with its target, a task, a metric, a budget in seconds, threads and a seed, and asks
for predictions, a saved model, and the same from a fresh process. Put this file among its adapters, register it as
`"sevenfold": ("adapter", "Sevenfold", {}, "sevenfold")`, and start the harness with an environment that has the
package with the extras `boost` and `files`.
"""

from pathlib import Path

from . import System


class Sevenfold(System):
    """Defaults only: task, metric, budget, threads and seed are passed on."""

    packages = ("sevenfold", "lightgbm", "scikit-learn", "polars", "numpy", "catboost", "xgboost-cpu")

    def imports(self):
        import sevenfold  # noqa: F401

    def fit(self, train, ctx):
        import sevenfold

        self.run = sevenfold.train(
            train,
            target=ctx.target,
            task=ctx.task,
            metric=ctx.metric,
            budget=f"{ctx.budget}s",
            threads=ctx.threads,
            seed=ctx.seed,
            out=str(Path(ctx.workdir) / "run"),
        )
        self.model = self.run.model

    def predict_proba(self, X):
        return self.model.classes, self.model.predict_proba(X)

    def predict(self, X):
        return self.model.predict(X)

    def save(self, path):
        target = Path(path) / "model.sevenfold"
        target.write_bytes(self.run.folder.model.read_bytes())
        return path

    def load(self, path, ctx):
        import sevenfold

        self.model = sevenfold.load(Path(path) / "model.sevenfold")

    def info(self):
        return {"trials": self.run.result["trials"], "chosen": self.run.result["description"]}
