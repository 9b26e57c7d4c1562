"""`model.sevenfold`: the one file that is deployed. Data only; what it may hold is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import BundleError, SevenfoldError
from sevenfold.core.predictor import Predictor
from sevenfold.core.task import Task
from sevenfold.deployment.archive import read_archive, write_archive
from sevenfold.deployment.documents import canonical, parse
from sevenfold.deployment.files import write_whole
from sevenfold.deployment.golden import compare, compare_labels, decode_records, encode_records
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.predictions import profile_of_predictions
from sevenfold.deployment.runtime import Runtime
from sevenfold.deployment.signing import check_signature, trusted_keys
from sevenfold.deployment.squeeze import expand, squeeze
from sevenfold.deployment.states import describe, predictor_of, states_of

if TYPE_CHECKING:
    import polars as pl

# 1: every member as it is. 2: learned states may be compressed, see `squeeze`.
FORMAT = 2
READABLE = (1, 2)
DOCUMENT_LIMIT_BYTES = 256 * 2**20
DEPTH_LIMIT = 200
_DOCUMENTS = (
    "task.json", "schema.json", "recipe.json", "profile.json", "prediction.json", "source.json", "golden.json",
)  # fmt: skip
_LIBRARIES = ("numpy", "polars", "scipy", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "catboost", "torch")


@dataclass(frozen=True)
class Contents:
    """What a bundle is made of.

    Args:
        predictor: what predicts.
        schema: columns of the training data, the target among them.
        profile: profile of the training rows as plain data; monitoring compares with it.
        golden: some raw rows as the reader gave them; their predictions are stored with them.
        card: the model card, Markdown.
        metadata: plain data, among them `run`, `fingerprint`, `validation` and `test` (each value, low, high of the
            task's metric: monitoring compares `test` with what it measures), and, if known, `importance` by column
            (explanations tell the most important columns apart).
        source: how the training data were read (`Raw.source`), so that files to predict are read alike.
        predictions: (rows,) or (rows, classes) predictions of rows that the model has not learned from (out of fold);
            monitoring compares the predictions of live rows with them.
    """

    predictor: Predictor
    schema: Schema
    profile: Mapping[str, Any]
    golden: pl.DataFrame
    card: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    predictions: Floats | None = None


def save(path: Path, contents: Contents) -> None:
    """Write a bundle, complete or not at all. Equal contents give equal bytes.

    Raises:
        RequestError: the file cannot be written.
        BundleError: the contents cannot be stored as data.
    """
    write_whole(path, encode(contents))


def encode(contents: Contents) -> bytes:
    """The bytes of a bundle."""
    task, predictor = contents.predictor.task, contents.predictor
    records = encode_records(contents.golden)
    runtime = Runtime.of(predictor, contents.schema)
    answer = runtime.answer(decode_records(records))
    documents = {
        "task.json": task.to_json(),
        "schema.json": contents.schema.to_json(),
        "recipe.json": describe(predictor),
        "profile.json": dict(contents.profile),
        "prediction.json": profile_of_predictions(runtime, contents.predictions),
        "source.json": dict(contents.source),
        "golden.json": {
            "rows": records,
            "predictions": answer.values.tolist(),
            **({"labels": answer.labels.tolist()} if answer.has_classes else {}),
        },
    }
    try:
        members = {name: canonical(document) for name, document in documents.items()}
        members["card.md"] = contents.card.encode()
        members.update(squeeze(states_of(predictor)))
        return write_archive(_manifest(contents.metadata), members)
    except (TypeError, ValueError) as error:
        raise BundleError(
            "The model cannot be stored as data.", "plain values, arrays and bytes", str(error)
        ) from error


def load(
    path: Path, *, parts: Parts | None = None, isolated: bool = False, trust: Sequence[Path] | None = None
) -> LoadedModel:
    """The model of a bundle, which has reproduced its golden rows.

    Args:
        path: the file; it is taken for hostile until its structure, digests and states are checked.
        parts: catalogues to restore from; the installed ones by default.
        isolated: first load it in a child process with limits on memory and time, because libraries for model weights
            can abort the whole process on a broken file.
        trust: files of public keys, one of which must have signed the bundle; by default those that the environment
            variable SEVENFOLD_TRUST_KEY names, if any. Checked before anything else is read.
    Raises:
        BundleError: the file is not a bundle, is damaged, of an unknown version, not signed by a trusted key, or
            predicts otherwise here.
    """
    manifest, members, digest = read_archive(path)
    keys = trusted_keys(trust)
    if keys is not None:
        check_signature(manifest, keys)
    if isolated:
        from sevenfold.deployment.isolation import canary

        # What the child tried is what is loaded here, even if the file was exchanged in between.
        if canary(path, parts) != digest:
            raise BundleError("The model file changed while it was loaded.", "the same file", "another one")
    version_of_format = manifest.get("format")
    if type(version_of_format) is not int or version_of_format not in READABLE:
        raise BundleError(
            "The model file has a format that this version does not know.",
            f"format {' or '.join(map(str, READABLE))}",
            f"format {manifest.get('format')!r}, written by sevenfold {str(manifest.get('sevenfold'))[:40]!r}",
            "Install the version of Sevenfold that wrote it, or a newer one.",
        )
    if not isinstance(manifest.get("metadata"), dict):
        raise BundleError("The manifest of the model file tells nothing of it.", "metadata", "something else")
    documents = {name: _document(members, name) for name in _DOCUMENTS}
    strange = [n for n in members if n not in _DOCUMENTS and n != "card.md" and not n.startswith("state/")]
    if strange:
        raise BundleError("The model file holds members that do not belong there.", "known members", strange[0])
    try:
        task = Task.from_json(documents["task.json"])
        schema = Schema.from_json(documents["schema.json"])
        card = members["card.md"].decode()
        states = expand(members) if version_of_format > 1 else members
        runtime = Runtime.of(predictor_of(task, documents["recipe.json"], states, parts or Parts.installed()), schema)
        model = LoadedModel(
            runtime=runtime,
            schema=schema,
            profile=documents["profile.json"],
            prediction_profile=documents["prediction.json"],
            source=documents["source.json"],
            metadata=manifest["metadata"],
            card=card,
            example=example_of(documents["golden.json"], runtime),
            background=verify_golden(runtime, documents["golden.json"]),
            digest=digest,
        )
    except BundleError:
        raise
    except SevenfoldError as error:
        raise BundleError("The model file cannot be used.", "parts that fit together", error.what) from error
    except Exception as error:  # whatever a library raises on a hostile part, the caller sees one kind of error
        raise BundleError("The model file is damaged.", "parts that fit together", repr(error)[:300]) from error
    return model


def verify_golden(runtime: Runtime, golden: Mapping[str, Any]) -> pl.DataFrame:
    """Predict the golden rows again, and return them typed.

    Raises:
        BundleError: the predictions differ from the stored ones, or are of other classes than the task's.
    """
    answer = runtime.answer(decode_records(golden["rows"]))
    if answer.has_classes and answer.values.shape[1] != len(runtime.classes):
        raise BundleError(
            "The model does not fit its task.", f"probabilities of {len(runtime.classes)} classes",
            f"probabilities of {answer.values.shape[1]}",
        )  # fmt: skip
    compare(golden["predictions"], answer.values)
    if golden["rows"] and "labels" in golden:  # of the stored probabilities: no rounding moves them over a threshold
        compare_labels(golden["labels"], runtime.decide(np.array(golden["predictions"], dtype=np.float64)).tolist())
    return answer.reading.table


def example_of(golden: Mapping[str, Any], runtime: Runtime) -> dict[str, Any]:
    """The first golden row as a JSON record of the columns that the model uses."""
    first = golden["rows"][0] if golden["rows"] else {}
    return {
        name: next(iter(value.values())) if isinstance(value, dict) else value
        for name, value in first.items()
        if name in runtime.used
    }


def _manifest(metadata: Mapping[str, Any]) -> dict[str, Any]:
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"format": FORMAT, "sevenfold": own_version(), "libraries": libraries, "metadata": dict(metadata)}


def own_version() -> str:
    """Sevenfold's version, "unknown" where it is run without being installed."""
    try:
        return version("sevenfold")
    except PackageNotFoundError:
        return "unknown"


def _document(members: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in members:
        raise BundleError("The model file is incomplete.", name, "a file without it")
    try:
        document = parse(members[name], limit_bytes=DOCUMENT_LIMIT_BYTES, limit_depth=DEPTH_LIMIT)
    except SevenfoldError as error:
        raise BundleError(f"{name} in the model file cannot be read.", error.expected, error.what) from error
    if not isinstance(document, dict):
        raise BundleError(f"{name} in the model file is no object.", "a JSON object", type(document).__name__)
    return document
