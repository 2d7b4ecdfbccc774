"""Small plots as inline SVG: values in, text out; no library and no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROW = 20


def bars(rows: Sequence[tuple[str, float]], width: int = 340, label: int = 150) -> str:
    """Return horizontal bars with their labels."""
    most = max((value for _, value in rows), default=0.0) or 1.0
    parts = []
    for i, (name, value) in enumerate(rows):
        y = i * _ROW
        size = (width - label) * value / most
        parts.append(
            f'<text x="{label - 6}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{label}" y="{y + 3}" width="{size:.1f}" height="{_ROW - 6}" rx="2">'
            f"<title>{escape(name)}: {value:.4f}</title></rect>"
        )
    return _svg(width, _ROW * len(rows), "".join(parts))


def bubbles(
    points: Floats, sizes: Sequence[float], labels: Sequence[str], ids: Sequence[int],
    kinds: Sequence[str], width: int = 640, height: int = 420,
) -> str:  # fmt: skip
    """Return circles on a plane: area by size, class by kind, each a link to its topic."""
    margin = 50
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    most = max(sizes) or 1.0
    parts = []
    # Small ones last, so that no circle hides another.
    for i in np.argsort(-np.asarray(sizes), kind="stable").tolist():
        x = margin + scaled[i, 0] * (width - 2 * margin)
        y = margin + scaled[i, 1] * (height - 2 * margin)
        radius = 8 + 30 * (sizes[i] / most) ** 0.5
        parts.append(
            f'<a href="#t{ids[i]}"><circle class="{escape(kinds[i])}" cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{radius:.1f}"><title>{escape(labels[i])}: {sizes[i]:.1%}</title></circle>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{ids[i]}</text></a>'
        )
    return _svg(width, height, "".join(parts))


def line(
    names: Sequence[str], mean: Floats, low: Floats, high: Floats, width: int = 640,
    height: int = 160,
) -> str:  # fmt: skip
    """Return a line over named points with its interval as a band; percentages."""
    left, bottom = 44, 24
    most = float(np.nanmax(np.concatenate([mean, high]))) or 1.0
    xs = left + np.arange(len(names)) * (width - left - 20) / max(len(names) - 1, 1)

    def y(value: float) -> float:
        return 8 + (height - bottom - 8) * (1 - value / most)

    parts = [
        f'<line class="axis" x1="{left}" x2="{width}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
        f'<text x="{left - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.1%}</text>'
        for v in (0.0, most / 2, most)
    ]
    known = np.flatnonzero(~np.isnan(low))
    # A band over each stretch of points whose interval is known.
    for part in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        if len(part):
            corners = [f"{xs[i]:.1f},{y(float(high[i])):.1f}" for i in part]
            corners += [f"{xs[i]:.1f},{y(float(low[i])):.1f}" for i in part[::-1]]
            parts.append(f'<polygon class="band" points="{" ".join(corners)}"/>')
    way = " ".join(f"{x:.1f},{y(float(v)):.1f}" for x, v in zip(xs, mean, strict=True))
    parts.append(f'<polyline points="{way}"/>')
    # Not more names than fit beside each other.
    step = max(1, len(names) // 10)
    for i, name in enumerate(names):
        tip = f"{name}: {float(mean[i]):.1%}"
        parts.append(
            f'<circle class="dot" cx="{xs[i]:.1f}" cy="{y(float(mean[i])):.1f}" r="3">'
            f"<title>{escape(tip)}</title></circle>"
        )
        if i % step == 0:
            parts.append(
                f'<text x="{xs[i]:.1f}" y="{height - 6}" text-anchor="middle">{escape(name)}</text>'
            )
    return _svg(width, height, "".join(parts))


def plane(distances: Floats) -> Floats:
    """Return points whose distances resemble the given ones (classical scaling, Torgerson 1952)."""
    n = len(distances)
    centre = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(-0.5 * centre @ (distances**2) @ centre)
    top = np.argsort(-values, kind="stable")[:2]
    points = np.zeros((n, 2))
    points[:, : len(top)] = vectors[:, top] * np.sqrt(np.maximum(values[top], 0.0))
    # The sign of an eigenvector is arbitrary: the farthest point goes to the right and up.
    farthest = np.abs(points).argmax(axis=0)
    signs = np.sign(points[farthest, [0, 1]])
    result: Floats = points * np.where(signs == 0, 1.0, signs)
    return result


def _svg(width: int, height: int, content: str) -> str:
    return f'<svg viewBox="0 0 {width} {max(height, 1)}" width="{width}" role="img">{content}</svg>'
