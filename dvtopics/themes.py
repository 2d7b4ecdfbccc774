"""The taxonomy of themes as data: ids, names, definitions and seed terms in `themes.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dvtopics.errors import UsageError

_DEFAULT = Path(__file__).with_name("themes.json")


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: its id, and its names and definitions by language (``"vi"``, ``"en"``)."""

    id: str
    names: Mapping[str, str]
    definitions: Mapping[str, str]
    seeds: tuple[str, ...]

    def name(self, lang: str = "vi") -> str:
        """Return the name in `lang`, or the id where there is none."""
        return self.names.get(lang) or self.id


class Taxonomy(Mapping[str, Theme]):
    """Themes by id, in their fixed order; iterating gives the ids.

    Parameters
    ----------
    themes : sequence of Theme
    """

    def __init__(self, themes: Sequence[Theme]) -> None:
        self._themes = {theme.id: theme for theme in themes}

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in order."""
        return tuple(self._themes)

    def __getitem__(self, theme: str) -> Theme:
        return self._themes[theme]

    def __iter__(self) -> Iterator[str]:
        return iter(self._themes)

    def __len__(self) -> int:
        return len(self._themes)

    def __repr__(self) -> str:
        return f"Taxonomy({', '.join(self._themes)})"

    def to_config(self) -> list[dict[str, Any]]:
        """Return the JSON form that `from_config` reads."""
        return [
            {
                "id": t.id,
                "name": dict(t.names),
                "definition": dict(t.definitions),
                "seeds": list(t.seeds),
            }
            for t in self._themes.values()
        ]

    @classmethod
    def from_config(cls, items: Any, where: str = "themes") -> Taxonomy:
        """Build a taxonomy from its JSON form.

        Raises
        ------
        UsageError
            If an item has no id, an id twice, or a field of the wrong type.
        """
        if not isinstance(items, list) or not items:
            raise UsageError(f"{where}: expected a non-empty list of themes")
        themes: dict[str, Theme] = {}
        for index, item in enumerate(items):
            if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
                raise UsageError(f'{where}: theme {index} needs an "id" that is text')
            name, definition = item.get("name", {}), item.get("definition", {})
            seeds = item.get("seeds", [])
            if not (_is_text_map(name) and _is_text_map(definition)):
                raise UsageError(
                    f'{where}: "name" and "definition" of {item["id"]} must be by language'
                )
            if not isinstance(seeds, list) or not all(isinstance(s, str) for s in seeds):
                raise UsageError(f'{where}: "seeds" of {item["id"]} must be a list of texts')
            if item["id"] in themes:
                raise UsageError(f"{where}: theme {item['id']} is there twice")
            themes[item["id"]] = Theme(item["id"], dict(name), dict(definition), tuple(seeds))
        return cls(list(themes.values()))


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in value.items()
    )


def load_themes(path: str | Path | None = None) -> Taxonomy:
    """Read a taxonomy from a JSON file of the form of the shipped `themes.json`.

    Parameters
    ----------
    path : str or Path, optional
        ``None`` reads the shipped one.

    Raises
    ------
    UsageError
        If the file cannot be read or is not a taxonomy.
    """
    source = _DEFAULT if path is None else Path(path)
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: not a readable themes file ({error})") from error
    items = data.get("themes") if isinstance(data, Mapping) else data
    return Taxonomy.from_config(items, str(source))


@cache
def _shipped() -> Taxonomy:
    return load_themes()


def __getattr__(name: str) -> Any:
    # THEMES is read on first use: importing this module opens no file.
    if name == "THEMES":
        return _shipped()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
