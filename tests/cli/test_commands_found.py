"""How a person finds a command: the help, suggestions for wrong names, and what a shell completes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from commands import stackroom_here
from stackroom import __version__
from stackroom.cli.arguments import parse
from stackroom.cli.command_parser import grouped
from stackroom.cli.help_texts import COMMAND_GROUPS
from stackroom.cli.main import COMMANDS


def test_without_a_command_the_help_is_shown() -> None:
    alone = stackroom_here()
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout == stackroom_here("--help").stdout
    for title in COMMAND_GROUPS:
        assert f"\n{title}:\n" in alone.stdout
    assert "others:" not in alone.stdout
    assert all(f"\n    {command} " in alone.stdout for command in COMMANDS)


def test_commands_of_no_group_are_shown_all_the_same() -> None:
    shown = grouped({"a": "do this", "b": "do that"}, {"first": ("b", "not there"), "none": ("neither",)})
    assert shown.splitlines() == ["first:", "    b           do that", "others:", "    a           do this"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serach", "otters"], "there is no command 'serach'. Did you mean `stackroom search`?"),
        (["STATUS"], "Did you mean `stackroom status`?"),
        (["--data", "x", "token", "lst"], "Did you mean `stackroom token list`?"),
        (["frobnicate"], "there is no command 'frobnicate'. `stackroom --help` lists all."),
    ],
)
def test_a_wrong_command_gets_a_suggestion(words: list[str], said: str) -> None:
    refused = stackroom_here(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.endswith(f"{said}\n")


def test_the_version() -> None:
    assert stackroom_here("--version").stdout == f"stackroom {__version__}\n"


# What bash does at a Tab: it calls the function with the words so far.
TAB = """
set -- "$@"; source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_stackroom; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_commands_options_and_paths(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(stackroom_here("completion", "bash").stdout)
    (tmp_path / "papers").mkdir()
    (tmp_path / "notes.toml").touch()

    def completed(*words: str) -> list[str]:
        command = ["bash", "-c", TAB, "bash", str(script), "stackroom", *words]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return sorted(filter(None, ran.stdout.splitlines()))

    assert completed("se") == ["search", "serve", "service"]
    assert completed("token", "") == ["list", "new", "revoke"]
    assert "--follow-links" in completed("index", "--f")
    assert completed("index", "pa") == ["papers"]
    assert completed("status", "--config", "no") == ["notes.toml"]
    assert completed("status", "--data", "") == ["papers"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell: str) -> None:
    script = stackroom_here("completion", shell).stdout
    assert all(command in script for command in COMMANDS)
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_fish_completes_commands_and_says_what_they_do(tmp_path: Path) -> None:
    script = tmp_path / "stackroom.fish"
    script.write_text(stackroom_here("completion", "fish").stdout)

    def completed(words: str) -> dict[str, str]:
        command = ["fish", "--private", "-c", "source $argv[1]; complete -C $argv[2]", str(script), words]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return dict(line.split("\t") for line in ran.stdout.splitlines())

    commands = completed("stackroom ")
    assert set(commands) == set(COMMANDS)
    assert all(said.endswith(".") for said in commands.values())
    assert completed("stackroom --data /tmp sea").keys() == {"search"}
    assert completed("stackroom list --sort ").keys() == {"title", "newest", "indexed", "pages"}


def test_what_a_shell_says_of_a_command_is_a_sentence() -> None:
    said = stackroom_here("completion", "zsh").stdout.partition("_commands=(")[2].partition(")\n")[0]
    lines = said.split("\n")[1:-1]
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if not line.endswith(".'")] == []


def test_a_command_has_its_arguments() -> None:
    assert parse(["completion", "fish"]).shell == "fish"
    assert stackroom_here("completion", "csh").returncode == 2
