"""Makes dist/stackroom-VERSION.mcpb, which Claude Desktop installs: python packages/mcpb/bundle.py

In it are Stackroom's wheel, with the bundled model, and what uv needs to install all else when it is first
started. See https://github.com/modelcontextprotocol/mcpb for the form, here of version 0.4.
"""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from fpdf import FPDF
from pypdfium2 import PdfDocument

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
_ICON = ROOT / "src" / "stackroom" / "server" / "assets" / "icon.svg"
_ICON_PIXELS = 512  # what the format asks for

# No build backend: it is nothing but a list of what to install. Wheels end at 3.14 (docs/dependencies.md).
_PYPROJECT = """\
[project]
name = "stackroom-desktop"
version = "{version}"
requires-python = ">=3.11,<3.15"
dependencies = ["stackroom"]

[tool.uv]
package = false

[tool.uv.sources]
stackroom = {{ path = "{wheel}" }}
"""


def main() -> None:
    """Builds the wheel and puts it into a bundle. Prints where that is, and its size."""
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
        (wheel,) = Path(folder).glob("stackroom-*.whl")
        version = wheel.name.split("-")[1]
        bundle = ROOT / "dist" / f"stackroom-{version}.mcpb"
        bundle.parent.mkdir(exist_ok=True)
        with ZipFile(bundle, "w", ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", json.dumps(manifest(version), indent=2, ensure_ascii=False))
            archive.writestr("pyproject.toml", _PYPROJECT.format(version=version, wheel=wheel.name))
            archive.write(HERE / "main.py", "main.py")
            archive.writestr("icon.png", icon())
            archive.write(wheel, wheel.name)
    print(f"{bundle.relative_to(ROOT)}: {bundle.stat().st_size / 1e6:.0f} MB")


def manifest(version: str) -> dict[str, Any]:
    """The manifest of a version."""
    written: dict[str, Any] = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    return {**written, "version": version}


def icon() -> bytes:
    """The server's own icon as a PNG."""
    page = FPDF(unit="pt", format=(_ICON_PIXELS, _ICON_PIXELS))
    page.add_page()
    page.image(_ICON, 0, 0, _ICON_PIXELS)
    picture = BytesIO()
    drawn = PdfDocument(bytes(page.output()))[0].render(fill_color=(0, 0, 0, 0))
    drawn.to_pil().save(picture, "png")
    return picture.getvalue()


if __name__ == "__main__":
    main()
