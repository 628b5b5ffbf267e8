"""Where settings come from: the order of the sources, the file of settings, the folders that are chosen."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from commands import stackroom, stackroom_here
from stackroom.common.errors import SettingsError
from stackroom.common.settings import Settings

NO_ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")

# What a process prints of the folders that it chooses.
CHOSEN = """
from stackroom.common.settings import Settings
given = Settings.given({})
print(given["data"].value, given["models_folder"].value, *(one.warning for one in given.values()), sep="\\n")
"""


def chosen(folder: Path, home: Path, **variables: str) -> list[str]:
    """The data folder, the shared folder of models, and the warnings of a process started in `folder`."""
    environ = {name: text for name, text in os.environ.items() if name != "XDG_DATA_HOME"}
    command = [sys.executable, "-c", CHOSEN]
    environ |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), **variables}
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return [line for line in ran.stdout.splitlines() if line]


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    write(tmp_path / "stackroom.toml", 'port = 1\nhost = "10.0.0.1"\nworkers = 3\nexclude = ["a"]\n')
    environ = {"STACKROOM_PORT": "2", "STACKROOM_HOST": "10.0.0.2"}
    settings = Settings.read(environ, data=tmp_path, port=3, exclude=["b"])
    assert (settings.port, settings.host, settings.workers) == (3, "10.0.0.2", 3)
    assert settings.exclude == ("a", "b")
    given = Settings.given(environ, data=tmp_path, port=3, exclude=["b"])
    file = tmp_path / "stackroom.toml"
    assert {name: one.source for name, one in given.items()} == {
        "data": "--data",
        "config": "the data folder's own",
        "models_folder": "your own",
        "port": "--port",
        "host": "STACKROOM_HOST",
        "workers": f"workers in {file}",
        "exclude": f"exclude in {file} and --exclude",
    }


def test_a_file_holds_what_the_environment_can(tmp_path: Path) -> None:
    passwords = write(tmp_path / "passwords.txt", "swordfish\n")
    file = write(
        tmp_path / "any.toml",
        """
        data = "here"
        models_folder = "/models"
        model = "multilingual"
        query_prompt = "query: {text}"
        rescan_seconds = 5
        allow_anonymous = true
        allow_host = ["NAS.example", "b.example"]
        public_url = "https://Library.example.com/"
        pdf_passwords = ["one, two", "three"]
        pdf_passwords_file = "passwords.txt"
        """,
    )
    for settings in (Settings.read({}, config=file), Settings.read({"STACKROOM_CONFIG": str(file)})):
        assert settings.config == file
        assert (settings.data, settings.models_folder) == (tmp_path / "here", Path("/models"))
        assert (settings.query_prompt, settings.rescan_seconds) == ("query: {text}", 5.0)
        assert settings.allow_host == ("nas.example", "b.example")
        assert settings.public_url == "https://library.example.com"
        assert settings.pdf_passwords_file == passwords
        assert settings.passwords() == ("one, two", "three", "swordfish")
    assert Settings.read({}, config=file, data=tmp_path / "there").data == tmp_path / "there"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", r"There is no setting prot in .*stackroom\.toml\. Did you mean port\?"),
        ("STACKROOM_PUBLIC-URL = 1", "Did you mean public_url"),
        ("[server]\nport = 1", "There is no setting server in"),
        ('config = "other.toml"', "There is no setting config in"),
        ('port = "1"', r"port in .*stackroom\.toml must be a whole number, not '1'"),
        ("port = 1.5", "port in .* must be a whole number"),
        ("port = true", "port in .* must be a whole number"),
        ("port = 99999", r"port in .*stackroom\.toml must be between 0 and 65535, not 99999"),
        ("file_seconds = 1" + 400 * "0", "file_seconds in .* is too large"),
        ("file_seconds = nan", "file_seconds in .* must be greater than 0"),
        ("settle_seconds = nan", "settle_seconds in .* must not be negative"),
        ("ledger = 'off'", "ledger in .* must be true or false, not 'off'"),
        ("host = 1", "host in .* must be a text in quotes"),
        ("models_folder = ''", "models_folder in .* must be a path"),
        ("exclude = 'a'", "exclude in .* must be a list of texts"),
        ("precision = 'int4'", "precision in .* must be bf16, int8 or fp32, not 'int4'"),
        ("public_url = 'x'", "public_url in .* must be a scheme and a host"),
        ("query_prompt = '{text} ?'", "query_prompt in .* must have {text} at its end"),
        ("data = '/elsewhere'", "data in .* makes no sense"),
        ("port = ", r"stackroom\.toml is not a file of settings in TOML"),
        ("port = " + 5000 * "1", "is not a file of settings in TOML"),
        ("exclude = " + 5000 * "[", "is not a file of settings in TOML"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "stackroom.toml", text)
    with pytest.raises(SettingsError, match=said):
        Settings.read({}, data=tmp_path)


def test_a_password_is_never_told(tmp_path: Path) -> None:
    write(tmp_path / "stackroom.toml", "pdf_passwords = 'swordfish'")
    with pytest.raises(SettingsError, match="must be a list of texts") as refused:
        Settings.read({}, data=tmp_path)
    assert "swordfish" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    file = tmp_path / "stackroom.toml"
    for named in ({"config": file}, {"config": tmp_path}):
        with pytest.raises(SettingsError, match="--config"):
            Settings.read({}, data=tmp_path, **named)
    file.symlink_to("nowhere")
    with pytest.raises(SettingsError, match=r"stackroom\.toml cannot be read: No such file"):
        Settings.read({}, data=tmp_path)
    file.unlink()
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="is not a file of settings"):
        Settings.read({}, data=tmp_path)


@pytest.mark.parametrize(
    ("entries", "is_taken"),
    [
        (None, False),
        ([], True),
        (["index"], True),
        (["library"], True),
        (["stackroom.toml"], True),
        (["models", "train.csv"], False),
    ],
)
def test_a_checkout_has_its_own_data_folder(
    tmp_path: Path, entries: list[str] | None, is_taken: bool
) -> None:
    if entries is not None:
        (tmp_path / "data").mkdir()
        for name in entries:
            (tmp_path / "data" / name).touch()
    data, models = chosen(tmp_path, tmp_path / "home")
    own = tmp_path / "home" / ".local" / "share" / "stackroom"
    if sys.platform == "linux":
        assert (data, models) == ("data" if is_taken else str(own), str(own / "models"))


def test_each_data_folder_has_its_models_and_shares_them(tmp_path: Path) -> None:
    one, other = (Settings.read({}, data=tmp_path / name) for name in ("one", "other"))
    assert (one.models, other.models) == (tmp_path / "one" / "models", tmp_path / "other" / "models")
    assert one.models_folder == other.models_folder
    assert one.models_folder is not None
    assert not one.models_folder.is_relative_to(tmp_path)
    elsewhere = {"STACKROOM_MODELS_FOLDER": str(tmp_path / "elsewhere")}
    assert Settings.read(elsewhere, data=tmp_path / "one").models_folder == tmp_path / "elsewhere"


def test_without_a_home_that_can_be_written_the_folder_here_is_used(tmp_path: Path) -> None:
    home = write(tmp_path / "home", "no folder")  # below a file nobody can make one, not even root
    data, _, *warnings = chosen(tmp_path, home)
    assert data == "data"
    own = home / ".local/share/stackroom"
    if sys.platform == "linux":
        assert warnings == [
            f"The data folder is {tmp_path / 'data'}, because {own} cannot be written. Name another one with "
            "--data.",
        ]
    (tmp_path / "data" / "index").mkdir(parents=True)
    assert chosen(tmp_path, home)[::2] == ["data"]  # told once: from now on it is found here


def test_status_says_which_folder_and_which_settings_apply(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file = write(data / "stackroom.toml", 'workers = 2\npdf_passwords = ["swordfish"]\nport = 8000\n')
    ran = stackroom_here("status", "--data", data, STACKROOM_EXCLUDE="drafts/\n*.old")
    shared = Settings.read({}, data=data).models_folder
    assert ran.stdout.splitlines() == [
        f"data folder {data} (--data)",
        f"shared in   {shared} (your own)",
        f"settings    config = {file} (the data folder's own)",
        "            exclude = drafts/, *.old (STACKROOM_EXCLUDE)",
        f"            workers = 2 ({file})",
        f"            pdf_passwords = 1 password ({file})",
    ]
    assert (ran.returncode, "Nothing has been indexed" in ran.stderr) == (1, True)
    assert "others can read it" not in ran.stderr
    assert "swordfish" not in ran.stdout + ran.stderr


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights")
@pytest.mark.parametrize(
    ("content", "variables", "is_told"),
    [
        ('pdf_passwords = ["swordfish"]', {}, True),
        ("port = 1", {}, False),
        ("", {"STACKROOM_PDF_PASSWORDS_FILE": "passwords.txt"}, True),
    ],
)
def test_passwords_that_others_can_read_are_told(
    tmp_path: Path, content: str, variables: Mapping[str, str], is_told: bool
) -> None:
    write(tmp_path / "stackroom.toml", content).chmod(0o644)
    write(tmp_path / "passwords.txt", "swordfish").chmod(0o640)
    named = {name: str(tmp_path / file) for name, file in variables.items()}
    ran = stackroom_here("log", "--data", tmp_path, **named)
    assert ("has passwords, and others can read it: `chmod 600`" in ran.stderr) == is_told


def test_both_halves_of_up_have_the_file_of_settings(tmp_path: Path) -> None:
    file = write(tmp_path / "any.toml", f"data = {str(tmp_path / 'data')!r}\nport = 'eighty'\n")
    ran = stackroom("up", tmp_path, "--config", file)
    assert (ran.returncode, ran.stderr) == (
        2,
        f"stackroom: port in {file} must be a whole number, not 'eighty'.\n",
    )
