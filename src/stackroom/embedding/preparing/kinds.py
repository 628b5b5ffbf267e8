"""What kind of model a folder holds, from its configuration alone; refuses what is no embedding model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackroom.common.errors import ModelDamaged

_DENSE = "an embedding model such as BAAI/bge-small-en-v1.5 or intfloat/multilingual-e5-small"

# By the type that sentence-transformers writes: what to say of it, and the modules that make a model one.
_OTHERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "SparseEncoder": (
        "a sparse encoder (such as SPLADE): it weighs words, and has no vectors that could be compared here",
        ("sparse_encoder.",),
    ),
    "CrossEncoder": (
        "a cross-encoder: it compares a question with one text at a time, to rerank what was found",
        ("cross_encoder.",),
    ),
    "MultiVectorEncoder": (
        "a late-interaction model (such as ColBERT): it has a vector for each token, not for a text",
        ("multi_vector_encoder.", "pylate"),
    ),
}
_BY_ARCHITECTURE = {
    "ForSequenceClassification": "CrossEncoder",
    "HF_ColBERT": "MultiVectorEncoder",
    "ColBERT": "MultiVectorEncoder",
}


def refuse_other_kinds(folder: Path) -> None:
    """Raises ModelDamaged if the folder holds a model that gives no vectors of texts."""
    kind = _kind(folder)
    if kind in _OTHERS:
        what = _OTHERS[kind][0]
        hint = " Set it as STACKROOM_RERANKER if that is what you want." if kind == "CrossEncoder" else ""
        raise ModelDamaged(f"The model in {folder} is {what}. Set STACKROOM_MODEL to {_DENSE}.{hint}")


def _kind(folder: Path) -> str:
    stated = _read(folder / "config_sentence_transformers.json").get("model_type")
    if stated in _OTHERS:
        return str(stated)
    modules = _modules(folder)
    types = [str(module.get("type")) for module in modules]
    for kind, (_, marks) in _OTHERS.items():
        if any(mark in name for name in types for mark in marks):
            return kind
    if not modules:
        for architecture in _architectures(folder):
            for end, kind in _BY_ARCHITECTURE.items():
                if architecture.endswith(end):
                    return kind
    return ""


def doubt(folder: Path) -> str:
    """What is to be doubted about the model in a folder, for people; empty if it says all that is needed."""
    if is_model2vec(folder) or (folder / "modules.json").is_file():
        return ""
    pooling = "that of its last token" if _is_causal(folder) else "the mean of its tokens'"
    return (
        "it lacks sentence-transformers' files (modules.json), so nobody says how a text's vector is made of "
        f"its tokens'; {pooling} is taken. Unless it was trained so, it finds little: choose {_DENSE}"
    )


def is_model2vec(folder: Path) -> bool:
    """Whether the folder holds a static model as model2vec saves it, without sentence-transformers' files."""
    if (folder / "modules.json").is_file():
        return False
    return _read(folder / "config.json").get("model_type") == "model2vec"


def _is_causal(folder: Path) -> bool:
    return any(name.endswith("ForCausalLM") for name in _architectures(folder))


def _architectures(folder: Path) -> list[str]:
    named = _read(folder / "config.json").get("architectures")
    return [str(name) for name in named] if isinstance(named, list) else []


def _modules(folder: Path) -> list[Mapping[str, Any]]:
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # sentence-transformers says what is wrong with it
    return [module for module in modules if isinstance(module, dict)] if isinstance(modules, list) else []


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
