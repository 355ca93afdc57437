"""The pictures, plain SVG on logarithmic scales: a line a benchmark; a curve for what was measured at several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .measure import FLOOR, LIBRARY, RELEASED
from .results import Result, Run
from .targets import duration

_LEFT, _WIDTH, _ROW, _TOP = 430, 560, 19, 54
_COLORS = {LIBRARY: "#1b7f5c", RELEASED: "#c0392b", FLOOR: "#34495e"}
_OTHER = "#a9a9a9"
_OTHERS = "others measured beside it"
_STYLE = "font-family: sans-serif; font-size: 11px"


def picture(run: Run) -> str:
    """Return the picture of a run."""
    results = [result for result in run.results if result.outcomes]
    if not results:
        return _svg(120, [_text(10, 20, "nothing was measured", "start")])
    times = [outcome.median for result in results for outcome in result.outcomes]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    height = _TOP + _ROW * len(results) + 30
    parts = _scale(low, max(high, low + 1), height)
    for number, result in enumerate(results):
        parts += _row(result, _TOP + _ROW * number + _ROW / 2, low, max(high, low + 1))
    return _svg(height, [*_legend(), *parts])


def growth_picture(runs: Sequence[Run]) -> str:
    """Return how the library's times grow with the number of documents."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for run in runs:
        for result in run.results:
            for outcome in result.outcomes:
                if outcome.label == LIBRARY:
                    curves.setdefault(result.title, []).append((run.facts.documents, outcome.median))
    curves = {title: points for title, points in curves.items() if len(points) > 1}
    if not curves:
        return _svg(120, [_text(10, 20, "nothing was measured at two sizes", "start")])
    times = [seconds for points in curves.values() for _, seconds in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    counts = sorted({count for points in curves.values() for count, _ in points})
    height, right = 620.0, 300.0

    def place(count: int, seconds: float) -> tuple[float, float]:
        x = 70 + (_LEFT + _WIDTH - right - 70) * math.log(count / counts[0]) / math.log(counts[-1] / counts[0])
        return x, height - 50 - (height - 80) * (math.log10(seconds) - low) / (high - low)

    parts = []
    for power in range(low, high + 1):
        (x, y), (end, _) = place(counts[0], 10.0**power), place(counts[-1], 10.0**power)
        parts += [_line(x, y, end, y, "#eeeeee"), _text(x - 6, y + 4, duration(10.0**power), "end")]
    parts += [_text(place(count, 1)[0], height - 20, f"{count:,} documents", "middle") for count in counts]
    ends = []
    for number, (title, points) in enumerate(curves.items()):
        color = f"hsl({360 * number // len(curves)}, 60%, 40%)"
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        ends.append((place(*points[-1]), title, color))
    free = math.inf
    for (x, y), title, color in sorted(ends, key=lambda end: -end[0][1]):  # names from below, one over the other
        free = min(y + 4, free - 13)
        parts.append(_text(x + 8, free, _short(title, 52), "start").replace("<text", f'<text fill="{color}"'))
    return _svg(height, parts)


def _row(result: Result, y: float, low: int, high: int) -> list[str]:
    """Return the line of a benchmark; the library's dot on top."""
    parts = [_text(_LEFT - 10, y + 4, _short(result.title), "end")]
    places = [(_x(outcome.median, low, high), outcome) for outcome in result.outcomes]
    parts.append(_line(min(x for x, _ in places), y, max(x for x, _ in places), y, "#dddddd"))
    for x, outcome in sorted(places, key=lambda place: place[1].label == LIBRARY):
        first, third = outcome.quartiles
        color = _COLORS.get(outcome.label, _OTHER)
        parts.append(_line(_x(first, low, high), y, _x(third, low, high), y, color))
        title = f"<title>{escape(outcome.label)}: {duration(outcome.median)}</title>"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{color}">{title}</circle>')
    return parts


def _scale(low: int, high: int, height: float) -> list[str]:
    parts = []
    for power in range(low, high + 1):
        x = _x(10.0**power, low, high)
        parts.append(_line(x, _TOP - 4, x, height - 26, "#eeeeee"))
        parts.append(_text(x, height - 10, duration(10.0**power), "middle"))
    return parts


def _legend() -> list[str]:
    parts, x = [], _LEFT
    for label, color in (*_COLORS.items(), (_OTHERS, _OTHER)):
        parts.append(f'<circle cx="{x}" cy="20" r="4.5" fill="{color}"/>')
        parts.append(_text(x + 9, 24, label, "start"))
        x += 28 + 7 * len(label)
    return parts


def _x(seconds: float, low: int, high: int) -> float:
    return _LEFT + _WIDTH * (math.log10(max(seconds, 10.0**low)) - low) / (high - low)


def _short(text: str, most: int = 72) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="1.5"/>'


def _svg(height: float, parts: Sequence[str]) -> str:
    width = _LEFT + _WIDTH + 40
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" style="{_STYLE}">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>"]) + "\n"
