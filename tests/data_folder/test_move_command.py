"""`stackroom move` as a command: what it says, how it ends, and what can be done afterwards."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from commands import stackroom_here
from full_store import content, content_of_database
from stackroom.common.settings import Settings
from stackroom.server.access.passphrase import is_right
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.ledger import Ledger, newest


@pytest.fixture
def data(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed / "data", tmp_path / "data")


def test_there_and_back(data: Path, tmp_path: Path, bare_url: str) -> None:
    moved = stackroom_here("move", "--data", data, "--to", bare_url)
    assert (moved.returncode, moved.stderr) == (0, "")
    assert "4 documents, 7 passages" in moved.stdout
    assert "damaged     nothing" in moved.stdout
    assert f"{data / 'index' / 'catalog.sqlite3'} is as it was" in moved.stdout
    assert "STACKROOM_STORE" in moved.stdout
    again = stackroom_here("move", "--data", data, "--to", bare_url, "--json")
    assert json.loads(again.stdout)["was_there"] is True
    assert json.loads(again.stdout)["check"]["damages"] == []
    back = stackroom_here("move", "--to", tmp_path / "other", "--data", data, STACKROOM_STORE=bare_url)
    assert (back.returncode, back.stderr) == (0, "")
    assert f"--data {tmp_path / 'other'}" in back.stdout
    assert content(tmp_path / "other" / "index" / "catalog.sqlite3") == content_of_database(bare_url)
    assert "On Bread" in stackroom_here("list", "bread", "--data", tmp_path / "other").stdout
    assert "On Bread" in stackroom_here("list", "bread", "--data", data, STACKROOM_STORE=bare_url).stdout


def test_who_had_access_has_it_there(data: Path, tmp_path: Path, bare_url: str) -> None:
    stackroom_here("passphrase", "--data", data, stdin="three words together\n")
    token = json.loads(stackroom_here("token", "new", "n8n", "--json", "--data", data).stdout)["token"]
    with Ledger(data / "log" / "calls.jsonl", "stdio").call("search", "otters?"):
        pass
    moved = stackroom_here("move", "--data", data, "--to", bare_url)
    assert "passphrase, clients and tokens" in moved.stdout
    back = stackroom_here("move", "--to", tmp_path / "other", "--data", data, STACKROOM_STORE=bare_url)
    assert "passphrase, clients and tokens" in back.stdout
    here, there = Settings(data=data), Settings(data=tmp_path / "other")
    for where in (here.sign_in, replace(here, store=bare_url).sign_in, there.sign_in):
        with AccessStore(where) as store:
            kept = store.passphrase()
            assert kept
            assert is_right("three words together", kept)
            assert store.bearer(token)
    for calls in (replace(here, store=bare_url).ledger_of_calls, there.ledger_of_calls):
        assert [call["asked"] for call in newest(calls, 10)] == ["otters?"]
    stackroom_here("clients", "revoke", "n8n", "--data", data)
    again = stackroom_here("move", "--data", data, "--to", bare_url)  # it has its own by now
    assert again.returncode == 0
    assert "passphrase, clients and tokens" not in again.stdout


def test_back_into_the_data_folder_itself(data: Path, bare_url: str) -> None:
    assert stackroom_here("move", "--data", data, "--to", bare_url).returncode == 0
    shutil.rmtree(data / "index")
    back = stackroom_here("move", "--data", data, "--to", data, STACKROOM_STORE=bare_url)
    assert (back.returncode, back.stderr) == (0, "")
    assert content(data / "index" / "catalog.sqlite3") == content_of_database(bare_url)


def test_what_it_refuses(data: Path, tmp_path: Path, bare_url: str) -> None:
    for to, reason in (
        ("mysql://x/y", "postgresql://"),
        (tmp_path / "other", "STACKROOM_STORE is not set"),
    ):
        refused = stackroom_here("move", "--data", data, "--to", to)
        assert refused.returncode == 2
        assert reason in refused.stderr
    away = stackroom_here("move", "--data", data, "--to", "postgresql://u:secret@127.0.0.1:1/x")
    assert away.returncode == 1
    assert "cannot be reached" in away.stderr
    assert "secret" not in away.stderr + away.stdout
    assert stackroom_here("move", "--data", tmp_path / "none", "--to", bare_url).returncode == 1


def test_a_database_has_backups_of_its_own(data: Path, tmp_path: Path, bare_url: str) -> None:
    for command in ("backup", "restore"):
        refused = stackroom_here(command, tmp_path / "file.tar", "--data", data, STACKROOM_STORE=bare_url)
        assert refused.returncode == 2
        assert "stackroom move" in refused.stderr
    assert not (tmp_path / "file.tar").exists()
