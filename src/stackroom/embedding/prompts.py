"""Which words a model wants before queries and before passages.

Its authors trained it with them, and its published scores were measured with them. The first of these that
says something decides:

1. the settings, for queries and for passages apart
2. the model's own files: what sentence-transformers saved as its prompts, if one for queries or passages is
   not empty. Empty ones say nothing, because that library writes them for every model
3. what is known of 51 models by their names (prompts.tsv): the hub name; the names in a folder's path; the
   name in the front matter of its README, or of the model that it was made from, there or in config.json
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

TEXT = "{text}"
"""Stands for the text in a prompt; if it is missing, the text comes after the prompt."""

_OWN_FILE, _TABLE = "config_sentence_transformers.json", Path(__file__).with_name("prompts.tsv")

# What models call their prompts: as sentence-transformers itself looks for them, then as many others do.
_QUERY, _PASSAGE = ("query",), ("document", "passage", "corpus")
_FOR_QUERIES = (*_QUERY, "search_query", "retrieval.query", "retrieval_query", "web_search_query")
_FOR_PASSAGES = (*_PASSAGE, "search_document", "retrieval.passage", "retrieval_document")

_OWN = "its own files"

_FRONT_MATTER = re.compile(r"---\r?\n(.*?)\n---", re.DOTALL)
# Of several models that one was made from, none speaks for it.
_NAMED_IN_README = (
    re.compile(r"^model-index:\s*-\s*name:[ ]*['\"]?([^\s'\"]+)", re.MULTILINE),
    re.compile(r"^base_model:\s*(?:-\s*)?['\"]?([\w./-]+)['\"]?[ \t]*\r?$(?!\s*-)", re.MULTILINE),
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The words before queries and passages; mostly empty.

    Attributes:
        query, passage: what stands before each.
        query_from, passage_from: who says so, for people: "its own files".
    """

    query: str = ""
    passage: str = ""
    query_from: str = ""
    passage_from: str = ""


class KnownModel(NamedTuple):
    """What prompts.tsv says of a model beside its prompts: how many numbers it and its vectors have, most
    tokens of an input, and its licence.
    """

    parameters: int
    dimensions: int
    most_tokens: int
    licence: str


def known_models() -> Mapping[str, KnownModel]:
    """The models of prompts.tsv, by their hub names."""
    return {
        name: KnownModel(int(parameters), int(dimensions), int(most_tokens), licence)
        for name, parameters, dimensions, most_tokens, licence, _, _ in _rows()
    }


def own_prompts(prompts: Mapping[str, Any]) -> Prompts:
    """Those among a model's prompts, by their names, that are for finding passages."""
    query, passage = (
        next((_before_text(found) for name in names if (found := prompts.get(name))), "")
        for names in (_FOR_QUERIES, _FOR_PASSAGES)
    )
    source = _OWN if query or passage else ""
    return Prompts(query, passage, source, source)


def plain_prompts(folder: Path) -> Prompts:
    """The prompts under the names that sentence-transformers looks for: those that the digest of a model's
    files stands for.
    """
    own = _saved(folder)
    query, passage = (
        next((str(own[name]) for name in names if own.get(name)), "") for names in (_QUERY, _PASSAGE)
    )
    return Prompts(query, passage, _OWN if query else "", _OWN if passage else "")


def wanted_prompts(name: str, folder: Path) -> Prompts:
    """The prompts of a model, if no setting says otherwise. Cheap: it reads JSON.

    Args:
        name: how it was named: a hub name or a folder.
        folder: of its files.
    """
    own = own_prompts(_saved(folder))
    return own if own.query or own.passage else _known(name, folder)


def _known(name: str, folder: Path) -> Prompts:
    """What is known of a model by its names; the first that is known decides."""
    for called, where in _names(name, folder):
        id_ = _known_as(called)
        if id_:
            query, passage = _table()[id_]
            source = f"known for {id_}{where}"
            return Prompts(query, passage, source, source)
    return Prompts()


def set_prompts(prompts: Prompts, query: str, passage: str) -> Prompts:
    """The prompts with what the settings say about them.

    Args:
        prompts: without.
        query: the setting for queries; empty if there is none, `{text}` alone for no prompt.
        passage: the same for passages.
    """
    if query:
        prompts = replace(prompts, query=_before_text(query), query_from="STACKROOM_QUERY_PROMPT")
    if passage:
        prompts = replace(prompts, passage=_before_text(passage), passage_from="STACKROOM_PASSAGE_PROMPT")
    return prompts


def digest_with(digest: str, own: str, passage: str) -> str:
    """The digest of a model whose passages get the words `passage`, where its own files say `own`.

    A prompt for queries is not part of it: passages have the same vectors with any.

    Args:
        digest: of the model's files.
        own: prompt of its own files for passages.
        passage: the one to use.

    Returns:
        `digest` itself if both are the same. Otherwise the second half is still that of `digest`: see
        `has_same_files`.
    """
    if passage == own:
        return digest
    both = hashlib.sha256(json.dumps([digest, passage]).encode()).hexdigest()
    return both[: len(digest) // 2] + digest[len(digest) // 2 :]


def has_same_files(digest: str, other: str) -> bool:
    """Whether the models with these two digests differ in their passages' prompts at most."""
    return digest[len(digest) // 2 :] == other[len(other) // 2 :]


def _before_text(prompt: Any) -> str:
    return str(prompt).removesuffix(TEXT)


def _names(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What a model is called, the surest first, and where that stands."""
    yield name, ""
    yield str(folder), ", which its folder is called"
    try:
        front = _FRONT_MATTER.match((folder / "README.md").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no README, or one that is no text
        front = None
    for pattern in _NAMED_IN_README if front else ():
        if front and (found := pattern.search(front[1])):
            yield found[1], ", which its README.md names"
    named = _json(folder / "config.json").get("_name_or_path")
    if isinstance(named, str):
        yield named, ", which its config.json names"


def _known_as(name: str) -> str:
    """The hub name of the known model that a hub name or a path means; empty if there is none.

    A path means a model if "owner/name" is anywhere in it (the hub's cache writes it "models--owner--name"),
    or if it ends with the name alone: copies keep it.
    """
    parts = [part.lower() for part in re.split(r"[/\\]", name) if part]
    if not parts:
        return ""
    parts[-1] = parts[-1].partition(" (")[0]  # "e5-small-v2 (copy)"
    known = {id_.lower(): id_ for id_ in _table()}
    owned = {"/".join(two) for two in pairwise(parts)}
    owned |= {part.removeprefix("models--").replace("--", "/", 1) for part in parts}
    owned |= {part.replace("_", "/", 1) for part in parts}
    for id_ in known:
        if id_ in owned:
            return known[id_]
    return next((known[id_] for id_ in known if id_.partition("/")[2] == parts[-1]), "")


@cache
def _table() -> Mapping[str, tuple[str, str]]:
    """Hub name → prompt for queries, prompt for passages."""
    return {
        name: (_before_text(json.loads(query)), _before_text(json.loads(passage)))
        for name, *_, query, passage in _rows()
    }


def _rows() -> list[list[str]]:
    return [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()[2:]]


def _saved(folder: Path) -> Mapping[str, Any]:
    """A model's own prompts, by the names that it gives them."""
    prompts = _json(folder / _OWN_FILE).get("prompts")
    return prompts if isinstance(prompts, dict) else {}


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # whoever loads the model says what is wrong with it
        return {}
    return content if isinstance(content, dict) else {}
