"""Makes the environment .venv, installs Stackroom into it, and says how far it is.

`make` runs it, with a Python that has nothing but its standard library: `python3 install.py [EXTRA ...]`, in
the checkout.
"""

import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

# CPU builds of torch: what pip finds elsewhere for Linux brings GBs of CUDA, which Stackroom never uses.
_CPU_TORCH = "https://download.pytorch.org/whl/cpu"

# For that address to answer. Who has no way to it is not to wait.
_SECONDS = 5.0

_ENVIRONMENT = Path(".venv")
_CONSTRAINTS = Path("constraints.txt")

# What pip says of a package whose size is in megabytes.
_LARGE = re.compile(r"\s*(?:Downloading|Using cached) ([\w.]+)-([\w.+!]+?)-\S+ \(([\d.]+) MB\)")
_LEAST_TOLD_MB = 5.0
_BUILDS = "Building editable for stackroom"
_LAST_STEP = re.compile(r"Installing collected packages: (.*)")

_started = time.monotonic()


def main() -> None:
    """Installs what is not there yet. Ends the process with a message if it can't."""
    extras = ",".join(sys.argv[1:])
    if not _python().exists():
        _tell("an environment of its own in .venv; nothing else of this system is touched")
        subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT], check=True)
    _install_cpu_torch()
    _tell("Stackroom and what it stands on")
    if not _pip("--editable", f".[{extras}]" if extras else "."):
        sys.exit("pip could not install it: its last lines are above. `make` goes on where it was.")
    size = sum(path.lstat().st_size for path in _ENVIRONMENT.rglob("*"))
    _tell(f"installed: {size / 1e6:,.0f} MB in .venv")


def _install_cpu_torch() -> None:
    """Installs the pinned torch alone, from where it is built for the processor, if that concerns us."""
    pinned = re.search(r"^torch==(\S+)", _CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    is_for_us = sys.platform == "linux" and not shutil.which("nvidia-smi")
    if not pinned or not is_for_us or any(_ENVIRONMENT.glob(f"lib*/python*/*/torch-{pinned[1]}*.dist-info")):
        return
    try:
        urllib.request.urlopen(f"{_CPU_TORCH}/torch/", timeout=_SECONDS).close()  # noqa: S310  a constant
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        _tell(f"torch as pip finds it, since PyTorch's index of CPU builds cannot be reached: {reason}")
        return
    _tell(f"torch {pinned[1]} for the processor alone, from {_CPU_TORCH}")
    if not _pip("--no-deps", "--index-url", _CPU_TORCH, f"torch=={pinned[1]}"):
        _tell("torch as pip finds it, since that one could not be installed")


def _pip(*arguments: str) -> bool:
    """Runs `pip install`, tells of its longer steps, and prints its last lines if it fails.

    Modules are compiled when they are first imported: a tenth of them ever are.
    """
    command = [str(_python()), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--no-compile", "-c", str(_CONSTRAINTS), *arguments]
    last_lines: deque[str] = deque(maxlen=15)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            last_lines.append(line)
            if (found := _LARGE.match(line)) and float(found[3]) >= _LEAST_TOLD_MB:
                _tell(f"  {found[1]} {found[2]}, {float(found[3]):,.0f} MB")
            elif _BUILDS in line and "started" in line:
                _tell("  the bundled model, 84 MB")
            elif found := _LAST_STEP.match(line):
                _tell(f"  unpacking {len(found[1].split(', '))} packages")
    if pip.returncode:
        sys.stderr.writelines(last_lines)
    return pip.returncode == 0


def _python() -> Path:
    on_windows = sys.platform == "win32"
    return _ENVIRONMENT / ("Scripts/python.exe" if on_windows else "bin/python")


def _tell(text: str) -> None:
    """Prints a line, with the minutes and seconds since the beginning."""
    seconds = int(time.monotonic() - _started)
    print(f"{seconds // 60:3}:{seconds % 60:02}  {text}", flush=True)


if __name__ == "__main__":
    main()
