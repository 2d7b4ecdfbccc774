"""The errors that users meet; each prints as one line that names what, why and the remedy."""

from __future__ import annotations


class DvtopicsError(Exception):
    """Base of every error that this library raises on purpose."""


class InputError(DvtopicsError, ValueError):
    """An input file or record that cannot be used.

    Parameters
    ----------
    where : str
        ``FILE`` or ``FILE:LINE``.
    reason : str
        What is wrong and what to do about it, in one line.
    record_id : str, optional
        Id of the record, where it could still be read.
    is_record : bool, default False
        True if one record of a file is bad (the others go on), False if the whole file is.
    """

    def __init__(
        self, where: str, reason: str, *, record_id: str | None = None, is_record: bool = False
    ) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason
        self.record_id = record_id
        self.is_record = is_record

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the attributes when the error crosses a process boundary."""
        return (_rebuild_input_error, (self.where, self.reason, self.record_id, self.is_record))


def _rebuild_input_error(
    where: str, reason: str, record_id: str | None, is_record: bool
) -> InputError:
    return InputError(where, reason, record_id=record_id, is_record=is_record)


class ModelError(DvtopicsError):
    """A saved model that is missing, damaged, or of another format."""


class UsageError(DvtopicsError, ValueError):
    """Options or parameters that contradict each other or are out of range."""


class NotFittedError(DvtopicsError, ValueError, AttributeError):
    """An estimator was asked for predictions before ``fit``."""
