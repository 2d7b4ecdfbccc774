"""What a person changed: names, themes and merged topics, kept in ``edits.json``.

The file is meant to be read and written by people too, so it has no checksum; what it says is
checked against the model when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvtopics.errors import ModelError, UsageError

EDITS = "edits.json"
_MAX_NAME = 200


@dataclass(slots=True)
class Edits:
    """Changes by topic id; ids are those of the fit and never move.

    Attributes
    ----------
    names : dict of int to str
    themes : dict of int to str or None
        None: about no theme.
    merged : list of list of int
        Groups of topics that are shown as one, under the first's id.
    """

    names: dict[int, str] = field(default_factory=dict)
    themes: dict[int, str | None] = field(default_factory=dict)
    merged: list[list[int]] = field(default_factory=list)

    def groups(self, n_topics: int) -> list[list[int]]:
        """Return all topics as groups, in order of their first ids."""
        away = {topic for group in self.merged for topic in group[1:]}
        own = {group[0]: group for group in self.merged}
        return [own.get(topic, [topic]) for topic in range(n_topics) if topic not in away]

    def name(self, topic: int, text: str) -> None:
        """Name a topic; an empty text takes the automatic label again."""
        text = " ".join(text.split())
        if len(text) > _MAX_NAME:
            raise UsageError(f"a topic's name has at most {_MAX_NAME} characters")
        if text:
            self.names[topic] = text
        else:
            self.names.pop(topic, None)

    def merge(self, topics: list[int]) -> None:
        """Show topics as one; groups that share a topic become one group."""
        if len(set(topics)) < 2:
            raise UsageError("merging needs two topics or more")
        joined = list(dict.fromkeys(topics))
        rest = []
        for group in self.merged:
            if set(group) & set(joined):
                joined = [*joined, *(t for t in group if t not in joined)]
            else:
                rest.append(group)
        self.merged = sorted([*rest, sorted(joined)])

    def to_json(self) -> str:
        """Return the file's content."""
        data = {
            "names": {str(k): v for k, v in sorted(self.names.items())},
            "themes": {str(k): v for k, v in sorted(self.themes.items())},
            "merged": self.merged,
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"

    def check(self, n_topics: int, themes: tuple[str, ...]) -> None:
        """Raise UsageError if a topic or theme is not there."""
        members = [topic for group in self.merged for topic in group]
        for topic in [*self.names, *self.themes, *members]:
            if not 0 <= topic < n_topics:
                raise UsageError(f"there is no topic {topic}; ids go from 0 to {n_topics - 1}")
        if len(members) != len(set(members)):
            raise UsageError("a topic is in two merged groups")
        for theme in self.themes.values():
            if theme is not None and theme not in themes:
                raise UsageError(f"unknown theme {theme!r}; known: {', '.join(themes)}")


def read_edits(folder: Path, n_topics: int, themes: tuple[str, ...]) -> Edits:
    """Read the edits of a topic folder; none where there is no file.

    Raises
    ------
    ModelError
        If the file is not what this module writes.
    """
    path = folder / EDITS
    if not path.exists():
        return Edits()
    try:
        edits = _from_data(json.loads(path.read_text(encoding="utf-8")))
        edits.check(n_topics, themes)
    except UsageError as error:
        raise ModelError(f"{path}: {error}") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{path}: not readable as edits; mend it, or remove it to go back to automatic labels"
        ) from error
    return edits


def _from_data(data: Any) -> Edits:
    if not isinstance(data, Mapping) or set(data) - {"names", "themes", "merged"}:
        raise ValueError("not an edits file")
    names = {int(k): v for k, v in data.get("names", {}).items()}
    themes = {int(k): v for k, v in data.get("themes", {}).items()}
    merged = data.get("merged", [])
    if not all(isinstance(v, str) for v in names.values()):
        raise ValueError("names are texts")
    if not all(v is None or isinstance(v, str) for v in themes.values()):
        raise ValueError("themes are ids")
    if not isinstance(merged, list) or not all(
        isinstance(g, list) and len(g) >= 2 and all(type(t) is int for t in g) for g in merged
    ):
        raise ValueError("merged is a list of groups of ids")
    return Edits(names, themes, [sorted(group) for group in merged])
