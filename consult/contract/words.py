"""A text in the two languages of the protocol."""

from typing import NamedTuple


class Words(NamedTuple):
    """The Chinese and the English of the same text."""

    zh: str
    en: str
