"""What needs a system such as Linux is done without it where it is not there: see with_less.py."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from commands import clean_environment, stackroom_here
from make_pdfs import write_garbage, write_pdf
from places import TESTS
from waiting import wait_until


def titles(data: Path, query: str) -> list[str]:
    """The documents that are found; none while there is no index."""
    ran = stackroom_here("search", "--data", data, "--json", query)
    return [result["title"] for result in json.loads(ran.stdout)["results"]] if ran.returncode == 0 else []


def test_a_folder_is_indexed_and_followed(tmp_path: Path, prepare_data: Callable[[Path], Path]) -> None:
    data = prepare_data(tmp_path / "data")
    papers = tmp_path / "papers"
    papers.mkdir()
    write_pdf(papers / "otters.pdf", ["Otters hold hands."])
    write_garbage(papers / "garbage.pdf")
    command = [sys.executable, str(TESTS / "with_less.py"), "watch", "--quiet"]
    command += ["--data", str(data), str(papers)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environment()) as watch:
        wait_until(lambda: titles(data, "otters") == ["Otters hold hands."], watch)
        write_pdf(papers / "bread.pdf", ["Bread needs a damp cloth."])
        wait_until(lambda: titles(data, "damp cloth")[:1] == ["Bread needs a damp cloth."], watch)
        watch.send_signal(signal.SIGTERM)
        _, said = watch.communicate(timeout=60)
    assert watch.returncode == 0
    assert "garbage.pdf" in said
