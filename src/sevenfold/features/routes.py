"""Which features each family of models is given. One function a family; thresholds stand together at the top."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.core.inputs import Form
from sevenfold.core.model import Trait
from sevenfold.features.draft import Draft

# Levels up to which a category gets a column each: trees, linear models, and models of distance, whose every
# column dilutes the others.
_TREE_COLUMNS = 10
_LINEAR_COLUMNS = 50
_DISTANCE_COLUMNS = 20
# Levels above which splits on single levels overfit, so that trees are helped by means and frequencies.
_MANY_LEVELS = 200
_MOST_TOPICS = 64
# Columns above which distances drown in noise.
_DISTANCE_WIDTH = 200


def native_trees(draft: Draft) -> None:
    """Boosted trees that take categories and missing values as they are."""
    plain = draft.numbers + draft.flags
    if plain:
        draft.step("numbers", "passthrough", plain)
        draft.decide(plain, "as it is", "The model takes numbers of any scale, and missing ones.")
    encoded = draft.with_levels(_TREE_COLUMNS) if draft.style == "target-encoded" else []
    codes = [name for name in draft.categories if name not in encoded]
    if codes:
        draft.step("codes", "ordinal", codes)
        draft.decide(codes, "codes", "The model splits on sets of levels by itself.")
    large = [name for name in draft.with_levels(_MANY_LEVELS) if name not in encoded]
    if encoded + large:
        draft.step("means", "target_encode", encoded + large)
        draft.decide(encoded, "cross-fitted target means", "The style asks for means in place of codes.")
        draft.decide(large, "also target means", f"More than {_MANY_LEVELS} levels: single ones have few rows.")
    _frequencies(draft, large)
    _tree_rest(draft, native=True)


def plain_trees(draft: Draft) -> None:
    """Trees that take numbers only."""
    bare = Trait.MISSING in draft.spec.traits
    numbers = draft.numbers + draft.flags
    choice = "as it is" if bare else "filled in, missing ones marked"
    draft.decide(numbers, choice, "The model splits numbers of any scale.")
    ordered = _orders(draft, draft.categories)
    nominal = [name for name in draft.categories if name not in ordered]
    limit = 2 if draft.style == "target-encoded" else _TREE_COLUMNS
    small = [name for name in nominal if draft.distinct[name] <= limit]
    large = [name for name in nominal if draft.distinct[name] > limit]
    made: list[str] = []
    if ordered:
        made.append(draft.step("ordered", "ordered", list(ordered), {"orders": ordered}, give=False))
        draft.decide(list(ordered), "its place in order", "Its levels have a natural order, which a tree can split.")
    if small:
        draft.step("columns", "one_hot", small)
        draft.decide(small, "a column a level", f"At most {limit} levels.")
    if large:
        draft.step("means", "target_encode", large)
        draft.decide(large, "cross-fitted target means", f"More than {limit} levels, and the model takes no codes.")
    _frequencies(draft, [name for name in large if draft.distinct[name] > _LINEAR_COLUMNS])
    made += _tree_rest(draft, native=False)
    if numbers or made:
        draft.step("numbers", "passthrough" if bare else "impute", [*numbers, *made])


def linear(draft: Draft) -> None:
    """Weighted sums: what bends or differs by level must be given as columns of its own."""
    sparse = Form.SPARSE in draft.spec.accepts
    made = _dates(draft, trees=False)
    made += _inner_figures(draft, trees=False)
    numbers = draft.numbers + draft.flags
    if draft.style == "with-ratios" and len(draft.numbers) > 1:
        made.append(_ratios(draft))
    if numbers or made:
        filled = draft.step("filled", "impute", [*numbers, *made], give=False)
        if draft.style == "expanded" and draft.numbers:
            draft.step("ranks", "quantile", [filled])
            draft.step("curves", "splines", draft.numbers, {"shape": "cubic"})
            draft.decide(numbers, "filled in, ranked, and as curves", "The style lets a weighted sum bend.")
        else:
            draft.step("scaled", "scale", [filled])
            draft.decide(numbers, "filled in, marked, scaled", "A weighted sum needs complete numbers on one scale.")
    limit = 2 if draft.style == "target-encoded" else _LINEAR_COLUMNS
    small, large = draft.with_levels(high=limit), draft.with_levels(limit)
    if small:
        draft.step("columns", "one_hot", small)
        draft.decide(small, "a column a level", f"At most {limit} levels.")
    if large:
        means = draft.step("means", "target_encode", large, give=False)
        draft.step("scaled_means", "scale", [means])
        draft.decide(large, "cross-fitted target means", f"More than {limit} levels.")
        if sparse:
            draft.step("sparse", "one_hot_sparse", large, {"limit": 100_000})
            draft.decide(large, "also a sparse column a level", "The model takes sparse columns, and shrinks them.")
    _frequencies(draft, [] if sparse else large)
    if draft.style == "expanded" and len(draft.categories) > 1:
        pairs = draft.step("pairs", "category_pairs", draft.categories, give=False)
        if sparse:
            draft.step("crossed", "one_hot_sparse", [pairs])
        else:
            draft.step("crossed", "target_encode", [pairs])
    if sparse:
        _sparse_text(draft)
    else:
        _dense_text(draft)
    _images(draft)


def distance(draft: Draft) -> None:
    """Neighbours, kernels, networks of plain numbers: every input complete, and of like spread."""
    _spread(draft, codes=False)


def network(draft: Draft) -> None:
    """Networks that embed categories."""
    _spread(draft, codes=True)


def _spread(draft: Draft, codes: bool) -> None:
    made = _dates(draft, trees=False) + _inner_figures(draft, trees=False)
    numbers = draft.numbers + draft.flags
    if draft.style == "with-ratios" and len(draft.numbers) > 1:
        made.append(_ratios(draft))
    limit = 2 if draft.style == "target-encoded" else _DISTANCE_COLUMNS
    small, large = draft.with_levels(high=limit), draft.with_levels(limit)
    if codes:
        if draft.categories:
            draft.step("codes", "ordinal", draft.categories, {"minimum": 2})
            draft.decide(draft.categories, "codes", "The model learns a vector for each level.")
        large = draft.with_levels(_MANY_LEVELS) if draft.style != "target-encoded" else large
    elif small:
        draft.step("columns", "one_hot", small)
        draft.decide(small, "a column a level", f"At most {limit} levels.")
    if large:
        made.append(draft.step("means", "target_encode", large, give=False))
        draft.decide(large, "cross-fitted target means", "Too many levels for a column each.")
    if draft.style == "frequency" and draft.categories:
        made.append(draft.step("shares", "frequency", draft.categories, give=False))
    if numbers or made:
        filled = draft.step("filled", "impute", [*numbers, *made], give=False)
        wide = len(numbers) > _DISTANCE_WIDTH
        spread = draft.step("spread", "quantile", [filled], give=not wide)
        draft.decide(numbers, "filled in, marked, ranked", "The model compares distances: all need like spreads.")
        if wide:
            draft.step("kept", "select_l1", [spread])
            draft.decide(numbers, "kept if selected", f"Of {len(numbers)} columns most would be noise in a distance.")
    if Form.SPARSE in draft.spec.accepts:
        _sparse_text(draft)
    else:
        _dense_text(draft)
    _images(draft)


def pictures(draft: Draft) -> None:
    """Networks that look at pictures."""
    chosen = draft.task.roles.get("image", draft.images[0] if draft.images else "")
    for name in draft.numbers + draft.flags + draft.categories + draft.dates + draft.texts:
        draft.decline(name, "The model takes pictures only.")
    for name in draft.images:
        if name == chosen:
            draft.step("pixels", "picture_pixels", [name])
            draft.decide([name], "pixels", "The model looks at pictures.")
        else:
            draft.decline(name, f"The model looks at one picture a row, and that is '{chosen}'.")


def recommender(draft: Draft) -> None:
    """Models of who liked what."""
    user, item = draft.task.roles["user"], draft.task.roles["item"]
    draft.step("ids", "id_codes", [user, item])
    draft.decide([user, item], "codes", "The model learns from who met which item.")
    for name in draft.numbers + draft.flags + draft.categories + draft.dates + draft.texts + draft.images:
        if name not in (user, item):
            draft.decline(name, "The model learns from users and items alone.")


def _tree_rest(draft: Draft, native: bool) -> list[str]:
    """Dates, text and combinations for trees; returns steps that still need filling in where not `native`."""
    made = _dates(draft, trees=True) + _inner_figures(draft, trees=True)
    if draft.style == "with-ratios" and len(draft.numbers) > 1:
        made.append(_ratios(draft))
    if draft.style == "target-encoded" and len(draft.categories) > 1:
        pairs = draft.step("pairs", "category_pairs", draft.categories, give=False)
        draft.step("pair_means", "target_encode", [pairs])
    worded = draft.worded() + draft.texts
    if worded:
        words = draft.step("firsts", "text_words", worded, give=native)
        if not native:
            draft.step("first_means", "target_encode", [words])
        draft.decide(worded, "its first words as categories", "First words are often a brand, a kind, a title.")
    if draft.texts:
        made.append(draft.step("writing", "text_stats", draft.texts, give=False))
        _dense_text(draft)
    _images(draft)
    if native:
        draft.outputs.extend(reference.removeprefix("@") for reference in made)
    return made


def _dates(draft: Draft, trees: bool) -> list[str]:
    """Steps that turn dates into numbers; what grows without end is kept from models that would extrapolate it."""
    by_time = draft.task.time is not None
    if draft.task.time in draft.numbers and by_time and not trees:
        draft.numbers.remove(str(draft.task.time))
        draft.decline(str(draft.task.time), "The split is by time: later values lie outside all that is learned from.")
    if not draft.dates:
        return []
    forever = trees or not by_time
    made = [draft.step("calendar", "date_parts", draft.dates, {"year": forever, "cycles": not trees}, give=False)]
    if forever:
        reason = "A tree keeps its last level for later dates." if by_time else "Dates hold seasons and a trend."
    else:
        reason = "Seasons only: the split is by time, and a later year lies outside all that is learned from."
    draft.decide(draft.dates, "calendar parts", reason)
    if forever or len(draft.dates) > 1:
        made.append(draft.step("elapsed", "elapsed", draft.dates, {"since": forever}, give=False))
        draft.decide(draft.dates, "elapsed time", "Durations between dates often matter more than dates.")
    return made


def _inner_figures(draft: Draft, trees: bool) -> list[str]:
    # A weighted sum or a distance can make nothing of the years and amounts that free text mentions.
    columns = draft.figured() + (draft.texts if trees else [])
    if not columns:
        return []
    draft.decide(columns, "its figures", "Figures stand inside the strings.")
    return [draft.step("figures", "text_numbers", columns, give=False)]


def _ratios(draft: Draft) -> str:
    draft.decide(draft.numbers, "ratios, differences, products", "Pairs that tell more than both parts are kept.")
    return draft.step("ratios", "ratios", draft.numbers, give=False)


def _frequencies(draft: Draft, large: Sequence[str]) -> None:
    columns = draft.categories if draft.style == "frequency" else list(large)
    if columns:
        draft.step("shares", "frequency", columns)
        draft.decide(columns, "frequency", "Rare levels often behave unlike common ones.")


def _sparse_text(draft: Draft) -> None:
    if not draft.texts:
        return
    draft.step("words", "tfidf", draft.texts)
    draft.step("letters", "tfidf", draft.texts, {"unit": "characters", "low": 3, "high": 5, "longest": 2000})
    draft.decide(draft.texts, "weighted words and letters", "The model takes sparse columns.")


def _dense_text(draft: Draft) -> None:
    if not draft.texts:
        return
    words = draft.step("words", "tfidf", draft.texts, give=False)
    # A topic for every fifty rows: more of them than that would be learned by heart.
    topics = min(_MOST_TOPICS, max(4, draft.rows // 50))
    draft.step("topics", "text_svd", [words], {"components": topics})
    draft.decide(draft.texts, "topics of weighted words", "The model takes dense columns only.")


def _images(draft: Draft) -> None:
    """Pictures are left to networks, unless there is nothing else to look at."""
    alone = not draft.steps
    if alone and draft.images:
        draft.step("shapes", "picture_hog", draft.images[:1])
        draft.step("colours", "picture_stats", draft.images[:1])
        draft.decide(draft.images[:1], "shapes and colours as numbers", "There is no other column to learn from.")
    for name in draft.images[1:] if alone else draft.images:
        draft.decline(name, f"{draft.spec.title} takes no pictures.")


def _orders(draft: Draft, names: Sequence[str]) -> dict[str, list[str]]:
    """The order of levels, from lowest to highest, of those columns whose schema holds one."""
    found = {name: draft.columns[name].parse.get("order") for name in names}
    return {name: [str(level) for level in order] for name, order in found.items() if order}
