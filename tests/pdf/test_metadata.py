"""Title, author and dates: from the Info dictionary, from XML, or from the page; no program's default."""

import time
import zlib
from pathlib import Path

import pytest

from indexer.pdf.metadata.title import is_meaningful
from indexer.pdf.metadata.xmp import Description, read_xml
from indexer.pdf.pdfium import extract
from indexer.pdf.text.clean_text import read_date
from make_pdfs import write_objects
from stackroom.common.documents import Document

XML = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2024-05-14"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="de">Reiher</rdf:li><rdf:li xml:lang="x-default">Herons &amp; egrets
</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq>
<rdf:li>Wanda Tern</rdf:li><rdf:li>Ole Rail</rdf:li></rdf:Seq></dc:creator>
<xmp:ModifyDate>2024-06-01T10:11:12+02:00</xmp:ModifyDate>
<xmp:History><rdf:Seq><rdf:li rdf:parseType="Resource"><dc:title>An older title</dc:title></rdf:li></rdf:Seq>
</xmp:History></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
SAID = Description("Herons & egrets", "Wanda Tern; Ole Rail", "2024-05-14", "2024-06-01T10:11:12+02:00")


def read(path: Path) -> Document:
    return extract(path, "0" * 24, on_page=lambda done, total: None)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Type /Metadata /Subtype /XML /Length %d %s >>\nstream\n%s\nendstream" % (
        len(content),
        entries,
        content,
    )


def write(path: Path, *streams: bytes, info: bytes = b"") -> Path:
    """A PDF whose catalogue names the first of these streams of XML."""
    text = b"".join(
        b"BT /F 11 Tf 72 %d Td (An ordinary line of text.) Tj ET\n" % (700 - 20 * at) for at in range(9)
    )
    return write_objects(
        path,
        [
            b"<< /Type /Catalog /Pages 2 0 R /Metadata 6 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< %s >>" % info,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Resources"
            b" << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
            *streams,
        ],
    )


def test_xml_tells_where_the_info_dictionary_does_not(tmp_path: Path) -> None:
    document = read(write(tmp_path / "a.pdf", stream(XML.encode())))
    assert (document.title, document.author) == ("Herons & egrets", "Wanda Tern; Ole Rail")
    assert (document.created, document.modified) == ("2024-05-14", "2024-06-01T10:11:12+02:00")


def test_compressed_and_among_others(tmp_path: Path) -> None:
    packed = stream(zlib.compress(XML.encode()), b"/Filter /FlateDecode")
    of_a_picture = stream(XML.replace("Herons", "Picture").encode())
    assert read(write(tmp_path / "a.pdf", packed, of_a_picture)).title == "Herons & egrets"
    assert read(write(tmp_path / "b.pdf", stream(XML.encode()), of_a_picture)).title == "Herons & egrets"


def test_the_info_dictionary_wins_where_it_means_something(tmp_path: Path) -> None:
    document = read(write(tmp_path / "a.pdf", stream(XML.encode()), info=b"/Title (Fen birds) /Author (Ada)"))
    assert (document.title, document.author, document.created) == ("Fen birds", "Ada", "2024-05-14")
    document = read(
        write(tmp_path / "b.pdf", stream(XML.encode()), info=b"/Title (Document1) /Author (anonymous)")
    )
    assert (document.title, document.author) == ("Herons & egrets", "Wanda Tern; Ole Rail")


def test_encodings_and_damage() -> None:
    assert read_xml(XML.encode("utf-16")) == SAID
    assert read_xml(b"\0\0" + XML.encode() + b" " * 2000) == SAID
    cut = read_xml(XML[: XML.index("<xmp:ModifyDate>")].encode())
    assert (cut.title, cut.modified) == ("Herons & egrets", "")
    assert read_xml(b"") == read_xml(b"not XML") == read_xml(b"<a>") == Description()


def test_hostile_xml_ends_the_reading() -> None:
    start = time.process_time()
    entities = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10 if at else "laugh"}">' for at in range(30))
    laughs = f"<!DOCTYPE x [{entities}]>" + XML.replace("Herons", "&e29;")
    assert read_xml(laughs.encode()) == Description()
    local = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + XML.replace("Herons", "&f;")
    assert read_xml(local.encode()) == Description()
    assert read_xml(b"<a>" * 300_000) == Description()
    assert read_xml(b"<!-- " + b"x" * 2**21 + b" -->" + XML.encode()) == Description()
    assert read_xml(b'<?xml version="1.0" encoding="rot13"?>' + XML.encode()) == Description()
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-14", "2024-05-14"),
        ("2024-05", "2024-05"),
        ("2024/5/4", "2024-05-04"),
        ("D:2024-05-14", "2024-05-14"),
        ("2024-05-14T10:20Z", "2024-05-14T10:20:00Z"),
        ("2024-05-14 10:20:30.123-0500", "2024-05-14T10:20:30-05:00"),
        ("2024-05-14T10:20:30", "2024-05-14T10:20:30"),
        ("2024-05-14, revised", "2024-05-14"),
        ("2024-13-45", ""),
        ("20240514", "2024-05-14"),
    ],
)
def test_iso_dates_keep_month_and_day(value: str, expected: str) -> None:
    assert read_date(value) == expected


@pytest.mark.parametrize(
    "title",
    [
        "Document1", "Dokument 2", "Présentation PowerPoint", "Презентация PowerPoint", "無題", "Sin título",
        "Sin título 1", "Unbenanntes Dokument", "Document sans titre", "無題のドキュメント", "未命名文件",
        "제목 없는 문서", "Prezentacja programu PowerPoint", "PowerPoint-esitys", "عرض تقديمي في PowerPoint",
        "Mappe1", "Книга1", "工作簿1", "Без имени 1", "Χωρίς τίτλο 1", "İsimsiz 1", "Новый документ",
        "名称未設定",
        "data:text/html,<h1>x</h1>", "about:blank", "https://example.org/a b", "www.example.org/x",
        "My report (final) [2].docx", "My report.docx [Read-Only]", "Annual report.pdf - Kopie",
        "scan_003 [2]",
        "/home/me/My Docs/a b", "C:/Users/My Docs/a", r"\\server\share\a b", "Report.docx (1)",
        "localhost:8080/x", "localhost", "127.0.0.1:5173", "192.168.0.7/print", "wiki:8080/Main",
        "app.test:3000", "intranet.example.org/reports/7",
    ],
)  # fmt: skip
def test_no_titles(title: str) -> None:
    assert not is_meaningful(title)


@pytest.mark.parametrize(
    "title",
    [
        "The Book of Sand", "New York", "Nova", "Презентация отчёта", "Document Retention",
        "無題の詩集について",
        "Libro de horas", "Data: a history", "About: Blank verse", "And/or: a study", "TCP/IP Illustrated",
        "Learning React.js (2nd edition)", "Introduction to foo_bar", "The pages (draft)",
        "ISO:9001", "ISO 27001:2022", "And.or", "Either/or", "ASP.NET", "Genesis 1:10", "Node.js",
    ],
)  # fmt: skip
def test_titles(title: str) -> None:
    assert is_meaningful(title)


def test_an_attached_pdf_has_its_own_xml(tmp_path: Path) -> None:
    container = write(tmp_path / "cover.pdf", stream(XML.encode()))
    content = write(
        tmp_path / "a.pdf", stream(XML.replace("Herons", "Attached herons").encode())
    ).read_bytes()
    document = extract(container, "0" * 24, content=content, stem="a", on_page=lambda done, total: None)
    assert document.title == "Attached herons & egrets"
    plain = write(tmp_path / "b.pdf", info=b"/Producer (x)").read_bytes().replace(b"/Metadata 6 0 R", b"")
    document = extract(container, "0" * 24, content=plain, stem="b", on_page=lambda done, total: None)
    assert "egrets" not in document.title
