"""Questions a person would ask, to a small library of invented PDFs, through the real model."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from indexer.run.indexer import Indexer
from make_pdfs import write_pdf
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.models import Models
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

# By title: the pages of each document.
LIBRARY = {
    "Maintainer Scripts": [
        "A package may bring four scripts: preinst, postinst, prerm and postrm. The package manager "
        "runs them as root at fixed moments. They must be idempotent: run twice, they must do no harm, "
        "because an installation that was interrupted is begun again. A script reports an error by its "
        "exit status.",
        "During installation the manager first calls preinst with the argument install, then unpacks "
        "the files, and at last calls postinst with the argument configure and the version that was "
        "configured before. During an upgrade the old version's prerm is called with the argument "
        "upgrade.",
        "When a package is removed, its prerm is called with the argument remove, then its files are "
        "deleted, and then its postrm is called with the argument remove. Configuration files stay "
        "behind. If the package is purged, postrm is called once more, with the argument purge, and "
        "must delete them.",
    ],
    "The Bellavista Espresso Machine": [
        "Fill the tank with fresh water before the first use and let two cups run through. Grind the "
        "beans finely, press them into the basket with even force, and lock the handle. A good shot "
        "takes twenty-five to thirty seconds and has a hazel-coloured foam.",
        "Descale the machine every two months, or when the red lamp blinks. Dissolve one sachet of "
        "citric acid in a litre of water, pour it into the tank and let half of it run through. Wait "
        "fifteen minutes, let the rest run through, then rinse with two tanks of clear water. Never use "
        "vinegar: it eats the seals.",
    ],
    "Tenancy Agreement": [
        "The landlord lets to the tenant the flat on the second floor, with three rooms, kitchen and "
        "bath. The rent is 840 a month and is due on the third working day. The tenant pays a deposit "
        "of three months' rent, which is returned within six months after the flat has been handed "
        "back.",
        "Either party may end this agreement in writing. The notice period for the tenant is three "
        "months to the end of a month. The landlord may give notice only for a serious reason, such as "
        "his own need. Keeping small pets is allowed; a dog needs the landlord's consent.",
    ],
    "Climate of the Northern Fjords": [
        "Mean winter temperatures have risen by 2.3 degrees since 1970, and the sea ice now breaks up "
        "nineteen days earlier. Snow lies for fewer days below three hundred metres, while rain on "
        "frozen ground has become common and covers the pastures of the reindeer with ice.",
    ],
    "Sourdough for Beginners": [
        "Mix rye flour and water in equal parts and leave the starter in a warm place. Feed it every "
        "day. When it doubles within six hours it is ready. For a loaf, combine five hundred grams of "
        "flour, three hundred and fifty of water, a hundred of starter and ten of salt. Let the dough "
        "rise overnight in the refrigerator and bake it in a hot pot with the lid on.",
    ],
    "Packaging Python Projects": [
        "Describe the project in pyproject.toml: its name, its version, the interpreter it needs and "
        "what it depends on. Choose a build backend and run the build front end, which makes a source "
        "archive and a wheel. Upload both to the index with an access token. A version that was "
        "published can't be replaced.",
    ],
    "Invoice 2024-0173": [
        "Invoice to the Harbour Museum. Repair of two ship models, 14 hours at 62.00: 868.00. Brass "
        "wire and varnish: 47.50. Delivery: 25.00. Net amount 940.50, value added tax 19 percent "
        "178.70, total 1,119.20. Payable within fourteen days without deduction.",
    ],
    "First Aid at Work": [
        "Cool a burn under running water for twenty minutes and cover it loosely; do not open blisters "
        "and do not put butter or cream on it. If somebody is bleeding heavily, press a clean cloth on "
        "the wound and raise the limb. If a person is unconscious but breathing, lay them on their "
        "side.",
    ],
    "Adjusting Bicycle Brakes": [
        "If the lever touches the handlebar, the cable is too long: loosen the anchor bolt, pull the "
        "cable tight and fasten it again. The pads should meet the rim at its middle, a little sooner "
        "in front than behind, or else they squeal. Replace pads when the grooves have worn away.",
    ],
    "Hausordnung": [
        "Die Kehrwoche wechselt jeden Montag zwischen den Mietern eines Stockwerks. Zu ihr gehoeren das "
        "Fegen und Wischen der Treppe, des Flurs und des Kellergangs sowie das Raeumen von Schnee vor "
        "dem Haus. Von 22 Uhr bis 6 Uhr ist Nachtruhe. Fahrräder gehören in den Fahrradkeller.",
    ],
    "Le musée de la dentelle": [
        "Le musée est ouvert tous les jours sauf le mardi, de dix heures à dix-huit heures. L'entrée "
        "est gratuite pour les enfants et le premier dimanche du mois. Au premier étage, des "
        "dentellières montrent leur métier sur des fuseaux anciens. Les chiens ne sont pas admis.",
    ],
    "Gazpacho andaluz": [
        "Para el gazpacho se necesitan un kilo de tomates maduros, un pepino, un pimiento verde, un "
        "diente de ajo, aceite de oliva, vinagre y sal. Se trituran las verduras, se añade el aceite "
        "poco a poco y se deja enfriar en la nevera dos horas antes de servir.",
    ],
}

QUESTIONS = [
    ("how are maintainer scripts called during package removal", "Maintainer Scripts", 3),
    ("what happens when a package is upgraded", "Maintainer Scripts", 2),
    ("how do I get rid of limescale in the coffee maker", "The Bellavista Espresso Machine", 2),
    ("how long should an espresso take", "The Bellavista Espresso Machine", 1),
    ("how much notice must I give before moving out", "Tenancy Agreement", 2),
    ("when do I get my deposit back", "Tenancy Agreement", 1),
    ("global warming in the arctic", "Climate of the Northern Fjords", 1),
    ("baking bread without yeast from the shop", "Sourdough for Beginners", 1),
    ("how to publish a library so that pip can install it", "Packaging Python Projects", 1),
    ("what did the museum pay for the ship models", "Invoice 2024-0173", 1),
    ("somebody has scalded their hand", "First Aid at Work", 1),
    ("my bike does not stop properly", "Adjusting Bicycle Brakes", 1),
    ("Wer muss die Treppe putzen?", "Hausordnung", 1),
    ("quels sont les horaires du musée", "Le musée de la dentelle", 1),
    ("receta de sopa fría de tomate", "Gazpacho andaluz", 1),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    for number, (title, pages) in enumerate(LIBRARY.items()):
        # Names that say nothing, so that only the text can answer.
        write_pdf(folder / f"scan {number:03}.pdf", pages, title=title)
    return folder


@pytest.fixture(scope="module")
def reader(
    library: Path, models_folder: Path, bundled_model: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    models = Models(models_folder, "fp32")
    settings = Settings.read({}, data=tmp_path_factory.mktemp("data"), workers=2)
    with Indexer(settings, models) as indexer:
        summary = indexer.run([library])
    assert (summary.added, summary.failed) == (len(LIBRARY), 0)
    with closing(Reader(Catalog(settings.catalog), WordIndex(settings.words), models)) as reader:
        yield reader


@pytest.mark.parametrize(("question", "title", "page"), QUESTIONS)
def test_the_right_document_comes_first(reader: Reader, question: str, title: str, page: int) -> None:
    hits = reader.search(question)
    assert 1 <= len(hits) <= 10
    assert (hits[0].title, hits[0].best.page) == (title, page)
    assert hits[0].best.text.split() == LIBRARY[title][page - 1].split()
    assert [hit.best.score for hit in hits] == sorted((hit.best.score for hit in hits), reverse=True)


def test_a_blank_question_has_no_answer(reader: Reader) -> None:
    assert reader.search("") == reader.search(" \n\t") == []


def test_fetch_gives_every_page_as_it_was_extracted(reader: Reader, library: Path) -> None:
    for path in sorted(library.iterdir()):
        title, pages = list(LIBRARY.items())[int(path.stem.split()[1])]
        fetched = reader.fetch(next(hit.document_id for hit in reader.search(title) if hit.title == title))
        _, *parts = re.split(r"^\[\[page (\d+)\]\]\n", fetched.text, flags=re.MULTILINE)
        numbers, texts = parts[::2], parts[1::2]
        assert numbers == [str(number) for number in range(1, len(pages) + 1)]
        # One newline more stands before each mark but the first.
        exact = [
            text.removesuffix("\n") if number < len(texts) else text for number, text in enumerate(texts, 1)
        ]
        document = extract(path, fetched.entry.id, on_page=lambda done, total: None)
        assert exact == [page.text for page in document.pages]
        assert [text.split() for text in texts] == [page.split() for page in pages]
