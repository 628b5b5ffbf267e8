"""What an index of words is asked about the terms that its entries have."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from stackroom.indexes.parts import Wanted


class Stems(NamedTuple):
    """A term of a query, before any index is asked.

    Attributes:
        plain: as it is written, in lower case and without accents.
        forms: it in the library's languages.
        parts: of other words, by which it is found in these languages.
    """

    plain: str
    forms: tuple[str, ...]
    parts: tuple[Wanted, ...]


class Vocabulary(Protocol):
    """The terms of one index, as one commit left them. Its fields: "text", "name" and "parts"."""

    @property
    def entries(self) -> int:
        """How many entries there are, with those that are removed but still counted."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the entries, of `terms.LANGUAGES`; at least one."""

    def expect(self, words: Iterable[Stems], field: str) -> None:
        """What is asked next is about these terms: whoever is asked from afar can look them up together."""

    def known(self, forms: Iterable[str], field: str) -> tuple[tuple[str, int], ...]:
        """Those of some terms that entries have, in the same order, each with the number of these."""

    def with_prefix(self, field: str, prefix: str, limit: int | None = None) -> Sequence[tuple[str, int]]:
        """The terms that begin so, each with the number of entries that have it: the most frequent first,
        equal ones by alphabet; up to `limit`.
        """

    def beginnings(self, prefixes: Iterable[str], field: str) -> Collection[str]:
        """Those of some prefixes that a term begins with."""
