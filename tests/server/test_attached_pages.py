"""What the citation of an attached PDF opens: its own page, drawn from the file that holds it."""

from pathlib import Path

import pytest

from containers import pdf_of, write_container
from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from marked_boxes import marked_boxes
from mcp_clients import ask, serving
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import PictureFailed
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.room.pictures import PageToDraw, Pictures

TENDER = "The tender for the footbridge closes on the ninth of May."


def test_its_page_and_the_pdf_itself(tmp_path: Path) -> None:
    tender = pdf_of(tmp_path / "x.pdf", "A first page.", TENDER)
    folder = tmp_path / "offers"
    folder.mkdir()
    cover = write_container(folder / "cover.pdf", {}, pinned={'<b>"tender".pdf': tender})
    settings, models = Settings.read({}, data=tmp_path / "data"), OneModel(WordHashEmbedder())
    with Indexer(settings, models) as indexer:
        indexer.run([folder])
    reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), models)
    best = reader.search("footbridge")[0]
    page = f"/d/{best.document_id}?page={best.best.page}&mark={best.best.mark}"
    with serving(reader) as url:
        status, _, body = ask(url, "GET", page)
        html = body.decode()
        assert status == 200
        assert "&lt;b&gt;&#34;tender&#34;.pdf, in cover.pdf" in html
        assert f"<mark>{TENDER}</mark>" in html
        assert 'class="note"' not in html
        assert "Page 2 of 2" in html
        assert str(folder) not in html
        _, _, png = ask(url, "GET", f"/d/{best.document_id}/page/2.png?mark={best.best.mark}")
        assert png.startswith(b"\x89PNG")
        status, headers, content = ask(url, "GET", f"/d/{best.document_id}/file")
        assert (status, headers["Content-Type"], content) == (200, "application/pdf", tender)
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        write_container(cover, {}, cover="Something else.")
        assert "t be shown: the file has been moved or changed" in ask(url, "GET", page)[2].decode()
        assert ask(url, "GET", f"/d/{best.document_id}/file")[0] == 404
    reader.close()


def test_it_is_drawn_and_marked_as_a_file_is(tmp_path: Path) -> None:
    key = "open sesame"
    tender = pdf_of(tmp_path / "x.pdf", TENDER)
    alone = tmp_path / "alone.pdf"
    alone.write_bytes(tender)
    cover = write_container(tmp_path / "cover.pdf", {"tender.pdf": tender}, password=key)
    pictures = Pictures(passwords=lambda: (key,))
    start, stop = TENDER.index("footbridge"), TENDER.index(" closes")
    drawn = [
        pictures.picture(PageToDraw(id_, 1, file, TENDER + "\n", start, stop, inside=inside))
        for id_, file, inside in (("a", alone, None), ("b", cover, (0, 0)))
    ]
    assert len(marked_boxes(drawn[0])) == 1
    assert drawn[0].png == drawn[1].png
    assert pictures.attached(cover, (0, 0)) == tender
    for place in ((0, 1), (1, 0), (9, 0)):
        with pytest.raises(PictureFailed):
            pictures.attached(cover, place)
    with pytest.raises(PictureFailed, match="password"):
        Pictures().attached(cover, (0, 0))
