"""Charts as inline SVG: lines, points, rows with intervals, grids, histograms. No script, no outside resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.report.axes import Frame, Scale, extent, ticks
from sevenfold.report.figures import figure, marking
from sevenfold.report.markup import Markup, join, tag, text


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Args:
        name: for the legend; "" keeps it out of it.
        x, y: points in order.
        low, high: limits around y, drawn as a band, or as bars where `marks`.
        tone: "accent", "second" or "muted".
        dashed: drawn dashed.
        marks: a dot at each point.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    tone: str = "accent"
    dashed: bool = False
    marks: bool = False


@dataclass(frozen=True)
class Mark:
    """One row of a row chart: a label, a value and its limits."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    tone: str = "accent"
    note: str = ""


def picture(title: str, description: str, width: int, height: int, *content: Markup) -> Markup:
    """An SVG with its text alternative."""
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description) if description else None,
        *content,
        viewBox=f"0 0 {width} {height}",
        style=f"max-width:{width}px",
        role="img",
        aria_label=f"{title}. {description}" if description else title,
        class_="chart",
    )


def line_chart(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    *,
    description: str = "",
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    points: tuple[Sequence[float], Sequence[float]] | None = None,
    width: int = 330,
    height: int = 250,
) -> Markup:
    """Lines over two numeric axes, with bands or bars for their limits and a cloud of points behind them."""
    cloud_x, cloud_y = points or ((), ())
    every_x = [v for line in lines for v in line.x] + list(cloud_x)
    every_y = [v for line in lines for part in (line.y, line.low, line.high) for v in part] + list(cloud_y)
    named = [line for line in lines if line.name]
    base = height - 40 - (20 if named else 0)
    x = Scale(*(x_range or extent(every_x, 0.02)), 46, width - 12)
    y = Scale(*(y_range or extent(every_y)), base, 24)
    drawn: list[Markup] = [Frame(x, y).drawn(x_label, y_label)]
    drawn += [
        tag("circle", cx=x(a), cy=y(b), r=2, class_="dot muted faint") for a, b in zip(cloud_x, cloud_y, strict=True)
    ]
    drawn += [_line(line, x, y) for line in lines]
    if named:
        drawn.append(_legend([(line.name, line.tone, line.dashed) for line in named], 46, height - 6))
    return picture(title, description, width, height, *drawn)


def _line(line: Line, x: Scale, y: Scale) -> Markup:
    made: list[Markup] = []
    if line.low and not line.marks:
        there = [f"{x(a)},{y(b)}" for a, b in zip(line.x, line.high, strict=True)]
        back = [f"{x(a)},{y(b)}" for a, b in zip(line.x, line.low, strict=True)]
        made.append(tag("polygon", points=" ".join(there + back[::-1]), class_=f"band {line.tone}"))
    path = " ".join(f"{x(a)},{y(b)}" for a, b in zip(line.x, line.y, strict=True))
    dashes = "5 4" if line.dashed else None
    made.append(tag("polyline", points=path, class_=f"line {line.tone}", stroke_dasharray=dashes))
    if line.marks:
        for i, (a, b) in enumerate(zip(line.x, line.y, strict=True)):
            if line.low:
                made.append(
                    tag("line", x1=x(a), x2=x(a), y1=y(line.low[i]), y2=y(line.high[i]), class_=f"bar {line.tone}")
                )
            made.append(tag("circle", cx=x(a), cy=y(b), r=3.5, class_=f"dot {line.tone}"))
    return join(made)


def _legend(entries: Sequence[tuple[str, str, bool]], left: float, baseline: float) -> Markup:
    made, place = [], left
    for name, tone, dashed in entries:
        dashes = "5 4" if dashed else None
        made.append(
            tag(
                "line",
                x1=place,
                x2=place + 18,
                y1=baseline - 4,
                y2=baseline - 4,
                class_=f"line {tone}",
                stroke_dasharray=dashes,
            )
        )
        made.append(tag("text", shorten(name, 24), x=place + 23, y=baseline, class_="tick"))
        place += 36 + 6.6 * min(len(name), 24)
    return join(made)


def row_chart(
    title: str,
    marks: Sequence[Mark],
    label: str,
    *,
    bars: bool = False,
    line_at: float | None = None,
    description: str = "",
    width: int = 560,
    label_width: int = 170,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """One row a mark: a dot or a bar from 0, its limits, and its value at the right."""
    values = [v for m in marks for v in (m.value, m.low, m.high) if v is not None]
    if bars:
        values.append(0.0)
    if line_at is not None:
        values.append(line_at)
    row, top = 28, 8
    height = top + row * len(marks) + 38
    x = Scale(*(limits or extent(values)), label_width + 10, width - 70)
    floor = top + row * len(marks)
    drawn: list[Markup] = []
    for value in ticks(x.low, x.high, 6):
        drawn.append(tag("line", x1=x(value), x2=x(value), y1=top, y2=floor, class_="grid"))
        drawn.append(tag("text", marking(value), x=x(value), y=floor + 15, class_="tick middle"))
    if line_at is not None:
        drawn.append(tag("line", x1=x(line_at), x2=x(line_at), y1=top, y2=floor, class_="rule"))
    drawn.append(tag("text", label, x=(x.start + x.end) / 2, y=floor + 32, class_="axis middle"))
    drawn += [_row(mark, x, top + row * i + row / 2, bars, label_width, width) for i, mark in enumerate(marks)]
    return picture(title, description or _spoken(marks), width, height, *drawn)


def _row(mark: Mark, x: Scale, middle: float, bars: bool, label_width: int, width: int) -> Markup:
    made = [
        tag(
            "text",
            tag("title", mark.label),
            shorten(mark.label, int(label_width / 7)),
            x=label_width,
            y=middle + 4,
            class_="name end",
        )
    ]
    if bars:
        left, right = sorted((x(0.0), x(mark.value)))
        made.append(
            tag("rect", x=left, y=middle - 8, width=round(right - left, 1), height=16, class_=f"fill {mark.tone}")
        )
    if mark.low is not None and mark.high is not None:
        thick = "whisker" if bars else f"bar {mark.tone}"
        made.append(tag("line", x1=x(mark.low), x2=x(mark.high), y1=middle, y2=middle, class_=thick))
    if not bars:
        made.append(tag("circle", cx=x(mark.value), cy=middle, r=5, class_=f"dot {mark.tone}"))
    made.append(tag("text", mark.note or figure(mark.value), x=width - 62, y=middle + 4, class_="value"))
    return join(made)


def _spoken(marks: Sequence[Mark]) -> str:
    return "; ".join(
        f"{m.label}: {figure(m.value)}"
        + (f" ({figure(m.low)} to {figure(m.high)})" if m.low is not None and m.high is not None else "")
        for m in marks[:12]
    )


def grid_chart(
    title: str, names: Sequence[str], counts: Sequence[Sequence[float]], x_label: str, y_label: str
) -> Markup:
    """A square of counts: shade by share of the row, count written in each cell where there is room."""
    side = max(22, min(70, 360 // max(1, len(names))))
    left, top = 110, 46
    extent_ = side * len(names)
    drawn = [
        tag("text", x_label, x=left + extent_ / 2, y=14, class_="axis middle"),
        tag("text", y_label, x=left - 8, y=32, class_="axis end"),
    ]
    turned = len(names) > 5 or any(len(name) > 9 for name in names)
    for i, name in enumerate(names):
        middle = left + side * i + side / 2
        short = shorten(name, 12 if len(names) <= 12 else 4)
        if not turned:
            drawn.append(tag("text", tag("title", name), short, x=middle, y=top - 8, class_="tick middle"))
        else:
            drawn.append(
                tag(
                    "text",
                    tag("title", name),
                    shorten(name, 5),
                    x=middle,
                    y=top - 8,
                    class_="tick middle",
                )
            )
        drawn.append(
            tag(
                "text",
                tag("title", name),
                shorten(name, 15),
                x=left - 8,
                y=top + side * i + side / 2 + 4,
                class_="tick end",
            )
        )
    written = side >= 30
    for i, line in enumerate(counts):
        total = sum(line) or 1.0
        for j, count in enumerate(line):
            share = count / total
            drawn.append(
                tag(
                    "rect",
                    tag("title", f"{names[i]} decided as {names[j]}: {figure(count)} ({share:.0%})"),
                    x=left + side * j,
                    y=top + side * i,
                    width=side - 2,
                    height=side - 2,
                    rx=3,
                    class_="fill good" if i == j else "fill bad",
                    fill_opacity=round(0.08 + 0.82 * share, 2) if count else 0.04,
                )
            )
            if written and count:
                drawn.append(
                    tag(
                        "text",
                        figure(count),
                        x=left + side * j + side / 2 - 1,
                        y=top + side * i + side / 2 + 4,
                        class_="cell middle strong" if share > 0.55 else "cell middle",
                    )
                )
    spoken = "; ".join(f"{names[i]}: {figure(row[i])} of {figure(sum(row))} right" for i, row in enumerate(counts))
    return picture(title, spoken, left + extent_ + 8, top + extent_ + 8, *drawn)


def histogram(
    title: str,
    edges: Sequence[float],
    series: Sequence[tuple[str, Sequence[float], str]],
    x_label: str,
    y_label: str = "share of rows",
    *,
    width: int = 330,
    height: int = 250,
) -> Markup:
    """Histograms over the same edges, each scaled to its own total and drawn over the other."""
    shares = [[c / (sum(counts) or 1) for c in counts] for _, counts, _ in series]
    base = height - 40 - (20 if len(series) > 1 else 0)
    x = Scale(edges[0], edges[-1], 46, width - 12)
    y = Scale(0.0, max(max(s) for s in shares) * 1.08 or 1.0, base, 24)
    drawn = [Frame(x, y).drawn(x_label, y_label)]
    for (_, _, tone), heights in zip(series, shares, strict=True):
        for low, high, share in zip(edges[:-1], edges[1:], heights, strict=True):
            drawn.append(
                tag(
                    "rect",
                    x=x(low),
                    y=y(share),
                    width=max(0.5, round(x(high) - x(low) - 1, 1)),
                    height=round(base - y(share), 1),
                    class_=f"fill half {tone}",
                )
            )
    if len(series) > 1:
        drawn.append(_legend([(name, tone, False) for name, _, tone in series], 46, height - 6))
    return picture(title, f"Histogram over {figure(edges[0])} to {figure(edges[-1])}", width, height, *drawn)


def spark(counts: Sequence[float], label: str, width: int = 96, height: int = 24) -> Markup:
    """A histogram small enough for a table cell."""
    highest = max(counts, default=0) or 1
    step = width / max(1, len(counts))
    bars = [
        tag(
            "rect",
            x=round(i * step, 1),
            y=round(height - max(1.0, height * count / highest), 1),
            width=round(max(0.5, step - 1), 1),
            height=round(max(1.0, height * count / highest), 1),
            class_="fill muted" if count else "fill faint",
        )
        for i, count in enumerate(counts)
    ]
    return tag(
        "svg",
        *bars,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=label,
        class_="spark",
    )


def shorten(name: str, longest: int) -> Markup:
    """A name cut to what fits, escaped."""
    return text(name if len(name) <= longest else name[: max(1, longest - 1)] + "…")
