"""Effects by column and window, as one picture."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.report.charts import picture, shorten
from sevenfold.report.figures import figure
from sevenfold.report.markup import Markup, tag

_ROW, _TOP, _NAMES, _WIDTH = 22, 6, 200, 900
_FULL_EFFECT = 0.5  # as dark as it gets


def heatmap(
    title: str,
    names: Sequence[str],
    effects: Sequence[Sequence[float]],
    flagged: Sequence[Sequence[bool]],
    moments: Sequence[str],
    least_effect: float,
) -> Markup:
    """One row a column, one cell a window; cells that stand out are framed.

    Args:
        title: what it shows.
        names: (columns,).
        effects: by column, one a window, 0 to 1; a column without them gets no cells.
        flagged: whether a cell stands out.
        moments: when each window begins.
        least_effect: smaller ones are drawn the palest.
    """
    count = max(1, len(moments))
    wide = min(46.0, (_WIDTH - _NAMES - 20) / count)
    height = _TOP + _ROW * len(names) + 34
    drawn: list[Markup] = []
    for place, name in enumerate(names):
        top = _TOP + place * _ROW
        drawn.append(tag("text", tag("title", name), shorten(name, 28), x=_NAMES, y=top + 15, class_="name end"))
        for window, effect in enumerate(effects[place]):
            frame = window < len(flagged[place]) and flagged[place][window]
            strength = 0.06 if effect < least_effect / 2 else min(1.0, 0.12 + 0.88 * effect / _FULL_EFFECT)
            drawn.append(
                tag(
                    "rect",
                    tag("title", f"{name}, {moments[window]}: effect {figure(effect)}"),
                    x=round(_NAMES + 8 + window * wide, 1),
                    y=top + 2,
                    width=round(max(1.5, wide - 1.5), 1),
                    height=_ROW - 4,
                    rx=2,
                    class_="fill bad" if frame else "fill accent",
                    fill_opacity=round(strength, 3),
                    stroke="currentColor" if frame else None,
                    stroke_width=1.3 if frame else None,
                )
            )
    floor = _TOP + _ROW * len(names) + 14
    shown = sorted({0, count // 2, count - 1})
    for window in shown if moments else ():
        side = {0: "tick", count - 1: "tick end"}.get(window, "tick middle")
        middle = round(_NAMES + 8 + (window + 0.5) * wide, 1)
        drawn += [tag("text", moments[window], x=middle, y=floor, class_=side)]
    return picture(title, "", _WIDTH, height, *drawn)
