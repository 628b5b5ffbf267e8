"""What the button "Try again" starts: a command of its own, which ends by itself or with the server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import clean_environment, stackroom_here
from containers import write_container
from make_pdfs import write_garbage, write_pdf
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings
from stackroom.server.room.trying_again import Trial, TryingAgain, outcome
from waiting import wait_until

SERVER = """
import sys, time
from pathlib import Path
from stackroom.common.settings import Settings
from stackroom.server.room.trying_again import TryingAgain
assert TryingAgain(Settings(data=Path(sys.argv[1]))).start([], "")
time.sleep(60)
"""


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory, prepare_data: Callable[[Path], Path]
) -> tuple[Path, Path]:
    """A data folder, and the library in it, of which a file can't be read."""
    folder = tmp_path_factory.mktemp("papers")
    write_pdf(folder / "otters.pdf", ["Otters hold hands."])
    write_garbage(folder / "broken.pdf")
    data = prepare_data(tmp_path_factory.mktemp("data"))
    assert stackroom_here("index", folder, "--data", data).returncode == 1
    return data, folder


def ended(trying_again: TryingAgain) -> Trial:
    wait_until(lambda: (trial := trying_again.last()) and not trial.is_running)
    trial = trying_again.last()
    assert trial
    return trial


def test_one_file_is_tried_again_and_all_else_left_as_it_is(
    library: tuple[Path, Path], tmp_path: Path
) -> None:
    data = Path(shutil.copytree(library[0], tmp_path / "data", ignore=shutil.ignore_patterns("models")))
    folder = Path(shutil.copytree(library[1], tmp_path / "papers"))
    write_garbage(folder / "other.pdf")
    index = ("index", "--json", "--data", data)
    assert stackroom_here(*index, folder).returncode == 1
    write_pdf(folder / "new.pdf", ["Beavers build dams."])
    (folder / "otters.pdf").unlink()
    ran = stackroom_here(*index, "--retry-only", folder / "broken.pdf")
    summary = json.loads(ran.stdout)
    assert (ran.returncode, list(summary["failures"])) == (1, [str(folder / "broken.pdf")])
    assert (summary["added"], summary["removed"]) == (0, 0)
    libraries = json.loads(stackroom_here("status", "--json", "--data", data).stdout)["libraries"]
    assert libraries == sorted(map(str, (library[1], folder)))
    # Mended, and named by its folder.
    write_pdf(folder / "broken.pdf", ["Mended."])
    ran = stackroom_here(*index, "--retry-only", folder)
    summary = json.loads(ran.stdout)
    assert (ran.returncode, summary["changed"]) == (1, 1)
    assert list(summary["failures"]) == [str(folder / "other.pdf")]
    nothing = stackroom_here(*index, "--retry-only", folder / "broken.pdf")
    assert (nothing.returncode, "no file that could not be read" in nothing.stderr) == (2, True)
    later = json.loads(stackroom_here(*index, folder).stdout)
    assert (later["added"], later["removed"]) == (1, 1)


def test_what_is_attached_to_one_file_is_tried_again(library: tuple[Path, Path], tmp_path: Path) -> None:
    data = Path(shutil.copytree(library[0], tmp_path / "data", ignore=shutil.ignore_patterns("models")))
    folder = tmp_path / "covers"
    folder.mkdir()
    for name in ("one.pdf", "other.pdf"):
        write_container(folder / name, {"none.pdf": b"MZ"})
    index = ("index", "--json", "--data", data)
    assert stackroom_here(*index, folder).returncode == 1
    ran = stackroom_here(*index, "--retry-only", folder / "one.pdf")
    assert list(json.loads(ran.stdout)["failures"]) == [f"none.pdf, in {folder / 'one.pdf'}"]


def test_a_file_is_tried_again_in_the_background(library: tuple[Path, Path]) -> None:
    data, folder = library
    trying_again = TryingAgain(Settings(data=data))
    assert trying_again.last() is None
    with hold(Settings(data=data).indexer_lock, {"command": "other"}):  # it waits for its turn
        assert trying_again.start([str(folder / "broken.pdf")], "papers/broken.pdf")
        assert not trying_again.start([], "")
        trial = trying_again.last()
        assert trial
        assert (trial.what, trial.is_running, trial.result) == ("papers/broken.pdf", True, "")
    trial = ended(trying_again)
    assert (trial.result, trial.is_good) == ("0 read, 1 failed again.", False)
    write_pdf(folder / "broken.pdf", ["Mended."])
    assert trying_again.start([], "")
    trial = ended(trying_again)
    assert (trial.result, trial.is_good) == ("1 read.", True)


def test_it_ends_with_the_server_even_if_that_is_killed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with hold(settings.indexer_lock, {}):
        environment = {**clean_environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], env=environment)
        wait_until(lambda: holder(settings.wanted_lock) is not None, server)
        server.kill()
        server.wait()
        wait_until(lambda: holder(settings.wanted_lock) is None)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    trying_again = TryingAgain(Settings(data=tmp_path), python=str(tmp_path / "nothing"))
    assert trying_again.start([], "")
    trial = ended(trying_again)
    assert (trial.result, trial.is_good) == (
        "The command could not be started. The server's log has the reason.",
        False,
    )


@pytest.mark.parametrize(
    ("code", "errors", "said"),
    [
        (
            1,
            '{"event": "failed", "message": "/home/x", "error": "AlreadyRunning"}\n',
            "Another command",
        ),
        (
            1,
            '{"event": "failed", "message": "/home/x", "error": "ModelNotFound"}\n',
            "It ended with",
        ),
        (-9, "", "It ended with"),
        (1, "Traceback in /home/x\n", "It ended with"),
    ],
)
def test_errors_name_no_folder(code: int, errors: str, said: str) -> None:
    result, is_good = outcome(code, "", errors)
    assert result.startswith(said)
    assert "/home" not in result
    assert not is_good
