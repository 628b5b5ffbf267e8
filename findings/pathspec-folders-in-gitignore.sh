#!/usr/bin/env bash
# pathspec 1.1.1: `GitIgnoreSpec`, made to decide as git does, decides otherwise for folders in three corners
# (a folder is given to it with a slash at its end, as its documentation says):
#
#   foo/**        also takes the folder foo/ itself, not only what is in it
#   a/**/         also takes files below a/, though a pattern that ends in a slash is for folders alone
#   *  !foo/      leaves foo/ out, though the second line takes it back
#
# So a program that walks a tree with it, and does not enter what is left out, skips folders that git enters.
# Seen on 2026-11-28 with pathspec 1.1.1 and git 2.39.5. The script needs git, and fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pathspec==1.1.1
"$work/venv/bin/python" - "$work" <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pathspec import GitIgnoreSpec


def git_leaves_out(patterns, path):
    with TemporaryDirectory(dir=sys.argv[1]) as folder:
        subprocess.run(["git", "init", "--quiet", folder], check=True)
        Path(folder, ".gitignore").write_text("\n".join(patterns) + "\n")
        place = Path(folder, path.rstrip("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir() if path.endswith("/") else place.write_text("")
        command = ["git", "-C", folder, "check-ignore", "--quiet", "--no-index", path.rstrip("/")]
        return subprocess.run(command, check=False).returncode == 0


print("pathspec", version("pathspec"))
for patterns, path in ((["foo/**"], "foo/"), (["a/**/"], "a/file"), (["*", "!foo/"], "foo/")):
    by_git = git_leaves_out(patterns, path)
    by_pathspec = GitIgnoreSpec.from_lines(patterns).match_file(path)
    print(f"{' '.join(patterns):10} {path:7} left out by git: {by_git}, by pathspec: {by_pathspec}")
    assert (by_git, by_pathspec) == (False, True), "this has changed"
PYTHON
