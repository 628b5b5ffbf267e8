"""Libraries in a bucket and on WebDAV, on real servers: as folders are, and what if they go away."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from clusters import KeptWorkers, models_of
from containers import pdf_of, write_container
from fakes import OneModel, WordHashEmbedder
from index_content import content
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from indexer.run.workers import Workers
from make_pdfs import write_garbage, write_pdf
from papers import BREAD, OTTERS, TAXES, counts
from remote_servers import ENVIRONMENT, bucket_server, webdav_server
from stackroom.catalog.catalog import Catalog
from stackroom.cli.library_roots import library_roots, named_source
from stackroom.common import sources
from stackroom.common.errors import SourceAway, UnknownDocument, UsageError
from stackroom.common.roots import RemotePath, Root
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.reading.source_files import SourceFiles


class Source:
    """A place for files that is read by its URL."""

    def __init__(
        self, root: RemotePath, put: Callable[[str, bytes], None], drop: Callable[[str], None]
    ) -> None:
        self.root, self.put, self.drop = root, put, drop

    def fill(self, folder: Path) -> None:
        """Puts all files of a folder there."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(str(file.relative_to(folder)), file.read_bytes())


@pytest.fixture(scope="module")
def buckets() -> Iterator[str]:
    with bucket_server() as address:
        yield address


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, buckets: str) -> Iterator[None]:
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": buckets}.items():
        monkeypatch.setenv(name, value)
    sources.forget_servers()
    yield
    sources.forget_servers()


@pytest.fixture
def bucket(buckets: str, request: pytest.FixtureRequest) -> Source:
    client = boto3.client("s3", endpoint_url=buckets)
    name = f"papers-{abs(hash(request.node.name)) % 10**8}"
    client.create_bucket(Bucket=name)
    return Source(
        named_source(f"s3://{name}/all of them/"),
        lambda path, content: client.put_object(Bucket=name, Key=f"all of them/{path}", Body=content),
        lambda path: client.delete_object(Bucket=name, Key=f"all of them/{path}"),
    )


@pytest.fixture
def webdav(tmp_path: Path) -> Iterator[Source]:
    folder = tmp_path / "served" / "My Papers"
    folder.mkdir(parents=True)

    def put(path: str, content: bytes) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)

    with webdav_server(folder.parent) as host:
        yield Source(
            named_source(f"webdav+http://{host}/My%20Papers"), put, lambda path: (folder / path).unlink()
        )


@pytest.fixture(params=["bucket", "webdav"])
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2, exclude=["drafts"])


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """What comes into the source."""
    folder = tmp_path / "papers"
    (folder / "be low" / "drafts").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "@eaDir").mkdir()
    write_pdf(folder / "otters & 100 %?.pdf", [OTTERS, "They use stones as tools."])
    write_pdf(folder / "be low" / "bread.PDF", [BREAD], title="On Bread")
    write_pdf(folder / "be low" / "drafts" / "no.pdf", [TAXES])
    write_pdf(folder / "be low" / "old.pdf", [TAXES * 2])
    write_pdf(folder / ".hidden" / "no.pdf", [TAXES])
    write_pdf(folder / "@eaDir" / "no.pdf", [TAXES])
    (folder / "be low" / ".stackroomignore").write_text("old*\n")
    (folder / "notes.txt").write_text("none")
    write_garbage(folder / "garbage.pdf")
    taxes = pdf_of(folder / "taxes", TAXES, title="On Taxes")
    write_container(folder / "letter.pdf", {"taxes.pdf": taxes})
    return folder


def index(settings: Settings, root: Root, workers: Workers | None = None) -> Summary:
    with Indexer(settings, OneModel(WordHashEmbedder()), workers=workers) as indexer:
        return indexer.run([root])


def same(data: Path, other: Path) -> None:
    """Two libraries say the same, but for when their files were changed."""
    found, expected = content(data), content(other)
    for one in (found, expected):
        one["locations"] = [(path, size, *rest) for path, size, _, *rest in one["locations"]]
    assert found == expected


def reader_of(settings: Settings) -> Reader:
    return Reader(Catalog(settings.truth), WordIndex(settings.words), OneModel(WordHashEmbedder()))


def test_a_source_is_as_a_folder(source: Source, settings: Settings, papers: Path, tmp_path: Path) -> None:
    source.fill(papers)
    local = Settings.read({}, data=tmp_path / "local", exclude=["drafts"])
    expected, found = index(local, papers), index(settings, source.root)
    assert counts(found) == counts(expected) == {"added": 3, "failed": 1}
    assert (found.left_out, found.other_formats, found.attachments) == (3, {"txt": 1}, 1)
    assert (found.left_out, found.other_formats) == (expected.left_out, expected.other_formats)
    assert list(found.failures) == [f"{source.root}/garbage.pdf"]
    same(settings.data, local.data)
    assert counts(index(settings, source.root)) == {"unchanged": 3, "failed": 1}


def test_changes_of_a_source_are_followed(source: Source, settings: Settings, papers: Path) -> None:
    source.fill(papers)
    index(settings, source.root)
    source.drop("be low/bread.PDF")
    source.put("loaf.pdf", (papers / "be low" / "bread.PDF").read_bytes())
    source.put("letter.pdf", write_pdf(papers / "new.pdf", ["Dear Sir"], title="A letter").read_bytes())
    source.drop("garbage.pdf")
    found = index(settings, source.root)
    assert counts(found) == {"changed": 1, "moved": 1, "removed": 1, "unchanged": 1}
    with closing(reader_of(settings)) as reader:
        assert [hit.title for hit in reader.search("knead the dough")][:1] == ["On Bread"]
        assert reader.status().documents == 3


def test_a_source_that_is_away_is_not_empty(
    source: Source, settings: Settings, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.fill(papers)
    index(settings, source.root)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WEBDAV_PASSWORD", "wrong")
    sources.forget_servers()
    found = index(settings, source.root)
    assert (found.removed, found.newly_failed, list(found.unreadable)) == (0, 1, [str(source.root)])
    assert "nothing was removed" in found.unreadable[str(source.root)]
    with Catalog(settings.truth) as catalog:
        assert len(catalog.holdings(source.root)) == 3
    with closing(reader_of(settings)) as reader:
        hit = reader.search("knead the dough")[0]
        page = reader.page(hit.document_id, 1)
        assert (page.file, page.page.text.split()) == (None, BREAD.split())
        assert str(source.root) in page.why_no_file
        with pytest.raises(UnknownDocument, match="cannot be read"):
            reader.file(hit.document_id)


def test_an_emptied_source_keeps_what_was_in_it(bucket: Source, settings: Settings, papers: Path) -> None:
    bucket.put("bread.pdf", (papers / "be low" / "bread.PDF").read_bytes())
    index(settings, bucket.root)
    bucket.drop("bread.pdf")
    found = index(settings, bucket.root)
    assert (found.removed, len(found.unreadable)) == (0, 1)


def test_a_source_that_goes_away_while_it_is_read_loses_nothing(
    source: Source, settings: Settings, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.fill(papers)
    whole = sources.fetch
    fetched: list[RemotePath] = []

    def fetch(file: RemotePath, expected: sources.RemoteState, to: Path) -> None:
        if fetched:
            raise SourceAway(f"{file} cannot be read: the network is down")
        fetched.append(file)
        whole(file, expected, to)

    with monkeypatch.context() as patched:
        patched.setattr(sources, "fetch", fetch)
        found = index(settings, source.root)
    assert (found.added + found.failed, found.newly_failed - found.failed) == (1, 1)
    assert "the rest of it is read on the next run" in found.unreadable[str(source.root)]
    found = index(settings, source.root)
    assert (found.added + found.unchanged, found.failed) == (3, 1)


def test_copies_are_bounded(source: Source, settings: Settings, papers: Path, tmp_path: Path) -> None:
    source.fill(papers)
    index(settings, source.root)
    with Catalog(settings.truth) as catalog:
        entries = [catalog.document(id_) for id_ in set(catalog.holdings(source.root).values())]
    places = [entry.locations[0] for entry in entries if entry]
    largest = max(place.size for place in places)
    kept = SourceFiles(tmp_path / "copies", most_bytes=largest)
    for place in places:
        assert isinstance(place.file, RemotePath)
        assert kept.copy(place, place.file).stat().st_size == place.size
        assert sum(copy.stat().st_size for copy in (tmp_path / "copies").rglob("*.*")) <= largest
    assert len(places) > len(list((tmp_path / "copies").iterdir()))
    too_small = SourceFiles(tmp_path / "none", most_bytes=min(place.size for place in places) - 1)
    for place in places:
        with pytest.raises(SourceAway, match="too large to be copied here"):
            too_small.copy(place, place.file)  # type: ignore[arg-type]


def test_pages_are_shown_from_copies(source: Source, settings: Settings, papers: Path) -> None:
    source.fill(papers)
    index(settings, source.root)
    with closing(reader_of(settings)) as reader:
        bread = reader.search("knead the dough")[0].document_id
        _, path, inside = reader.file(bread)
        assert (path.name, path.read_bytes()) == ("bread.PDF", (papers / "be low" / "bread.PDF").read_bytes())
        assert inside is None
        assert path.is_relative_to(settings.index)
        taxes = reader.search("declaration of income")[0].document_id
        page = reader.page(taxes, 1)
        assert page.file is not None
        assert (page.file.name, page.inside) == ("letter.pdf", (0, 0))
        assert page.file.read_bytes() == (papers / "letter.pdf").read_bytes()


def test_workers_read_a_source(bucket: Source, settings: Settings, papers: Path, tmp_path: Path) -> None:
    bucket.fill(papers)
    workers = KeptWorkers(1, models_of)
    try:
        found = index(settings, bucket.root, workers)
    finally:
        workers.end()
    assert (counts(found), found.attachments) == ({"added": 3, "failed": 1}, 1)
    local = Settings.read({}, data=tmp_path / "local", exclude=["drafts"])
    index(local, papers)
    same(settings.data, local.data)


def test_what_names_no_source_is_refused() -> None:
    with pytest.raises(UsageError, match="holds a name or a password"):
        named_source("webdav+https://me:secret@cloud.example/papers")
    for wrong in ("ftp://host/papers", "s3://", "webdav+https:///papers"):
        with pytest.raises(UsageError, match="is not the URL of a source"):
            named_source(wrong)
    assert library_roots([RemotePath("s3://papers/")], []) == [RemotePath("s3://papers")]
