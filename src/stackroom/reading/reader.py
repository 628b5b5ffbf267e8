"""The face of the read path: `Reader` answers searches and fetches from one data folder.

It holds the turn, in which one thread at a time reads the catalogue, and leaves the rest to three modules:

- `in_memory` follows the catalogue. Before each search one pragma tells whether anything was committed; then
  only what has changed is read.
- `search` makes hits of a query.
- `fetch` makes text of an id: a document, a part of it, a page.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Description, DocumentEntry
from stackroom.catalog.library_state import LibraryState
from stackroom.catalog.status import Status, read_status
from stackroom.common.documents import AttachmentPlace, Hit, RankedPassage
from stackroom.common.settings import FETCH_CHARACTERS, SEARCH_CHARACTERS
from stackroom.embedding.embedder import ModelSource, Preparation
from stackroom.embedding.reranking.reranker import RerankerSource
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.stems import load_dictionary
from stackroom.reading.browse import Browsing
from stackroom.reading.completeness import Completeness
from stackroom.reading.fetch import Fetching
from stackroom.reading.in_memory import FindNearest, InMemory, Turn
from stackroom.reading.listing import Listing, Sort
from stackroom.reading.query_batches import QueryModel
from stackroom.reading.reranking import Reranking
from stackroom.reading.results import Fetched, PageOfFile
from stackroom.reading.search import Searching
from stackroom.reading.showing.hits import Answer
from stackroom.reading.showing.snippets import RESULT_CHARACTERS

DEFAULT_LIMIT = 10
"""Most documents that one search returns, if it is not told another number; the tools' contract."""


class Reader:
    """Answers searches and fetches from one data folder. Safe to use from several threads.

    To read the folder `data`, which `stackroom index` has made:

        from pathlib import Path

        from stackroom.catalog.catalog import Catalog
        from stackroom.common.settings import Settings
        from stackroom.embedding.models import Models
        from stackroom.indexes.words import WordIndex
        from stackroom.reading.reader import Reader

        settings = Settings(data=Path("data"))
        models = Models.of(settings, queries=True)
        reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), models)
    """

    def __init__(
        self,
        catalog: Catalog,
        word_index: MatchingWords,
        models: ModelSource,
        model: str = "",
        fetch_characters: int = FETCH_CHARACTERS,
        search_characters: int = SEARCH_CHARACTERS,
        reranker: RerankerSource | None = None,
        nearest: FindNearest | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            catalog: the truth; nobody else may use this object from now on.
            word_index: its index of words; likewise.
            models: gives the model the index was built with, when it is first needed.
            model: the model the user insists on; empty means whichever the index was built with.
            fetch_characters: most characters of a document in one answer to a fetch.
            search_characters: most characters that one answer to a search quotes.
            reranker: gives the model that reads the best passages of each search again; None for none.
            nearest: finds the nearest passages in a store that keeps their vectors; None if they are loaded.
        """
        self._turn = Turn(catalog, nearest=nearest)
        self._model = QueryModel(models, model)
        self._fetching = Fetching(self._turn, fetch_characters)
        self._word_index = word_index
        self._browsing = Browsing(self._turn)
        self._completeness = Completeness(self._turn)
        self._reranking = Reranking(reranker) if reranker else None
        self._searching = Searching(
            self._turn,
            word_index,
            self._model,
            self._fetching.part_id,
            search_characters,
            self._reranking,
        )
        self.closed = False
        """Whether `close` was called: then nothing else may be."""

    def close(self) -> None:
        """Closes the catalogue."""
        with self._turn.taken() as catalog:
            self.closed = True
            catalog.close()

    def catch_up(self) -> bool:
        """Loads all vectors; searches in the meantime are answered from those that are there already.

        Returns:
            Whether there are any, so that searches want the model.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        return self._turn.load_all()[1] > 0

    def preparation(self) -> Preparation:
        """How far the model is that the index was built with; done as well if there is no index yet.

        Raises:
            ModelError: it can't be had.
        """
        with self._turn.at_one_moment() as memory:
            model = memory.model
        return self._model.preparation(model.fingerprint) if model else Preparation.DONE

    def warm(self) -> None:
        """Loads the vectors and the model now, so that searches need not wait. Prepares the model if need be.

        Searches in the meantime are answered from words, and from the vectors that are there already.

        Raises:
            ModelError: the model the index was built with can't be had, or is not the one asked for.
        """
        model, _ = self._turn.load_all()
        if model is not None:
            self._model.load(model.fingerprint)

    def reranker_preparation(self) -> Preparation:
        """How far the reranker is; done as well if there is none. Raises ModelError if it can't be had."""
        return self._reranking.preparation() if self._reranking else Preparation.DONE

    def warm_reranker(self) -> None:
        """Loads the reranker now, if there is one; prepares it if need be.

        Searches in the meantime are answered without it.

        Raises:
            ModelError: it can't be had. Searches go on without it, and say so.
        """
        if self._reranking:
            self._reranking.warm()

    def warm_filters(self) -> None:
        """Loads what filters compare, in short turns, so that searches in the meantime hardly wait."""

        def read_or_fold(memory: InMemory) -> bool:
            model, table = memory.model, memory.table
            return not model or (
                table.read_some(memory.ranges.all, partial(self._turn.catalog.descriptions, model))
                and table.fold_some()
            )

        self._turn.in_steps(read_or_fold)

    def fit_lists(self) -> None:
        """Divides the vectors into new lists if they have outgrown theirs: see `Turn.fit_lists`."""
        self._turn.fit_lists()

    def warm_words(self) -> None:
        """Loads the dictionaries of the library's languages: up to two seconds for each."""
        with self._turn.at_one_moment():
            languages = self._word_index.languages()
        for language in languages:
            load_dictionary(language)

    def search(
        self,
        query: str,
        limit: int = DEFAULT_LIMIT,
        characters: int = RESULT_CHARACTERS,
        *,
        marked: bool = False,
    ) -> list[Hit]:
        """The documents that answer `query` best, each with its best passages.

        Two indexes are asked, that of words and that of vectors, and what they find is ranked by one formula
        of all the evidence: see `stackroom.reading.finding.ranking`.

        Args:
            query: words or a question, maybe with operators: `"exact phrase"`, `-word`, `title:`, `author:`,
                `folder:`, `after:2023`, `before:2024-05`, `lang:de`, `id:`; see `stackroom.reading.query`.
                Blank gives no hits.
            limit: most documents to return; less than 1 gives no hits.
            characters: most characters of the text of a passage, at least 40; "…" at its ends comes on top.
                A passage that has more, or more than there is room for in the answer, is cut to its most
                telling sentences.
            marked: whether to tell where the query's words are in the texts (`Quote.matches`).

        Returns:
            Hits by descending score of their best passages; equal scores always in the same order. If the
            query has nothing but filters, the documents they let through, the newest first.

        Raises:
            ModelError: see `warm`.
            CatalogUnusable: the catalogue or the index of words can't be read.

        A library with a page about otters, and one about cats:

            >>> for hit in reader.search("otters -cats", limit=3, marked=True):
            ...     print(f"{hit.title}, page {hit.best.page_label}: {hit.best.text}")
            ...     print([hit.best.text[start:stop] for start, stop in hit.best.matches])
            Document 1, page 2: Otters hold hands in their sleep.
            ['Otters']
        """
        return [hit for hit, _ in self.answer(query, limit, characters, marked=marked).hits]

    def answer(
        self,
        query: str,
        limit: int = DEFAULT_LIMIT,
        characters: int = RESULT_CHARACTERS,
        *,
        marked: bool = False,
        start: int = 0,
        facets: bool = False,
        brief: bool = False,
    ) -> Answer:
        """As `search`, with the evidence for each hit, and notices for whoever asked.

        Never waits for a model that is not prepared: until it is, words alone are searched.

        Args:
            query: see `search`.
            limit: see `search`.
            characters: see `search`.
            marked: see `search`.
            start: so many of the best documents are left out; nothing of them is quoted.
            facets: whether to count the documents found by what they have in common.
            brief: whether what is quoted of the best passages is chosen as quickly as that of further pages,
                and words are marked in these best passages alone.
        """
        return self._searching.answer(
            query, limit, characters, marked=marked, start=start, facets=facets, brief=brief
        )

    def documents(self, query: str = "", sort: Sort = "title", start: int = 0, limit: int = 50) -> Listing:
        """The documents of the library, in lines: also those that have no text, or none yet.

        Args:
            query: filters, as for `search`, and words; each word and phrase must be in a document's title,
                its author, or the path of one of its files. Blank lets all documents through.
            sort: their order.
            start: so many of them are left out.
            limit: most lines.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        return self._browsing.documents(query, sort, start, limit)

    def descriptions(self, ids: Sequence[str]) -> dict[str, Description]:
        """What is known of documents besides their texts; without those that are no longer there.

        Args:
            ids: of documents, as hits have them.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        with self._turn.at_one_moment() as memory:
            found = self._turn.catalog.descriptions_of(memory.model, ids) if memory.model else []
        return {one.id: one for one in found}

    def rankings(self, query: str, depth: int = DEFAULT_LIMIT) -> dict[str, list[RankedPassage]]:
        """What words and meaning find, each alone and both as `search` ranks them: to evaluate them.

        Call `warm` first: nothing else makes sure that all vectors are there.

        Args:
            query: as for `search`.
            depth: as the `limit` of `search`: how many documents the fused ranking should reach, if it finds
                as many; the others have as many passages as that takes.

        Returns:
            Under "words", "meaning" and "fused" the passages found, the best first.

        Raises:
            ModelError: see `warm`.
            CatalogUnusable: the catalogue can't be read.
        """
        return self._searching.rankings(query, depth)

    def fetch(self, id_: str, limit: int | None = None) -> Fetched:
        """The document with this id, or the one that took its place when its file changed; or a part of it.

        Args:
            id_: of a document ("5b2f…", 24 hexadecimal digits), of some of its pages ("5b2f…#p=12",
                "5b2f…#p=41-80"), or the address of a citation; see `stackroom.page.parts`.
            limit: most characters of the answer's text, page marks included; None means what the reader was
                made with. A document with more gives its first part, whose last line, which comes on top,
                tells the id of the next.

        Returns:
            Whole pages, as many as fit; of a page that is too long for one answer, a piece.

        Raises:
            UnknownDocument: no document has the id, nor has any taken its place.
            UnknownPart: the document lacks these pages.
            CatalogUnusable: the catalogue can't be read.

        A document of two pages:

            >>> found = reader.fetch(hit.document_id)
            >>> print(found.text)
            [[page 1]]
            About rivers.
            <BLANKLINE>
            [[page 2]]
            Otters hold hands in their sleep.
            <BLANKLINE>

        A part of it:

            >>> reader.fetch(hit.document_id + "#p=2").part
            Part(first=2, last=2, start=0, stop=None)
        """
        return self._fetching.fetch(id_, limit)

    def page(self, document_id: str, number: int) -> PageOfFile:
        """A page of the document with this id, or of the one that took its place; `number` is 1-based.

        Raises:
            UnknownDocument: there is neither; UnknownPart if the document has no such page.
        """
        return self._fetching.page(document_id, number)

    def file(self, document_id: str) -> tuple[DocumentEntry, Path, AttachmentPlace | None]:
        """The PDF itself: a file that still is as it was when the document was indexed.

        If the document is only attached to the PDF in that file, the last value says where in it.

        Raises:
            UnknownDocument: no document has this id, or each of its files is gone or has changed since.
        """
        return self._fetching.file(document_id)

    def state(self) -> LibraryState:
        """How complete the index is; at most a few seconds old.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        return self._completeness.state()

    def status(self) -> Status:
        """What the catalogue holds, in figures.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        with self._turn.taken() as catalog:
            catalog.follow_file()
            return read_status(catalog)
