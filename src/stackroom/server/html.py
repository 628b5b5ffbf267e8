"""Makes pages of HTML from the templates. Every value is escaped."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, styles: tuple[str, ...], **values: object) -> str:
    """A page of HTML.

    Args:
        template: the name of a file in `templates`.
        styles: style sheets for the page, as CSS; see `style_policy`.
        values: for the template's variables; it is an error if one is missing.
    """
    trusted = [Markup(style) for style in styles]  # noqa: S704  our own files, never a stranger's text
    return _environment().get_template(template).render(styles=trusted, **values)


@cache
def style_sheet(name: str) -> str:
    """The style sheet with this name in `templates`."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def style_policy(styles: tuple[str, ...]) -> str:
    """The sources that a Content-Security-Policy names so that a browser applies these styles and no others.

    They are hashes, not a nonce: a nonce differs each time, so browsers could not reuse an answer (ETag).
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
