"""A data folder in the wild: left-over journals, no right to write, rights of others, interruptions."""

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from commands import Ran, clean_environment, stackroom_here
from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.store.lock import alone
from indexer.store.migrate import migrate
from indexer.store.publisher import Publisher
from indexer.upkeep.backup import back_up, restore
from indexer.upkeep.check import check
from make_pdfs import write_pdf
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.schema import open_catalog
from stackroom.common.errors import (
    AccessUnusable,
    AlreadyRunning,
    BackupUnusable,
    CatalogUnusable,
    UnknownDocument,
)
from stackroom.common.owner_only import narrow
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import begin
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.access.store import AccessStore


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    shelf.add(1, "otters hold hands\n", "they like stones\n")
    shelf.add(2, "bread needs a damp cloth\n")
    yield shelf
    shelf.close()


def titles(settings: Settings, query: str) -> list[str]:
    with closing(
        Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))
    ) as reader:
        return [hit.best.text.strip("… \n") for hit in reader.search(query)]


def journals(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}-*"))


# Journals of another file


def leave_journals(data: Path) -> Settings:
    """A folder whose catalogue and whose file of access were moved away without their journals."""
    settings = Settings(data=data)
    kept = data / "kept"
    kept.mkdir(parents=True)
    with AccessStore(settings.access) as store, closing(Publisher(settings.catalog)) as publisher:
        store.new_static_token("of long ago")
        publisher.add_library(Path("/of/long/ago"))
        for path in (settings.access, settings.catalog):
            for journal in journals(path):
                shutil.copy(journal, kept)
    for path in (settings.access, settings.catalog):
        path.unlink()
        for journal in kept.glob(f"{path.name}-*"):
            shutil.move(journal, path.parent)
        assert [journal.name for journal in journals(path)] == [f"{path.name}-shm", f"{path.name}-wal"]
    kept.rmdir()
    return settings


def test_a_restored_file_never_meets_the_journal_of_another(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    with AccessStore(settings.access) as store:
        store.new_static_token("laptop")
    back_up(settings, tmp_path / "library.tar")
    copy = leave_journals(tmp_path / "copy")
    restore(copy, tmp_path / "library.tar", migrate)
    assert check(copy) == check(settings)
    assert titles(copy, "damp cloth")[0] == "bread needs a damp cloth"
    with AccessStore(copy.access) as store:
        assert [grant.name for grant in store.grants()] == ["laptop"]
    # They may have the last changes of a file that is somewhere still.
    assert len(list(copy.index.glob("left-over-*.catalog.sqlite3-wal"))) == 1


def test_a_rollback_journal_is_not_written_into_a_restored_file(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")
    copy.index.mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "other", isolation_level=None)) as other:
        other.executescript(
            "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000)); PRAGMA cache_size=1;"
        )
        other.execute("BEGIN")
        other.execute("UPDATE t SET x = zeroblob(200000)")
        other.execute("UPDATE t SET x = zeroblob(300000)")
        shutil.copy(tmp_path / "other-journal", copy.index / "catalog.sqlite3-journal")
    restore(copy, tmp_path / "library.tar", migrate)
    assert check(copy) == check(settings)


def test_nor_does_a_new_file_even_while_a_server_has_the_old_one_open(tmp_path: Path) -> None:
    copy = leave_journals(tmp_path / "left")
    with closing(Publisher(copy.catalog)) as publisher:
        assert publisher.libraries() == {}
    with AccessStore(copy.access) as store:
        assert store.grants() == []
    settings = Settings(data=tmp_path / "open")
    with closing(Publisher(settings.catalog)) as old:
        old.add_library(tmp_path / "old")
        settings.catalog.unlink()
        with closing(Publisher(settings.catalog)) as new:
            new.add_library(tmp_path / "new")
            old.close()  # would take the journal of its file's name along
            new.add_library(tmp_path / "newer")
            with Catalog(settings.catalog) as catalog:
                roots = [Path(root) for (root,) in catalog.rows("SELECT root FROM libraries ORDER BY id")]
                assert roots == [tmp_path / "new", tmp_path / "newer"]
                assert catalog.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_backup_makes_nothing_where_nothing_is(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    with pytest.raises(BackupUnusable, match="not-there"):
        back_up(settings, tmp_path / "not-there" / "library.tar")
    assert sorted(tmp_path.iterdir()) == [settings.data, shelf.root]


def test_a_cut_off_catalogue_is_not_shown_as_an_empty_one(settings: Settings, shelf: Shelf) -> None:
    shelf.close()
    os.truncate(settings.catalog, 0)
    for path in journals(settings.catalog):
        path.unlink()
    with pytest.raises(CatalogUnusable, match="holds no catalogue"):
        Catalog(settings.catalog)
    assert settings.catalog.stat().st_size == 0


def test_a_deleted_file_of_access_is_noticed(settings: Settings) -> None:
    with AccessStore(settings.access) as server:
        token = server.new_static_token("laptop")
        assert server.bearer(token)
        settings.access.unlink()
        with pytest.raises(AccessUnusable, match="was deleted"):
            server.bearer(token)
        assert not settings.access.exists()
        with AccessStore(settings.access) as owner:
            new = owner.new_static_token("laptop")
        assert server.bearer(token) is None
        assert server.bearer(new)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "50% of #1? & more ü" / "catalog.sqlite3"
    with closing(Publisher(path)) as publisher:
        publisher.add_library(tmp_path)
    with Catalog(path) as catalog:
        assert catalog.rows("SELECT root FROM libraries") == [(str(tmp_path),)]
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [path.parent.name]


# Places where nothing can be written

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
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
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


def test_where_no_catalogue_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file where the folder should be")
    with pytest.raises(CatalogUnusable, match=r"neither be opened nor made: .*readable and writable for you"):
        open_catalog(tmp_path / "index" / "catalog.sqlite3", create=True)


FOLLOWING = """
import sys
from contextlib import closing
from pathlib import Path
from fakes import OneModel, WordHashEmbedder
from stackroom.catalog.catalog import Catalog
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

catalog = Catalog(Path(sys.argv[1]))
words = WordIndex(catalog.path.parent / "words")
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


def test_a_new_catalogue_is_there_with_its_tables_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "index" / "catalog.sqlite3"
    seen = []

    def fill(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE t (x)")
        seen.append(path.exists())

    begin(path, fill)
    begin(path, fill)
    assert seen == [False]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["catalog.sqlite3", "making.lock"]


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


# What is not UTF-8


def test_names_and_ids_that_are_not_utf8(tmp_path: Path, shelf: Shelf, settings: Settings) -> None:
    strange = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        strange.mkdir()
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    write_pdf(strange / "a.pdf", ["Otters."])
    for command in (["index", strange], ["watch", strange], ["fetch", "1", "--data", strange]):
        ran = stackroom_here(*command, **({} if "--data" in command else {"STACKROOM_DATA": "data"}))
        assert (ran.returncode, "not valid UTF-8" in ran.stderr) == (2, True), ran
    with Indexer(Settings.read({}, data=tmp_path / "new"), OneModel(WordHashEmbedder())) as indexer:
        summary = indexer.run([tmp_path])
        assert any("not valid UTF-8" in reason for reason in summary.unreadable.values())
    with closing(shelf.reader()) as reader:
        for wrong in ("\udce9", "a\ud800", "\udce9#p=1"):
            with pytest.raises(UnknownDocument):
                reader.fetch(wrong)
            with pytest.raises(UnknownDocument):
                reader.page(wrong, 1)
            reader.search(f"id:{wrong} otters")
    ran = stackroom_here("fetch", "\udce9", "--data", settings.data)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)


# Locks and their notes


@pytest.mark.parametrize(
    "note", [{}, {"pid": 4711}, {"pid": 4711, "command": "stackroom restore"}, {"url": "http://127.0.0.1"}]
)
def test_whoever_is_at_work_can_be_told(settings: Settings, note: dict[str, object]) -> None:
    with hold(settings.index / "indexer.lock", note), pytest.raises(AlreadyRunning) as told:  # noqa: SIM117
        with alone(settings):
            pass
    assert ("4711" in str(told.value)) == ("pid" in note)


def test_an_indexer_waits_for_a_restore_and_says_so(tmp_path: Path, shelf: Shelf, settings: Settings) -> None:
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")

    def prepare(catalog: Path) -> None:
        with pytest.raises(AlreadyRunning, match="stackroom restore"), alone(copy):
            pass

    restore(copy, tmp_path / "library.tar", prepare)


def test_a_lock_is_released_even_if_its_note_cannot_be_removed(settings: Settings) -> None:
    lock = settings.index / "indexer.lock"
    with hold(lock, {"pid": 1}):
        note = settings.index / "indexer.holder.json"
        note.unlink()
        note.mkdir()  # what Windows does to a note that somebody reads: it can't be removed
    assert holder(lock) is None
    with hold(lock, {"pid": 2}) as held:
        assert held


# Rights


def open_to_others(folder: Path) -> list[Path]:
    return [
        path
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@posix
def test_what_commands_write_is_for_its_owner_alone(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    settings.calls.parent.mkdir()
    settings.calls.write_text("{}\n")
    file, data = tmp_path / "library.tar", tmp_path / "copy"
    assert stackroom_here("backup", file, "--data", settings.data).returncode == 0
    assert stackroom_here("restore", file, "--data", data).returncode == 0
    assert stackroom_here("passphrase", "--data", data, stdin="correct horse battery").returncode == 0
    assert stackroom_here("check", "--data", data).stderr == ""
    assert (data / "index" / "words" / "passages" / "meta.json").exists()
    assert open_to_others(data) == []
    with closing(Publisher(data / "index" / "catalog.sqlite3")) as publisher:
        publisher.add_library(tmp_path)  # whose journal SQLite makes
        assert len(journals(data / "index" / "catalog.sqlite3")) == 2
        assert open_to_others(data) == []


@posix
def test_an_older_folder_is_narrowed(tmp_path: Path, settings: Settings, shelf: Shelf) -> None:
    data = settings.data
    outside = tmp_path / "outside.txt"
    outside.touch()
    for folder in (data / "models" / "m", data / "log", data / "access"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (data / "index" / "link").symlink_to(outside)
    for path in (data, outside, *data.rglob("*")):
        path.chmod(0o755)
    with alone(settings):
        assert open_to_others(data) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755


@posix
def test_pdfs_in_the_data_folder_stay_as_they_are(settings: Settings, shelf: Shelf) -> None:
    pdfs = settings.data / "library"
    pdfs.mkdir()
    (pdfs / "a.pdf").touch()
    for path in (settings.data, *settings.data.rglob("*")):
        path.chmod(0o755)
    narrow(settings)
    assert open_to_others(settings.data) == [settings.data, pdfs, pdfs / "a.pdf"]


# Interruptions


@pytest.fixture
def large(settings: Settings, shelf: Shelf) -> Settings:
    """So large that a backup takes some tenths of a second."""
    shelf.close()
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(60000000) AS x")
    return settings


def interrupt(number: int, folder: Path, pattern: str, *command: object) -> "tuple[int, str]":
    """Runs a command, and sends it a signal as soon as there is something of this name in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stackroom", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until and not any(folder.glob(pattern)):
        time.sleep(0.001)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_an_interrupted_backup_leaves_nothing_behind(tmp_path: Path, large: Settings) -> None:
    file = tmp_path / "library.tar"
    before = sorted(tmp_path.iterdir())
    code, said = interrupt(
        signal.SIGINT, tmp_path, ".stackroom-backup-*/*", "backup", file, "--data", large.data
    )
    assert (code, said) == (130, "\nstackroom: stopped; no backup was made\n")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_an_interrupted_restore_leaves_nothing_behind(tmp_path: Path, large: Settings) -> None:
    back_up(large, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")
    command = ("restore", tmp_path / "library.tar", "--data", copy.data)
    code, said = interrupt(signal.SIGTERM, tmp_path / "copy", ".restoring-*/*", *command)
    assert (code, said) == (130, "\nstackroom: stopped; nothing was restored\n")
    assert [path.name for path in copy.data.iterdir()] == ["index"]
    assert not copy.catalog.exists()
    assert stackroom_here(*command).returncode == 0  # nor is anything in its way


def test_a_restore_that_fails_half_way_takes_back_what_it_put_there(
    tmp_path: Path, settings: Settings, shelf: Shelf
) -> None:
    with AccessStore(settings.access) as store:
        store.new_static_token("laptop")
    back_up(settings, tmp_path / "library.tar")
    copy = Settings(data=tmp_path / "copy")

    def prepare(catalog: Path) -> None:
        copy.catalog.touch()  # a server was started just now

    with pytest.raises(BackupUnusable, match="a file already"):
        restore(copy, tmp_path / "library.tar", prepare)
    assert not copy.access.exists()


def test_a_lock_whose_folder_is_deleted_meanwhile_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "index" / "indexer.lock"

    def take() -> bool:
        with hold(path, {}) as held:
            return held

    with hold(path, {}), ThreadPoolExecutor(1) as executor:
        taken = executor.submit(take)
        time.sleep(0.1)  # it waits for us
        path.parent.rename(tmp_path / "deleted")
        assert taken.result(20)


@pytest.mark.parametrize("kind", [Catalog, Publisher])
def test_why_the_catalogue_cannot_be_read_is_not_covered_up(
    settings: Settings, shelf: Shelf, kind: type[Catalog] | type[Publisher]
) -> None:
    with closing(kind(settings.catalog)) as opened:
        rows = opened.rows if isinstance(opened, Catalog) else opened._rows
        snapshot = opened.snapshot if isinstance(opened, Catalog) else opened._snapshot

        def fail() -> None:
            rows("ROLLBACK")  # as SQLite does of itself when a disk fails
            raise CatalogUnusable("disk I/O error")

        with pytest.raises(CatalogUnusable, match="disk I/O error"), snapshot():
            fail()
