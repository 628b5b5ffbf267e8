"""What was asked, after `stackroom.operators` has read it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from stackroom.filters import fits
from stackroom.phrases import Folded


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked.

    `text` may be empty although something was asked: if `only_filters`, the caller lists the documents that
    `admits` lets through (newest first, say) instead of ranking. There are never exclusions alone.

    Attributes:
        text: what words and meaning are ranked by: the query without its operators. The words of phrases stay
            where they were; those of exclusions and filters go.
        phrases: a passage has to have all of them.
        without: a passage must not have any of these words and phrases.
        titles, authors, folders: a document's title, author, one of its paths has to have the words of one;
            as `stackroom.phrases.words` leaves them.
        after: ISO date of the first day that counts; "" if any.
        before: ISO date of the first day that no longer counts; "" if any.
        languages: ISO 639-1 codes; a document has to be in one.
        ids: a document has to have one. The caller knows which document took the place of an older one.
        unwanted: pairs (kind, value) that a document must not fit; a kind is title, author, folder, language
            or id.
    """

    text: str = ""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    languages: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    unwanted: tuple[tuple[str, str], ...] = ()

    @property
    def has_filters(self) -> bool:
        """Whether `admits` can say no."""
        some = self.titles or self.authors or self.folders or self.languages or self.ids or self.unwanted
        return bool(some or self.after or self.before)

    @property
    def only_filters(self) -> bool:
        """Whether there is nothing to rank by, but documents to choose."""
        return not self.text and self.has_filters

    def admits(
        self,
        *,
        title: str = "",
        author: str = "",
        paths: Iterable[str] = (),
        created: str = "",
        modified: str = "",
        language: str = "",
        id: str = "",
    ) -> bool:
        """Whether a document may be shown. What it does not say of itself (no date, no author) it is not.

        Args:
            title: of the document, as all the others are.
            author: likewise.
            paths: of its files, as far as people know them: relative to their library.
            created: ISO 8601 as far as it is known: "", "2023", "2023-05-01T10:00:00+02:00". This or the next
                has to be in the time asked for. A year alone is, if any day of it is.
            modified: likewise.
            language: ISO 639-1.
            id: as search results give it.
        """
        own = {
            "title": [title],
            "author": [author],
            "folder": list(paths),
            "language": [language],
            "id": [id],
        }
        wanted = {
            "title": self.titles,
            "author": self.authors,
            "folder": self.folders,
            "language": self.languages,
            "id": self.ids,
        }
        return (
            all(
                any(fits(kind, value, of) for value in values for of in own[kind])
                for kind, values in wanted.items()
                if values
            )
            and not any(fits(kind, value, of) for kind, value in self.unwanted for of in own[kind])
            and (not (self.after or self.before) or self._is_in_time(created) or self._is_in_time(modified))
        )

    def passes(self, text: str) -> bool:
        """Whether a passage with this text may be shown: it has all phrases, and nothing that is excluded."""
        if not self.phrases and not self.without:
            return True
        folded = Folded.of(text)
        return all(folded.holds(Folded.of(phrase)) for phrase in self.phrases) and not any(
            folded.holds(Folded.of(word)) for word in self.without
        )

    def _is_in_time(self, moment: str) -> bool:
        day = moment[:10]
        if not day:
            return False
        # Padded, so that an incomplete date is compared by its first or last day.
        first, last = day + "0000-01-01"[len(day) :], day + "9999-12-31"[len(day) :]
        return (not self.after or last >= self.after) and (not self.before or first < self.before)
