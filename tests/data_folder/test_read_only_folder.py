"""A data folder that can only be read: it answers, follows what others write, and says what can't be done."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commands import Ran, clean_environment
from indexer.store.migrate import migrate
from indexer.upkeep.backup import back_up, restore
from places import TESTS
from shelf import Shelf
from stackroom.catalog.schema import open_catalog
from stackroom.common.errors import CatalogUnusable
from stackroom.common.settings import Settings

READING = """
import json, sys
from contextlib import closing
from pathlib import Path
from fakes import OneModel, WordHashEmbedder
from indexer.upkeep.backup import back_up
from stackroom.catalog.catalog import Catalog
from stackroom.cli.main import main
from stackroom.common.running import hold, holder
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import begin

settings = Settings(data=Path(sys.argv[1]))
catalog = Catalog(settings.catalog, create=True)
with closing(Reader(catalog, WordIndex(settings.words), OneModel(WordHashEmbedder()))) as reader:
    with hold(settings.index / "server.lock", {}, needed=False) as held:
        found = [hit.best.text.strip("… ") for hit in reader.search("damp cloth")]
        fetched = reader.fetch(reader.search("damp cloth")[0].document_id).text
back_up(settings, Path(sys.argv[2]))
codes = [main(["--data", sys.argv[1], *command]) for command in json.loads(sys.argv[3])]
print(json.dumps([found, fetched, held, holder(settings.index / "server.lock"), codes]))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user can look into, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)


def somebody(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """Starts a program without the right to write everywhere."""
    paths = os.pathsep.join([str(TESTS), *sys.path])
    who = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if who and not shutil.which("setpriv"):
        pytest.skip("there is no setpriv, with which root becomes somebody else")
    return subprocess.Popen(
        [*who, sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**clean_environment(), "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def ended(process: "subprocess.Popen[str]") -> Ran:
    stdout, stderr = process.communicate("\n", timeout=120)
    if "ModuleNotFoundError" in stderr or not stderr + stdout:
        pytest.skip("another user cannot run this Python")
    return Ran(process.returncode, stdout, stderr)


def close_to_others(folder: Path) -> None:
    """Takes the right to write, and gives that to read."""
    for path, _, files in os.walk(folder, topdown=False):
        for file in files:
            Path(path, file).chmod(0o444)
        Path(path).chmod(0o555)


posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are those of POSIX")


@posix
@pytest.mark.parametrize("is_written", [False, True], ids=["at rest", "while it is written"])
def test_a_folder_that_only_reads_answers(place: Path, is_written: bool) -> None:
    shelf = Shelf(place)
    shelf.add(1, "bread needs a damp cloth\n")
    if not is_written:
        shelf.close()
    close_to_others(place / "data")
    (place / "out").mkdir()
    (place / "out").chmod(0o777)
    before = sorted(place.rglob("*"))
    commands: list[list[str]] = [["status"], ["log"], ["index", str(place)], ["check"], ["forget", "x"]]
    ran = ended(somebody(READING, place / "data", place / "out" / "library.tar", json.dumps(commands)))
    assert ran.returncode == 0, ran.stderr
    found, fetched, held, holding, codes = json.loads(ran.stdout.splitlines()[-1])
    assert found == ["bread needs a damp cloth"]
    assert "damp cloth" in fetched
    assert (held, holding) == (True, None)
    assert codes == [0, 0, 1, 1, 1]
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count(f"{place / 'data' / 'index'} cannot be written: Permission denied") == 3
    assert [path for path in sorted(place.rglob("*")) if path.parent != place / "out"] == before
    if is_written:
        shelf.close()


FOLLOWING = """
import sys
from contextlib import closing
from pathlib import Path
from fakes import OneModel, WordHashEmbedder
from stackroom.catalog.catalog import Catalog
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

catalog = Catalog(Path(sys.argv[1]))
words = WordIndex(catalog.folder / "words")
with closing(Reader(catalog, words, OneModel(WordHashEmbedder()))) as reader:
    for _ in range(2):
        print(len(reader.search("bread")), flush=True)
        sys.stdin.readline()
"""


@posix
@pytest.mark.parametrize("is_written", [False, True], ids=["at rest", "while it is written"])
def test_what_others_write_there_is_followed(place: Path, is_written: bool) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can write where others cannot")
    shelf = Shelf(place)
    shelf.add(1, "bread needs a damp cloth\n")
    settings = Settings(data=place / "data")
    back_up(settings, place / "library.tar")
    if not is_written:
        shelf.close()
        restore(Settings(data=place / "copy"), place / "library.tar", migrate)
        shelf.path = place / "copy" / "index" / "catalog.sqlite3"
    data = shelf.path.parent.parent
    close_to_others(data)
    reading = somebody(FOLLOWING, shelf.path)
    assert reading.stdout
    if reading.stdout.readline() == "1\n":
        if is_written:
            shelf.add(2, "more bread\n")
            close_to_others(data)
        else:
            with closing(open_catalog(shelf.path, create=False)) as db:
                db.execute("DELETE FROM splits")
                db.execute("INSERT INTO changes (kind, first, last) VALUES ('model', 0, 0)")
    ran = ended(reading)
    assert (ran.stdout, ran.stderr) == ("2\n" if is_written else "0\n", "")
    if is_written:
        shelf.close()


@posix
def test_a_journal_that_cannot_be_taken_in_is_said(place: Path) -> None:
    shelf = Shelf(place)
    shelf.add(1, "bread needs a damp cloth\n")
    copy = place / "copy" / "index"
    copy.mkdir(parents=True)
    for name in ("catalog.sqlite3", "catalog.sqlite3-wal"):
        shutil.copy(shelf.path.with_name(name), copy)
    shelf.close()
    close_to_others(place / "copy")
    ran = ended(somebody(READING, place / "copy", place / "library.tar", "[]"))
    assert "its last changes are in its journal" in ran.stderr.splitlines()[-1]


def test_where_no_catalogue_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file where the folder should be")
    with pytest.raises(CatalogUnusable, match=r"neither be opened nor made: .*readable and writable for you"):
        open_catalog(tmp_path / "index" / "catalog.sqlite3", create=True)
