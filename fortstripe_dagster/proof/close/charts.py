"""Charts as inline SVG: they need no network, print sharply, and say their figures to a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from markupsafe import Markup, escape

WIDTH, HEIGHT = 520, 190
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 12, 24
"""Room for the figures of the axes, in the drawing's own units."""


def bars(title: str, days: Sequence[date], values: Sequence[Decimal], write: Callable[[Decimal], str]) -> Markup:
    """One bar a day."""
    scale = _Scale(values)
    step = Decimal(WIDTH - LEFT - RIGHT) / len(days)
    shapes = []
    for number, (day, value) in enumerate(zip(days, values, strict=True)):
        top, bottom = sorted((scale.y(value), scale.y(Decimal(0))))
        shapes.append(
            f'<rect x="{LEFT + number * step + step / 8:.1f}" y="{top:.1f}" width="{step * 3 / 4:.1f}" '
            f'height="{max(bottom - top, Decimal(0)):.1f}"><title>{day}: {escape(write(value))}</title></rect>'
        )
    return _drawing(title, days, scale, shapes, write)


def line(title: str, days: Sequence[date], values: Sequence[Decimal], write: Callable[[Decimal], str]) -> Markup:
    """A balance: it stays until it moves, so the line goes in steps."""
    scale = _Scale(values)
    step = Decimal(WIDTH - LEFT - RIGHT) / len(days)
    places = []
    for number, value in enumerate(values):
        places += [
            f"{LEFT + number * step:.1f},{scale.y(value):.1f}",
            f"{LEFT + (number + 1) * step:.1f},{scale.y(value):.1f}",
        ]
    floor = f"{scale.y(Decimal(0)):.1f}"
    shapes = [
        f'<polygon points="{LEFT},{floor} {" ".join(places)} {WIDTH - RIGHT},{floor}"/>',
        f'<polyline points="{" ".join(places)}"/>',
    ]
    return _drawing(title, days, scale, shapes, write)


class _Scale:
    """Kronor to height: the axis ends at round figures and always shows nought."""

    def __init__(self, values: Sequence[Decimal]) -> None:
        low, high = min([*values, Decimal(0)]), max([*values, Decimal(0)])
        self.step = _round_step(max((high - low) / 4, Decimal(1)))
        self.low = (low / self.step).to_integral_value("ROUND_FLOOR") * self.step
        self.high = max((high / self.step).to_integral_value("ROUND_CEILING") * self.step, self.low + self.step)

    def y(self, value: Decimal) -> Decimal:
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def marks(self) -> list[Decimal]:
        count = int((self.high - self.low) / self.step)
        return [self.low + self.step * number for number in range(count + 1)]


def _round_step(least: Decimal) -> Decimal:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    power = Decimal(10) ** least.adjusted()
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def _drawing(
    title: str, days: Sequence[date], scale: _Scale, shapes: list[str], write: Callable[[Decimal], str]
) -> Markup:
    step = Decimal(WIDTH - LEFT - RIGHT) / len(days)
    axes = []
    for mark in scale.marks():
        y = scale.y(mark)
        style = "zero" if mark == 0 else "grid"
        axes.append(f'<line class="{style}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        axes.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(write(mark))}</text>')
    for number, day in enumerate(days):
        if day.day == 1 or day.day % 5 == 0:
            x = LEFT + number * step + step / 2
            axes.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{day.day}</text>')
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(axes)}{''.join(shapes)}</svg>"
    )
