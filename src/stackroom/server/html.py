"""Filling in the templates of what a browser is shown. Every value is escaped."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, styles: tuple[str, ...], **values: object) -> str:
    """The page that a template makes.

    Args:
        template: its file in `templates`.
        styles: of the page, as CSS; see `style_policy`.
        values: what its names stand for; one that is missing is an error.
    """
    trusted = [Markup(style) for style in styles]  # noqa: S704  ours, never a stranger's
    return _environment().get_template(template).render(styles=trusted, **values)


@cache
def style_sheet(name: str) -> str:
    """The style sheet with this name in `templates`."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def style_policy(styles: tuple[str, ...]) -> str:
    """The styles that a Content-Security-Policy lets in, and no others.

    By their hashes: a nonce would have to be another one each time, and no answer could be kept.
    """
    hashes = (b64encode(sha256(style.encode()).digest()).decode() for style in styles)
    return " ".join(f"'sha256-{digest}'" for digest in hashes)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
