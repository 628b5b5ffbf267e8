"""Questions drawn from headings: none finds itself, and each has one right place."""

from pathlib import Path

from stackroom.cli.evaluation.headings import MOST_QUESTIONS, questions_of
from stackroom.cli.evaluation.sets import EvaluationSet
from stackroom.common.documents import Document, Page, Section

TEXT = "It is a long text that says what there is to say about this, and then some more. " * 4


def document(*pages: str, title: str = "", headings: tuple[tuple[str, str], ...] = ()) -> Document:
    """With these pages; each heading is its path, and the words in the text that it begins at."""
    whole = "".join(pages)
    sections = tuple(Section(whole.rindex(at), path) for path, at in headings)
    numbered = tuple(Page(number, str(number), text) for number, text in enumerate(pages, 1))
    return Document("0" * 24, title or "doc", "", "", "", (), numbered, "hand", sections)


def asked(found: EvaluationSet) -> dict[str, frozenset[int]]:
    return {query.text: query.pages for query in found.queries}


def questions(**documents: Document) -> EvaluationSet:
    named = {f"{name}.pdf": one for name, one in documents.items()}
    return questions_of(named, "papers", Path("nowhere"))


def test_a_heading_is_taken_out_wherever_a_line_says_it() -> None:
    found = questions(
        a=document(
            "Contents\n1.2 Feeding the otters ...... 3\n\n",
            f"FEEDING THE OTTERS 3\n1.2 Feeding the\nOtters\n\nAbout feeding otters. {TEXT}\n",
            headings=(("Keeping › Feeding the otters", "1.2 Feeding the\n"),),
        )
    )
    assert asked(found) == {"Feeding the otters": frozenset({2})}
    assert found.documents is not None
    ((path, bare),) = found.documents.items()
    assert (path, bare.title, bare.sections) == ("1.pdf", "", ())
    assert [page.text for page in bare.pages] == [
        "Contents\n",
        f"\n\nAbout feeding otters. {TEXT}".rstrip() + "\n",
    ]


def test_what_has_no_one_answer_is_not_asked() -> None:
    headings = (
        ("Summary", "Summary"),  # one word
        ("Part one › Empty part", "Empty part"),  # nothing is below it
        ("In both of them", "In both of them"),
        ("Really only here", "Really only here"),
    )
    text = f"Summary\n{TEXT}\nEmpty part\nIn both of them\n{TEXT}\nReally only here\n{TEXT}\n"
    other = document(f"In both of them!\n{TEXT}\n", headings=(("In both of them!", "In both of them!"),))
    found = questions(a=document(text, headings=headings), b=other)
    assert asked(found) == {"Really only here": frozenset({1})}


def test_the_answer_may_go_on_to_the_next_page() -> None:
    page = f"The way home\n{TEXT[:90]}\n"
    found = questions(a=document(page, f"{TEXT}\n", headings=(("The way home", "The way home"),)))
    assert asked(found) == {"The way home": frozenset({1, 2})}


def test_scripts_without_blanks_and_titles_are_asked() -> None:
    chinese = "水獭在水里睡觉的时候互相拉着手这样就不会漂走。" * 12
    text, headings = f"水獭的生活\n{chinese}\n", (("水獭的生活", "水獭的生活"),)
    found = questions(
        a=document(text, title="On Sleeping Otters", headings=headings),
        named_so=document(f"Named so\n{TEXT}\n", title="named_so"),
    )
    assert asked(found) == {"水獭的生活": frozenset({1}), "On Sleeping Otters": frozenset()}
    (title,) = (query for query in found.queries if not query.pages)
    assert title.relevant == {"1.pdf": 1}


def test_the_same_questions_are_chosen_each_time() -> None:
    names = [f"Number {chr(97 + at // 26)}{chr(97 + at % 26)} of them" for at in range(MOST_QUESTIONS + 30)]
    pages = [f"{name}\n{TEXT}\n" for name in names]
    many = document(*pages, headings=tuple((name, name) for name in names))
    assert len(questions(a=many).queries) == MOST_QUESTIONS
    assert questions(a=many).queries == questions(a=many).queries
