"""Letters and accents that are printed as two characters are one."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        # TJ moves back by thousandths of the size, so that the accent's middle is over that of its letter.
        ("[(Kurt G) -111 (¨) 444 (odel in Wien)] TJ", "Kurt Gödel in Wien\n"),
        ("[(l') -111 (´) 444 (economie, tr) -111 (`) 444 (es bien)] TJ", "l'économie, très bien\n"),
        ("[(une lec) -500 (¸) 833 (on)] TJ", "une lec ¸on\n"),
        ("[(gar) 0 (¸) 417 (con)] TJ", "garçon\n"),
        ("[(a `quoted' word and `another')] TJ", "a `quoted' word and `another'\n"),
        ("[(10 ¨ and ´ alone)] TJ", "10 ¨ and ´ alone\n"),
    ],
)
def test_accents(tmp_path: Path, printed: str, text: str) -> None:
    contents = [f"BT /F 12 Tf 72 700 Td (First line.) Tj T* 0 -20 Td {printed} ET".encode("latin-1")] * 2
    document = extract(write_text_objects(tmp_path / "a.pdf", contents), ID, on_page=lambda done, total: None)
    assert [page.text.split("\n", 1)[1].lstrip() for page in document.pages] == [text] * 2


def test_the_accent_of_a_capital_at_the_end_of_the_line(tmp_path: Path) -> None:
    content = "BT /F 12 Tf 72 700 Td (Orjan Ekeberg and others) Tj ET BT /F 12 Tf 74.6 702 Td (¨) Tj ET"
    path = write_text_objects(tmp_path / "a.pdf", [content.encode("latin-1")])
    assert extract(path, ID, on_page=lambda done, total: None).pages[0].text == "Örjan Ekeberg and others\n"
