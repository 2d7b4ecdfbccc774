"""Articles before and after tagging: plain values, and their form as records.

In: a record (a mapping as read from JSON) or a text. Out: `Article`; after tagging,
`TaggedArticle`, which is the same tree with probabilities, tags and evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

from dvtopics.text.lines import paragraphs_of

Grades = dict[str, float | None]
Tagged = TypeVar("Tagged")

#: Fields of an output record; an input field of the same name is carried under ``"input"``.
OUTPUT_FIELDS = ("id", "title", "themes", "tags", "evidence", "paragraphs", "model", "input")
#: Fields of an input record that are the article itself and so are not carried through.
INPUT_FIELDS = ("id", "title", "paragraphs", "text")


class Evidence(TypedDict):
    """One reason for a tag; the weights of a theme sum to its uncalibrated logit."""

    term: str | None
    start: int
    end: int
    weight: float
    theme: str
    where: str | int


@dataclass(slots=True)
class Paragraph:
    """A paragraph, with its grades where somebody has judged it.

    Attributes
    ----------
    text : str
        As the user gave it.
    grades : dict of str to float or None, optional
        Theme id to grade (0 to 2; the mean over annotation passes). ``None``: not judged.
    line : int, optional
        0-based line of the paragraph in its source file.
    sha256 : str, optional
        First 16 hex digits over the text, see `dvtopics.corpus.checksum.text_checksum`.
    """

    text: str
    grades: Grades | None = None
    line: int | None = None
    sha256: str | None = None


@dataclass(slots=True)
class Article:
    """A title and its paragraphs.

    Parameters
    ----------
    title : str, default ""
        Empty where there is none.
    paragraphs : iterable of Paragraph or str
        Strings become paragraphs without grades.
    id : str, optional
        Name of the article in its collection.
    grades : dict of str to float or None, optional
        Grades of the article as a whole.
    metadata : dict
        Everything else that came with the article; carried through to the output.
    """

    title: str = ""
    paragraphs: list[Paragraph] = field(default_factory=list)
    id: str | None = None
    grades: Grades | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        title: str = "",
        paragraphs: Iterable[Paragraph | str] = (),
        id: str | None = None,  # noqa: A002 - the field's name in every record
        grades: Mapping[str, float | None] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.title = title
        self.paragraphs = [Paragraph(p) if isinstance(p, str) else p for p in paragraphs]
        self.id = id
        self.grades = None if grades is None else dict(grades)
        self.metadata = {} if metadata is None else dict(metadata)

    @classmethod
    def from_text(cls, text: str, title: str = "", id: str | None = None) -> Article:  # noqa: A002
        """Make an article of a plain text: one paragraph per non-blank line."""
        return cls(title, paragraphs_of(text), id)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Article:
        """Make an article of an input record or of a labelled record.

        Parameters
        ----------
        record : mapping
            ``{"id", "title", "paragraphs": [str or {"text", "grades", ...}]}`` or
            ``{"id", "title", "text"}``. Other fields become `metadata`.

        Raises
        ------
        ValueError
            If a field has the wrong type, or neither text nor paragraphs are there; the
            message is one line and names the field.
        """
        title = record.get("title")
        if title is not None and not isinstance(title, str):
            raise ValueError(f'"title" must be text, not {_kind(title)}')
        identifier = record.get("id")
        if identifier is not None and not isinstance(identifier, str):
            if isinstance(identifier, bool) or not isinstance(identifier, (int, float)):
                raise ValueError(f'"id" must be text or a number, not {_kind(identifier)}')
            identifier = str(identifier)
        metadata = {k: v for k, v in record.items() if k not in INPUT_FIELDS and k != "grades"}
        grades = record.get("grades")
        if grades is not None and not are_grades(grades):
            # Somebody else's field of that name: not labels, so it is carried through.
            metadata["grades"], grades = grades, None
        article = cls(
            title or "", _paragraphs_of(record), identifier, grades=grades, metadata=metadata
        )
        # A text beside given paragraphs is not the article: carry it.
        if record.get("paragraphs") is not None and "text" in record:
            article.metadata["text"] = record["text"]
        return article

    def to_record(self) -> dict[str, Any]:
        """Return the record form, with labels where there are any."""
        record: dict[str, Any] = {"id": self.id, "title": self.title}
        if self.grades is not None:
            record["grades"] = self.grades
        record.update(self.metadata)
        labelled = any(p.grades is not None or p.sha256 for p in self.paragraphs)
        if not labelled:
            record["paragraphs"] = [p.text for p in self.paragraphs]
            return record
        record["paragraphs"] = [
            {
                "text": p.text,
                **({} if p.line is None else {"line": p.line}),
                **({} if p.sha256 is None else {"sha256": p.sha256}),
                "grades": p.grades,
            }
            for p in self.paragraphs
        ]
        return record


def as_article(item: Article | Mapping[str, Any] | str) -> Article:
    """Return `item` as an article: it may be one already, a record, or a text."""
    if isinstance(item, Article):
        return item
    if isinstance(item, str):
        return Article.from_text(item)
    if isinstance(item, Mapping):
        return Article.from_record(item)
    raise TypeError(f"expected an Article, a record or a text, got {type(item).__name__}")


def _paragraphs_of(record: Mapping[str, Any]) -> list[Paragraph]:
    paragraphs = record.get("paragraphs")
    if paragraphs is None:
        text = record.get("text")
        if text is None:
            raise ValueError('neither "paragraphs" nor "text" is there')
        if not isinstance(text, str):
            raise ValueError(f'"text" must be text, not {_kind(text)}')
        return [Paragraph(line) for line in paragraphs_of(text)]
    if isinstance(paragraphs, (str, Mapping)) or not isinstance(paragraphs, Iterable):
        raise ValueError(f'"paragraphs" must be a list of texts, not {_kind(paragraphs)}')
    return [_paragraph_of(item, index) for index, item in enumerate(paragraphs)]


def _paragraph_of(item: Any, index: int) -> Paragraph:
    if isinstance(item, str):
        return Paragraph(item)
    if isinstance(item, Mapping) and isinstance(item.get("text"), str):
        grades = item.get("grades")
        if grades is not None and not are_grades(grades):
            raise ValueError(f'"paragraphs[{index}].grades" must map themes to numbers or null')
        return Paragraph(
            item["text"],
            grades=None if grades is None else dict(grades),
            line=item.get("line"),
            sha256=item.get("sha256"),
        )
    if isinstance(item, Mapping) and "sha256" in item and "text" not in item:
        raise ValueError("texts are not filled in; run: dvtopics corpus rehydrate")
    raise ValueError(f'"paragraphs[{index}]" must be text, not {_kind(item)}')


def are_grades(value: Any) -> bool:
    """Say whether `value` maps theme ids to numbers or None."""
    return isinstance(value, Mapping) and all(
        isinstance(k, str)
        and (v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)))
        for k, v in value.items()
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


class _WhenRead:
    """A slot that may hold what makes its value: that is called when the value is first read."""

    def __init__(self, slot: Any) -> None:
        self._slot = slot

    def __get__(self, item: object, owner: type | None = None) -> Any:
        if item is None:
            return self
        value = self._slot.__get__(item, owner)
        if callable(value):
            try:
                value = value()
            except AttributeError as error:
                # As such it would say that there is no such slot, and pickling would leave it out.
                raise RuntimeError("the value could not be made") from error
            self._slot.__set__(item, value)
        return value

    def __set__(self, item: object, value: Any) -> None:
        self._slot.__set__(item, value)


def _explained(tagged: type[Tagged]) -> type[Tagged]:
    tagged.evidence = _WhenRead(tagged.__dict__["evidence"])  # type: ignore[attr-defined]
    return tagged


@_explained
@dataclass(slots=True)
class TaggedParagraph:
    """A paragraph with a probability for every theme, its tags and their evidence.

    Taggers find evidence when it is first read, for a batch at a time.
    """

    text: str
    themes: dict[str, float]
    tags: list[str]
    evidence: list[Evidence] = field(default_factory=list)
    unsure: list[str] | None = None


@_explained
@dataclass(slots=True)
class TaggedArticle:
    """An article with themes at both levels.

    Attributes
    ----------
    id, title, metadata
        As in the `Article`.
    themes : dict of str to float
        Calibrated probability of every theme, six decimals.
    tags : list of str
        Themes decided, in the taxonomy's order.
    evidence : list of Evidence
        Why; offsets are code points into the text that ``where`` names. Taggers find it when it
        is first read, for a batch at a time.
    paragraphs : list of TaggedParagraph
        One per input paragraph, in order.
    model : str
        ``NAME@first 12 hex digits of the SHA-256 of the model's config.json``.
    unsure : list of str or None
        Tags that a reader should look at, where the tagger was asked (`Tagger.set_review`).
    """

    id: str | None
    title: str
    themes: dict[str, float]
    tags: list[str]
    evidence: list[Evidence]
    paragraphs: list[TaggedParagraph]
    model: str
    metadata: dict[str, Any] = field(default_factory=dict)
    unsure: list[str] | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the output record of the command line (one JSONL line)."""
        record: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "themes": self.themes,
            "tags": self.tags,
            "evidence": self.evidence,
            "paragraphs": [
                {"text": p.text, "themes": p.themes, "tags": p.tags, "evidence": p.evidence}
                | ({} if p.unsure is None else {"unsure": p.unsure})
                for p in self.paragraphs
            ],
            "model": self.model,
        }
        if self.unsure is not None:
            record["unsure"] = self.unsure
        clashes = {}
        for name, value in self.metadata.items():
            if name in OUTPUT_FIELDS or name in record:
                clashes[name] = value
            else:
                record[name] = value
        if clashes:
            record["input"] = clashes
        return record
