"""What of a folder is no part of a library: links out of it, folders of the system, its owner's patterns."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.folder.compare import File
from indexer.folder.leave_out import EVERYTHING, SYSTEM_FOLDERS, Rules
from indexer.folder.walk import Walk, walk
from indexer.run.indexer import Indexer
from make_pdfs import write_pdf
from papers import TAXES, counts, index
from stackroom.cli.arguments import parse, settings_of
from stackroom.common.errors import SettingsError, UnknownDocument
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader


def found(root: Path, rules: Rules = EVERYTHING) -> set[str]:
    return {relative for relative, _, _ in walk(root, rules, Walk())}


def left_out(reader: Reader) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {entry.reason: (entry.count, entry.paths) for entry in reader.status().left_out}


def make(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_files_of_other_formats_are_counted(tmp_path: Path) -> None:
    make(tmp_path, "a.docx", "b/c.md", "b/D.MD", "e.md", "README", "f.not a format", ".hidden.md", "g.pdf")
    make(tmp_path, "drafts/h.md", "@eaDir/i.md").joinpath(".stackroomignore").write_text("drafts/\ne.md\n")
    seen = Walk()
    list(walk(tmp_path, EVERYTHING, seen))
    assert seen.other_formats == {"docx": 1, "md": 2, "": 2}


# Links


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that nobody has indexed, with a PDF."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_pdf(elsewhere / "taxes.pdf", [TAXES], title="On Taxes")
    return elsewhere


def test_links_that_lead_out_are_not_followed_but_counted(
    folder: Path, elsewhere: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    (folder / "a.pdf").symlink_to(elsewhere / "taxes.pdf")
    (folder / "b").symlink_to(elsewhere, target_is_directory=True)
    (folder / "c.txt").symlink_to(elsewhere / "taxes.pdf")  # no PDF by its name
    (folder / "d.pdf").symlink_to(elsewhere / "nowhere.pdf")
    summary = index(settings, embedder, folder)
    assert (counts(summary), summary.left_out, summary.unreadable) == ({"added": 2}, 2, {})
    assert left_out(reader) == {"link": (2, ("a.pdf", "b"))}
    assert {hit.title for hit in reader.search("declaration of income")} <= {"On Otters", "On Bread"}


def test_links_that_lead_out_are_followed_if_that_is_asked_for(
    folder: Path, elsewhere: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    (folder / "b").symlink_to(elsewhere, target_is_directory=True)
    following = replace(settings, follow_links=True)
    assert counts(index(following, embedder, folder)) == {"added": 3}
    assert left_out(reader) == {}
    (hit,) = [hit for hit in reader.search("declaration of income") if hit.title == "On Taxes"]
    assert reader.file(hit.document_id)[1] == folder / "b" / "taxes.pdf"
    # The next run without it removes what is behind them.
    assert counts(index(settings, embedder, folder)) == {"removed": 1, "unchanged": 2}
    with pytest.raises(UnknownDocument):
        reader.file(hit.document_id)


def test_links_that_stay_inside_are_followed_once(folder: Path) -> None:
    deep = make(folder, "deep/er/x.pdf") / "deep"
    (folder / "beside.pdf").symlink_to(deep / "er" / "x.pdf")
    (folder / "way").symlink_to(deep / "er", target_is_directory=True)
    (deep / "up").symlink_to(folder, target_is_directory=True)
    names = {"otters.pdf", "bread.pdf", "beside.pdf", "deep/er/x.pdf"}
    assert found(folder) == names


def test_a_way_out_by_several_links_is_none(folder: Path, elsewhere: Path) -> None:
    (folder / "one").symlink_to(folder / "two", target_is_directory=True)
    (folder / "two").symlink_to(elsewhere, target_is_directory=True)
    (folder / "up.pdf").symlink_to(Path("..") / "elsewhere" / "taxes.pdf")
    assert found(folder) == {"otters.pdf", "bread.pdf"}
    assert found(folder, Rules(follow_links=True)) == {
        "otters.pdf",
        "bread.pdf",
        "one/taxes.pdf",
        "up.pdf",
    }


def test_the_folder_itself_may_be_a_link(
    folder: Path, tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    library = tmp_path / "library"
    library.symlink_to(folder, target_is_directory=True)
    assert counts(index(settings, embedder, library)) == {"added": 2}
    (hit, *_) = reader.search("otters")
    assert reader.file(hit.document_id)[1] == library / "otters.pdf"


@pytest.mark.skipif(sys.platform != "win32", reason="junctions are of Windows")
def test_a_junction_is_a_link(folder: Path, elsewhere: Path) -> None:
    import _winapi

    _winapi.CreateJunction(str(elsewhere), str(folder / "b"))  # type: ignore[attr-defined, unused-ignore]
    assert found(folder) == {"otters.pdf", "bread.pdf"}


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_what_takes_the_place_of_a_pdf_is_not_shown(
    folder: Path,
    elsewhere: Path,
    settings: Settings,
    embedder: WordHashEmbedder,
    reader: Reader,
    swapped: str,
) -> None:
    """A link to a file of the same size and time, which a look at those alone takes for the PDF."""
    inner = folder / "inner"
    inner.mkdir()
    shutil.copy(elsewhere / "taxes.pdf", inner / "taxes.pdf")
    index(settings, embedder, folder)
    (hit,) = [hit for hit in reader.search("declaration of income") if hit.title == "On Taxes"]
    assert reader.page(hit.document_id, 1).file == inner / "taxes.pdf"
    as_it_was = (inner / "taxes.pdf").stat()
    secret = elsewhere / "taxes.pdf"
    secret.write_bytes(b"%PDF-1.7 a secret".ljust(as_it_was.st_size))
    os.utime(secret, ns=(as_it_was.st_mtime_ns, as_it_was.st_mtime_ns))
    if swapped == "file":
        (inner / "taxes.pdf").unlink()
        (inner / "taxes.pdf").symlink_to(secret)
    else:
        shutil.rmtree(inner)
        inner.symlink_to(elsewhere, target_is_directory=True)
    assert (inner / "taxes.pdf").stat().st_mtime_ns == as_it_was.st_mtime_ns
    assert reader.page(hit.document_id, 1).file is None
    with pytest.raises(UnknownDocument):
        reader.file(hit.document_id)


def test_what_takes_the_place_of_a_pdf_before_it_is_read_is_not_indexed(
    folder: Path, elsewhere: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    decoy, secret = folder / "new.pdf", elsewhere / "taxes.pdf"
    decoy.write_bytes(b"x" * secret.stat().st_size)
    os.utime(decoy, ns=(secret.stat().st_mtime_ns, secret.stat().st_mtime_ns))

    def swap(file: File) -> bool:
        decoy.unlink()  # after the comparison
        decoy.symlink_to(secret)
        return False

    with Indexer(settings, OneModel(embedder)) as indexer:
        summary = indexer.run([folder], hold_back=swap)
    assert counts(summary) == {"unchanged": 2, "failed": 1}
    assert list(summary.failures.values()) == [
        "was changed while it was being read; it is read again on the next run"
    ]
    assert counts(index(settings, embedder, folder)) == {"unchanged": 2, "removed": 1}
    assert {hit.title for hit in reader.search("declaration of income")} <= {"On Otters", "On Bread"}


# Folders of the system


def test_recycle_bins_are_no_part_of_a_library(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    (folder / "#recycle").mkdir()
    (folder / "bread.pdf").rename(folder / "#recycle" / "bread.pdf")
    assert counts(index(settings, embedder, folder)) == {"removed": 1, "unchanged": 1}
    assert left_out(reader) == {"system": (1, ("#recycle",))}
    assert reader.search("dough") == []
    assert [hit.title for hit in reader.search("otters")] == ["On Otters"]


def test_folders_of_the_system(tmp_path: Path) -> None:
    names = [*SYSTEM_FOLDERS, "$RECYCLE.BIN", "@eaDir", "@Recycle", ".Trash-1000", ".snapshot", ".snapshots"]
    make(tmp_path, "x.pdf", *(f"a/{name}/deep/x.pdf" for name in names), "#recycle.pdf")
    assert found(tmp_path) == {"x.pdf", "#recycle.pdf"}
    bin_ = tmp_path / "a" / "#recycle"
    assert found(bin_) == {"deep/x.pdf"}  # somebody has named it


# Patterns


def test_what_is_excluded_is_removed_and_counted(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    make(folder, "drafts/x.pdf", "drafts/y.pdf")
    shutil.copy(folder / "bread.pdf", folder / "drafts" / "x.pdf")
    shutil.copy(folder / "otters.pdf", folder / "drafts" / "y.pdf")
    assert counts(index(settings, embedder, folder)) == {"added": 4}
    (folder / ".stackroomignore").write_text("# of last year\ndrafts/\n")
    summary = index(replace(settings, exclude=("bread.*",)), embedder, folder)
    assert (counts(summary), summary.left_out) == ({"removed": 3, "unchanged": 1}, 2)
    assert left_out(reader) == {"pattern": (2, ("bread.pdf", "drafts"))}
    (folder / ".stackroomignore").unlink()
    assert counts(index(settings, embedder, folder)) == {"added": 3, "unchanged": 1}
    assert left_out(reader) == {}


PATHS = [
    *("x.pdf", "y.pdf", "a/x.pdf", "a/b/x.pdf", "b/x.pdf", "b/y.pdf", "foo/x.pdf", "foo/a/x.pdf"),
    *("foo/a/b/y.pdf", "a b/x.pdf", "b/foo/x.pdf", "b/foo/a/x.pdf", "ä/x.pdf"),
]


@pytest.mark.parametrize(
    "lines",
    [
        ["a"],
        ["/a", "*.pdf", "!b/x.pdf"],
        ["foo/**", "!foo/x.pdf"],
        ["b/**", "!foo/", "!x.pdf"],
        ["[ab]", "!foo/"],
        ["a/**/"],
        ["*", "!*/", "!x.pdf"],
        ["/**"],
        ["/*", "!/b/"],
        ["**/b", "!a/b"],
        ["a/**/x.pdf"],
        ["a b/", "\\!x", "#a", "", "x.p?f "],
        ["ä"],
        ["foo/*", "!/**/"],
    ],
)
def test_patterns_are_read_as_git_reads_them(tmp_path: Path, lines: list[str]) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    make(tmp_path, *PATHS)
    for name in (".stackroomignore", ".gitignore"):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run([git, "init", "-q", tmp_path], check=True)
    command = [git, "-C", str(tmp_path), "ls-files", "-oz", "--exclude-standard", "*.pdf"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert found(tmp_path) == set(filter(None, listed.split("\0")))


def test_the_nearest_patterns_count_most_and_the_settings_more(tmp_path: Path) -> None:
    make(tmp_path, "x.pdf", "a/x.pdf", "a/b/x.pdf", "a/b/y.pdf", "#c/x.pdf")
    (tmp_path / ".stackroomignore").write_text("x.pdf\r\n", encoding="utf-8-sig")
    (tmp_path / "a" / ".stackroomignore").write_text("!/b/x.pdf\n")
    assert found(tmp_path) == {"a/b/x.pdf", "a/b/y.pdf"}
    assert found(tmp_path, Rules(("/a/b/x.pdf", "!/x.pdf"))) == {"a/b/y.pdf", "x.pdf"}


def test_letters_that_are_written_in_two_ways_are_one(tmp_path: Path) -> None:
    make(tmp_path, "a\u0308/x.pdf", "b/x.pdf")  # as Macs write it
    (tmp_path / ".stackroomignore").write_text("\u00e4/\n", encoding="utf-8")
    assert found(tmp_path) == {"b/x.pdf"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"drafts/\n!\n", "line 2 is no pattern"),
        (b"[z-a]\n", "line 1 is no pattern"),
        (b"dr\xe4fts/\n", "it is not UTF-8"),
        (b"a\n" * 600_000, "it is no file of at most"),
        (None, "it is no file of at most"),
    ],
)
def test_patterns_that_cannot_be_used_remove_nothing(
    folder: Path,
    settings: Settings,
    embedder: WordHashEmbedder,
    reader: Reader,
    content: bytes | None,
    reason: str,
) -> None:
    inner = folder / "inner"
    inner.mkdir()
    shutil.copy(folder / "bread.pdf", inner / "bread.pdf")
    index(settings, embedder, folder)
    file = inner / ".stackroomignore"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    (inner / "bread.pdf").unlink()
    write_pdf(inner / "taxes.pdf", [TAXES], title="On Taxes")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"unchanged": 2}  # nor is anything new taken in that may be meant to stay out
    assert list(summary.unreadable) == [str(inner)]
    assert reason in summary.unreadable[str(inner)]
    assert [failure.path for failure in reader.status().unreadable] == [str(inner)]


def test_a_pattern_of_the_settings_that_is_none_stops_the_run(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    with pytest.raises(SettingsError, match=r"'!', in --exclude or STACKROOM_EXCLUDE, is no pattern"):
        index(replace(settings, exclude=("*.pdf", "!")), embedder, folder)
    assert reader.status().documents == 2


def test_the_settings(tmp_path: Path) -> None:
    for command in ("index", "watch", "up"):
        arguments = parse([command, "papers", "--exclude", "a b/", "--exclude=#recycle", "--follow-links"])
        settings = settings_of(arguments)
        assert (settings.exclude, settings.follow_links) == (("a b/", "#recycle"), True)
    settings = Settings.read({"STACKROOM_EXCLUDE": "drafts/\nold *\n", "STACKROOM_FOLLOW_LINKS": "yes"})
    assert (settings.exclude, settings.follow_links) == (("drafts/", "old *"), True)
    both = Settings.read({"STACKROOM_EXCLUDE": "drafts/"}, exclude=["#old"], follow_links=None)
    assert (both.exclude, both.follow_links) == (("drafts/", "#old"), False)
    make(tmp_path, "#old/x.pdf", "x.pdf")
    assert found(tmp_path, Rules.of(both)) == {"x.pdf"}  # a comment, in a file


# Shares that are not mounted


def test_a_share_that_is_left_out_need_not_be_mounted(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    (folder / "share").mkdir()
    (folder / ".stackroomignore").write_text("share\n")
    settings.index.mkdir(parents=True)
    mounts = {"": folder.stat().st_dev, "share": 4711}
    (settings.index / "mounts.json").write_text(json.dumps({str(folder): mounts}))
    assert index(settings, embedder, folder).unreadable == {}


def test_a_share_is_remembered_while_its_folder_cannot_be_looked_at(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    share = folder / "a" / "share"
    share.mkdir(parents=True)
    shutil.copy(folder / "bread.pdf", share / "copy.pdf")
    index(settings, embedder, folder)
    (share / "copy.pdf").unlink()  # the share goes
    mounts = {"": folder.stat().st_dev, "a/share": 4711}
    (settings.index / "mounts.json").write_text(json.dumps({str(folder): mounts}))
    (folder / "a" / ".stackroomignore").write_text("!\n")
    assert index(settings, embedder, folder).removed == 0
    (folder / "a" / ".stackroomignore").unlink()
    assert index(settings, embedder, folder).removed == 0
