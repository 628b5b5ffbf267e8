"""Searching the indexes of words: which passages, and which documents, match the words of a query.

There are two indexes, of passages and of documents as a whole. In both, a document is named by the id of its
first passage (the field "split" on disk). Both are derived from the catalogue, so what
they find may be out of date: look it up in the catalogue. Only this file, `clauses`,
`indexer.passages.words_writer` and `indexer.upkeep.check_words` know the full-text engine (tantivy).
"""

import math
import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import tantivy

from stackroom.common.characters import numbers
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.clauses import any_of, has_part, in_documents
from stackroom.indexes.misspelt import most_frequent, one_letter_off, separate_words
from stackroom.indexes.parts import Wanted, beside_pairs, wanted_parts
from stackroom.indexes.terms import LANGUAGES, OTHER, Analyzer

PASSAGES, DOCUMENTS = "passages", "documents"
"""Names of the two indexes' folders."""

BOOKMARK = "bookmark"
"""Stands as the language of the entry that says how far an index is, so that this entry is
counted as well.
"""

# A word that more than this share of the passages have is not looked for if the query has others. _RARE is
# the number of passages that may always have it: in a library of a few passages, a share says nothing.
_COMMON, _RARE = 0.25, 5


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What matches the words of a query.

    Attributes:
        hits: pairs (id, BM25 score), the best first, equal ones by id; higher is better. An id is that of a
            passage, or of a document's first passage.
        most: the sum of the weights (BM25's idf) of the words that were looked for; a word that is nowhere
            counts as the rarest. A passage with all of the words scores about that much, and never more than
            2.2 times as much. 0 if no word was looked for.
    """

    hits: list[tuple[int, float]]
    most: float

    @property
    def scores(self) -> dict[int, float]:
        """Id → score of each hit."""
        return dict(self.hits)


# A number that is written in another way than in the query ("4,730.00" for "4730") counts for so much of it,
# if there is the query's way as well.
_OTHER_WAY = 0.5

# A word of so many characters that is nowhere (fewer, if there is a digit in it) may be the start of one that
# has so many: of a hash, a string of DNA, a line of base64.
_START, _START_WITH_DIGIT, _LONG = 8, 6, 20
_DIGIT = re.compile(r"\d")

# What a passage that has a word only as a part of another gets of the word's weight, and the most parts that
# are looked for.
_PART, _MOST_PARTS = 0.5, 64

# How many words of a query that are nowhere are replaced.
_MOST_MEANT = 3

# Of a query as long as a page only the rarest words are looked for: so many say what it is about.
_MOST_WORDS = 64


@dataclass(slots=True, eq=False)
class _Word:
    """A term of a query.

    Attributes:
        plain: as it is written, in lower case and without accents.
        stems: language of the library → its form there.
        forms: it in the library's languages.
        known: those that entries have, each with the number of these.
        others: likewise, other ways of writing the same number; if there is neither, long words that begin
            so.
        count: how many entries have the form that most have.
    """

    plain: str
    stems: dict[str, str]
    forms: tuple[str, ...]
    known: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, int], ...]
    count: int


class WordIndex:
    """Searches the indexes in a folder, as their last commits left them. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet: the folder need not be there."""
        self._passages = _Index(folder / PASSAGES)
        self._documents = _Index(folder / DOCUMENTS)

    def search(
        self,
        query: str,
        k: int,
        required: Sequence[str] = (),
        *,
        within: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> WordMatches:
        """The passages that match the words of `query` best.

        Args:
            query: any text; a passage need not have all of its words.
            k: most passages to return.
            required: texts all of whose words a passage must have.
            within: ids of the first passages of the documents to look in; None means all.
            without: likewise, of documents to leave out.

        Raises:
            CatalogUnusable: the index is damaged.
        """
        return self._passages.search(query, k, required, within, without)

    def documents(self, query: str, documents: Collection[int]) -> WordMatches:
        """How well names, title, author, date and first pages of these documents match the words of `query`.

        Args:
            query: any text.
            documents: ids of their first passages; the hits are some of them.
        """
        return self._documents.search(query, len(documents), (), sorted(documents), ())

    def names(self, query: str, k: int) -> WordMatches:
        """The documents whose files' names match the words of `query` best: ids of their first passages."""
        return self._documents.search(query, k, (), None, (), field="name")

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """For each word of `query` that is nowhere: words of the library that are one letter from it, up to
        three, the most frequent first. Words of which there are none are left out.
        """
        nowhere = [
            word
            for word in separate_words(query)
            if not self._passages.knows(word) and not self._documents.knows(word)
        ]
        found = {word: self._passages.nearest(word) for word in nowhere[:_MOST_MEANT]}
        return {word: near for word, near in found.items() if near}

    def __len__(self) -> int:
        """How many passages' words can be searched."""
        return self._passages.count()


class _Index:
    """One index of the engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index: tantivy.Index | None = None
        self._state: tuple[int, int] | None = None
        self._languages: list[str] = []
        self._entries = 0
        self._analyzer = cache(Analyzer)

    def search(
        self,
        query: str,
        k: int,
        required: Sequence[str],
        within: Sequence[int] | None,
        without: Sequence[int],
        field: str = "text",
    ) -> WordMatches:
        try:
            return self._search(query, k, required, within, without, field)
        except ValueError:  # the engine's only error: the files are damaged, or are just being built again
            self._state = None
        try:
            return self._search(query, k, required, within, without, field)
        except ValueError as error:
            raise self._unusable(error) from error

    def knows(self, word: str) -> bool:
        """Whether any text has a word, in any form or as a part of another; so if it is no word."""
        index = self._follow()
        if index is None:
            return True
        searcher = index.searcher()
        terms = [term for terms in self._words(searcher, word, "text") for term in terms]
        return not terms or any(term.count or self._parts_of(searcher, term) for term in terms)

    def nearest(self, word: str) -> tuple[str, ...]:
        """Words that are here and one letter from `word`: see `most_frequent`."""
        index = self._follow()
        if index is None:
            return ()
        searcher = index.searcher()
        return most_frequent(
            one_letter_off(word),
            lambda near: {self._analyzer(language).regular_term(near) for language in self._languages},
            lambda form: int(searcher.doc_freq("text", form)),
        )

    def _parts_of(self, searcher: tantivy.Searcher, word: "_Word") -> dict[str, int]:
        """The parts by which a word of a query is found; see `_parts`."""
        wanted = (one for code, stem in word.stems.items() for one in wanted_parts(word.plain, stem, code))
        return self._parts(searcher, wanted)

    def _search(
        self,
        query: str,
        k: int,
        required: Sequence[str],
        within: Sequence[int] | None,
        without: Sequence[int],
        field: str,
    ) -> WordMatches:
        index = self._follow()
        if index is None or not query.strip() or k < 1:
            return WordMatches([], 0.0)
        searcher = index.searcher()
        clauses, most = self._clauses(index.schema, searcher, query, field)
        if not clauses:
            return WordMatches([], most)
        should = [(tantivy.Occur.Should, clause) for clause in clauses]
        matching = tantivy.Query.boolean_query(should, minimum_number_should_match=1)
        wanted = matching
        for text in required:
            for terms in self._words(searcher, text, field):
                has = _all_or_last([self._matches(index.schema, field, word) for word in terms], terms)
                wanted = wanted.and_must_match(tantivy.Query.const_score_query(has, 0.0))
        if within is not None:
            wanted = wanted.and_must_match(in_documents(index.schema, within))
        if without:
            wanted = wanted.and_must_not_match(in_documents(index.schema, without))
        # Counting all matches would look at each of them; without, most are skipped.
        hits = searcher.search(wanted, k, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        pairs = [(int(id_ or 0), score) for id_, (score, _) in zip(ids, hits, strict=True)]
        return WordMatches(sorted(pairs, key=lambda pair: (-pair[1], pair[0])), most)

    def _clauses(
        self, schema: tantivy.Schema, searcher: tantivy.Searcher, query: str, field: str
    ) -> tuple[list[tantivy.Query], float]:
        # Two words of the query may have the same stem.
        found = (word for terms in self._words(searcher, query, field) for word in terms)
        words = {word.known or word.forms: word for word in found}.values()
        # Words such as "in" and "the", in any language, are those that many passages have. They do not tell
        # one passage from another, and take longest to look through. Names of files have no such words, and
        # if a few files share a word, each of them may be meant.
        common = self._entries if field == "name" else max(self._entries * _COMMON, _RARE)
        wanted = [word for word in words if word.count <= common]
        if not any(word.count for word in wanted):
            wanted = list(words)
        wanted = sorted(wanted, key=lambda word: word.count)[:_MOST_WORDS]
        clauses = []
        for word in wanted:
            ways = [self._matches(schema, field, word)] if word.count else []
            parts = self._parts_of(searcher, word) if field == "text" else {}
            if parts:
                ways.append(has_part(schema, list(parts), _PART * _idf(self._entries, word.count)))
            if ways:
                clauses.append(any_of(ways))
        most = sum(_idf(self._entries, word.count) for word in wanted)
        for readings in beside_pairs(query) if field == "text" else ():
            weights: list[tuple[float, list[str]]] = []
            for reading in readings:
                having_it = self._parts(searcher, [reading])
                having = min(sum(having_it.values()), self._entries)
                if 0 < having <= common:
                    weights.append((_idf(self._entries, having), list(having_it)))
            if weights:
                clauses.append(any_of([has_part(schema, found, weight) for weight, found in weights]))
                most += max(weight for weight, _ in weights)
        return clauses, most

    def _parts(self, searcher: tantivy.Searcher, wanted: Iterable[Wanted]) -> dict[str, int]:
        """The parts of words that are looked for, and how many passages have each; those of most passages."""
        found: dict[str, int] = {}
        for one in wanted:
            if not one.whole:
                found.update(searcher.terms_with_prefix("parts", one.text, limit=_MOST_PARTS))
            elif count := searcher.doc_freq("parts", one.text):
                found[one.text] = count
        return dict(sorted(found.items(), key=lambda part: -part[1])[:_MOST_PARTS])

    def _words(self, searcher: tantivy.Searcher, query: str, field: str) -> list[list["_Word"]]:
        """For each word of a query its terms, in all forms in which the index has them."""

        def known(forms: Iterable[str]) -> tuple[tuple[str, int], ...]:
            return tuple([(form, count) for form in forms if (count := searcher.doc_freq(field, form))])

        def long_words(start: str) -> tuple[tuple[str, int], ...]:
            if len(start) < (_START_WITH_DIGIT if _DIGIT.search(start) else _START):
                return ()
            found = [pair for pair in searcher.terms_with_prefix(field, start) if len(pair[0]) >= _LONG]
            return tuple(found[:_MOST_WORDS])

        def word(plain: str, stems: dict[str, str]) -> _Word:
            forms = tuple(dict.fromkeys(stems.values()))
            here = known(forms)
            others = known(numbers.same_value(forms[0])) if forms[0][0].isdecimal() else ()
            if not here and not others:
                others = long_words(min(forms, key=len))
            count = max([count for _, count in here or others], default=0)
            return _Word(plain, stems, forms, here, others, count)

        def is_one(number: str) -> bool:
            (form,) = numbers.terms(number)
            return bool(known([form, *numbers.same_value(form)]))

        query = numbers.without_blanks(query, is_one)
        # A word has another stem in each of the library's languages; a passage has that of its own language.
        languages = self._languages or [OTHER]
        by_language = [self._analyzer(language).words(query) for language in (OTHER, *languages)]
        return [
            [
                word(plain, dict(zip(languages, forms, strict=True)))
                for plain, *forms in zip(*terms, strict=True)
            ]
            for terms in zip(*by_language, strict=True)
            if terms[0]
        ]

    def _matches(self, schema: tantivy.Schema, field: str, word: "_Word") -> tantivy.Query:
        """Matches a word in any of its forms; the form that scores best counts."""
        forms = [form for form, _ in word.known] or (() if word.others else word.forms)
        queries = [tantivy.Query.term_query(schema, field, form, "freq") for form in forms]
        for form, count in word.others:
            # As rare as the form that was asked for, so that a rarer one is not taken for a better one.
            boost = (
                (_OTHER_WAY if word.known else 1)
                * _idf(self._entries, word.count)
                / _idf(self._entries, count)
            )
            other = tantivy.Query.term_query(schema, field, form, "freq")
            queries.append(tantivy.Query.boost_query(other, boost))
        return any_of(queries)

    def count(self) -> int:
        index = self._follow()
        return max(index.searcher().num_docs - 1, 0) if index else 0

    def _follow(self) -> tantivy.Index | None:
        """The index as of its last commit; None if there is none. Cheap if nothing was committed since.

        Raises CatalogUnusable if it is damaged.
        """
        try:
            found = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            self._index = self._state = None
            return None
        except OSError as error:
            raise self._unusable(error) from error
        state = (found.st_ino, found.st_mtime_ns)
        if state != self._state:
            try:
                self._open()
            except (ValueError, OSError):  # perhaps the writer has just put other files in their place
                try:
                    self._open()
                except (ValueError, OSError) as error:
                    raise self._unusable(error) from error
            self._state = state
        return self._index

    def _open(self) -> None:
        self._index = _open_to_read(self._folder)
        searcher = self._index.searcher()
        self._languages = [code for code in LANGUAGES if searcher.doc_freq("language", code)]
        self._entries = _entries(searcher)

    def _unusable(self, error: Exception) -> CatalogUnusable:
        advice = "" if isinstance(error, OSError) else " Run `stackroom index`: it is built again."
        return CatalogUnusable(f"The index of words in {self._folder} cannot be read: {error}.{advice}")


def _open_to_read(folder: Path) -> tantivy.Index:
    """As `open_index`, but also where nothing can be written. May raise OSError as well."""
    if os.access(folder, os.W_OK):
        return open_index(folder)
    # The engine locks the folder while it opens the files, so it gets a folder of links. Once the files are
    # open it does not need their names; it may still write a file of its own while the folder is removed.
    with TemporaryDirectory(prefix="stackroom-words-", ignore_cleanup_errors=True) as links:
        for file in folder.iterdir():
            if file.suffix != ".lock":
                Path(links, file.name).symlink_to(file.absolute())
        return open_index(Path(links))


def open_index(folder: Path) -> tantivy.Index:
    """The engine's index in a folder, made if the folder is empty. Raises ValueError if it can't be read.

    Texts in it are terms with blanks between them: `stackroom.indexes.terms` has made them.
    """
    builder = tantivy.SchemaBuilder().add_unsigned_field("id", fast=True)
    builder = builder.add_unsigned_field("split", indexed=True)
    builder = builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    for field, option in (("text", "freq"), ("name", "freq"), ("parts", "basic")):
        builder = builder.add_text_field(field, tokenizer_name="whitespace", index_option=option)
    index = tantivy.Index(builder.build(), path=str(folder))
    index.config_reader("manual")  # no thread that watches the folder
    return index


def _all_or_last(queries: Sequence[tantivy.Query], terms: Sequence[_Word]) -> tantivy.Query:
    """Matches what has all terms of one word. If that has digits, its last term, which is all of it together,
    or its others are enough: "12.7mm" may be written as "12.7 mm", and a date in another notation.
    """
    *parts, whole = queries
    if not parts:
        return whole
    together = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in parts])
    how = tantivy.Occur.Should if _DIGIT.search(terms[-1].forms[0]) else tantivy.Occur.Must
    return tantivy.Query.boolean_query([(how, together), (how, whole)])


def _entries(searcher: tantivy.Searcher) -> int:
    """How many entries there are, with those that are removed but not dropped by the engine yet.

    The engine counts the entries that have a word in the same way, and computes its weights from that.
    """
    counted = sum(searcher.doc_freq("language", code) for code in (*LANGUAGES, BOOKMARK))
    return max(counted, searcher.num_docs)  # an older bookmark has no language


def dead_share(index: tantivy.Index) -> tuple[int, float]:
    """How many entries of an index are removed but not dropped yet, and what share of all they are."""
    searcher = index.searcher()
    entries = _entries(searcher)
    dead = max(entries - searcher.num_docs, 0)
    return dead, dead / entries if entries else 0.0


def _idf(documents: int, having: int) -> float:
    """A word's weight, as the engine's BM25 (Robertson and Zaragoza 2009, with Lucene's + 1) has it."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))
