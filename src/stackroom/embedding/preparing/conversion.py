"""Prepares a model: converts its files into those that `running` runs. Done once for each model.

It happens in a process of its own. For a known model (see `known`) that takes some CPU-seconds and 300 MB of
memory. For another it imports torch, and takes 15 and 700 for one of the bundled model's size. All of it is
free again when it ends. It is this file, run as a module: `python -m
stackroom.embedding.preparing.conversion FOLDER DIGEST TARGET PROMPTS`.
"""

import json
import logging
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from filelock import FileLock, Timeout

from stackroom.common.amounts import duration, size
from stackroom.common.errors import ModelDamaged, ModelError
from stackroom.common.events import STEPS
from stackroom.common.programs import ask_program
from stackroom.embedding.model_card import CARD, TOKENIZER, ModelCard
from stackroom.embedding.model_files import ModelFiles, refuse_without_library
from stackroom.embedding.preparing.encoders import WriteEncoders, write_encoders
from stackroom.embedding.preparing.failures import refuse_what_failed, remember_failure, versions
from stackroom.embedding.preparing.kinds import doubt, refuse_other_kinds
from stackroom.embedding.preparing.known import Known, describe_known, known_model, write_known
from stackroom.embedding.preparing.sharing import link, put
from stackroom.embedding.preparing.soundness import refuse_unsound, refuse_without_room
from stackroom.embedding.preparing.unrelated import unrelated_cosine
from stackroom.embedding.prompts import Prompts

# Exit codes of a process that somebody has stopped: nothing is wrong with the model.
_STOPPED = tuple(-number for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 1)))

_log = logging.getLogger(__name__)

_PROGRAM = (sys.executable, "-m", __name__)

# Limits of a conversion. The largest models take minutes, and the process prints little.
_MOST_SECONDS = 2 * 3600.0
_MOST_BYTES = 20_000_000


def prepared(target: Path) -> ModelCard | None:
    """The card of the model that is prepared in the folder `target`; None if it has to be prepared.

    It has to be prepared again if other versions of the libraries could not compile it: these may.
    """
    card = ModelCard.read(target)
    return None if card is None or (card.problem and card.versions != versions()) else card


def being_prepared(target: Path) -> bool:
    """Whether another process or thread is preparing a model in the folder `target` now. Never waits."""
    if not target.parent.is_dir():
        return False
    try:
        with FileLock(target.with_suffix(".lock"), timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that can't be written: nobody prepares anything in it
        return False


def prepare(
    files: ModelFiles,
    target: Path,
    program: Sequence[str] = _PROGRAM,
    refuse: Callable[[Path], None] = refuse_other_kinds,
    shared: Path | None = None,
) -> ModelCard:
    """Fills the folder `target` with the prepared model of `files`, unless another process just has.

    Args:
        files: of the model.
        target: the folder to make; need not exist.
        program: the command that converts them, in a process of its own.
        refuse: raises ModelDamaged if a folder holds a model of a kind that is not wanted.
        shared: the folder from which a model that is prepared already is taken, and into which this one is
            put; None for none. See `sharing`.

    Returns:
        The card of the prepared model.

    Raises:
        ModelDamaged: sentence-transformers can't load the model, or it lacks what we need. If that has just
            happened, it is not tried again for an hour.
        ModelError: that library is not installed, and the model needs it; or the folder can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            card = prepared(target) or _taken(target, shared)
            if card is None:
                refuse(files.folder)
                refuse_what_failed(target)
                if known_model(files.digest) is None:
                    refuse_without_library(files.name)
                card = _prepare(files, target, program)
                _give(target, shared)
            return card
    except OSError as error:
        raise ModelError(
            f"The model {files.name!r} has to be prepared once, and {target.parent} cannot be written: "
            f"{error.strerror or error}. Run `stackroom search` once where it can be."
        ) from error


def _prepare(files: ModelFiles, target: Path, program: Sequence[str]) -> ModelCard:
    prefix = f"{target.name}-converting-"
    for left in target.parent.glob(f"{prefix}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=prefix, dir=target.parent) as folder:
        work = Path(folder) / "model"
        work.mkdir()
        prompts = json.dumps(asdict(files.prompts))
        command = [*program, str(files.folder), files.digest, str(work), prompts]
        started = time.monotonic()
        STEPS.info("The model %s is being prepared for this processor, once.", files.name)
        done = ask_program(command, seconds=_MOST_SECONDS, most_bytes=_MOST_BYTES)
        card = ModelCard.read(work)
        if card is None or done.code in _STOPPED:
            said = (done.errors or done.output).decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else f"the process ended with code {done.code}"
            if done.is_late:
                reason = f"It took longer than {_MOST_SECONDS / 3600:g} hours."
            message = f"The model {files.name!r} cannot be prepared. {reason}"
            if done.code not in _STOPPED:
                remember_failure(target, message)
            raise ModelDamaged(message)
        put(work, target, Path(folder))
    taken = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    STEPS.info("The model is prepared: %s, %s.", duration(time.monotonic() - started), size(taken))
    return card


def _taken(target: Path, shared: Path | None) -> ModelCard | None:
    """The card of the model if the shared folder has it, which is then in `target`, too."""
    if shared is None or shared == target.parent or prepared(shared / target.name) is None:
        return None
    try:
        link(shared / target.name, target)
    except OSError as error:  # it may be another user's, or be deleted meanwhile
        _log.info("The model in %s cannot be taken: %s", shared / target.name, error)
        return None
    return prepared(target)


def _give(target: Path, shared: Path | None) -> None:
    """Puts a model that was just prepared into the shared folder; if that fails, others prepare it again."""
    if shared is None or shared == target.parent:
        return
    try:
        link(target, shared / target.name)
    except OSError as error:
        _log.info("The model in %s cannot be shared: %s", target, error)


def _main() -> None:
    folder, digest, target = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    warnings.simplefilter("ignore")
    try:
        convert(folder, digest, target, Prompts(**json.loads(sys.argv[4])))
    except ModelDamaged as error:
        sys.exit(str(error))


class _Made(NamedTuple):
    """A model that was loaded: its card, its tokenizer as JSON, and what writes its encoders."""

    card: ModelCard
    tokenizer: str
    write: Callable[[ModelCard, Path], None]


def convert(
    folder: Path,
    digest: str,
    target: Path,
    prompts: Prompts | None = None,
    write: WriteEncoders = write_encoders,
) -> None:
    """Converts a model in this process. `prepare` calls it.

    For a model that is not known it imports torch, and leaves torch with one thread.

    Args:
        folder: of the model's files.
        digest: of these files.
        target: an empty folder, to be filled with the prepared model.
        prompts: words before queries and passages; None for the model's own.
        write: compiles one that is not known, as `write_encoders` does.

    Raises:
        ModelDamaged: as `prepare` says.
    """
    known = known_model(digest)
    made = _known(known, folder, digest, prompts) if known else _loaded(folder, digest, prompts, write)
    (target / TOKENIZER).write_text(made.tokenizer, encoding="utf-8")
    # If compiling ends this process, for lack of memory or by a fault of the compiler, this card stays.
    failed = replace(made.card, problem="compiling it ended the process that did it", versions=versions())
    failed.write(target)
    try:
        made.write(made.card, target)
    except Exception as error:  # noqa: BLE001  whatever it is: sentence-transformers can run the model
        for path in target.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (CARD, TOKENIZER):
                path.unlink()
        replace(failed, problem=f"{type(error).__name__}: {error}".splitlines()[0][:300]).write(target)


def _known(known: Known, folder: Path, digest: str, prompts: Prompts | None) -> _Made:
    bert, tokenizer = known.read(folder)
    card = describe_known(known, tokenizer, digest, prompts or Prompts())
    refuse_without_room(card, folder)
    return _Made(card, tokenizer.to_str(), partial(write_known, known, bert))


def _loaded(folder: Path, digest: str, prompts: Prompts | None, write: WriteEncoders) -> _Made:
    """The model as sentence-transformers loads it."""
    import torch

    from stackroom.embedding.running.sentence_transformer import (
        SentenceTransformerEmbedder,
        describe,
        load_model,
    )

    torch.set_num_threads(1)  # PDFs are being read at the same time
    model = load_model(folder)
    card, tokenizer = describe(model, digest, prompts)
    refuse_without_room(card, folder)
    own = SentenceTransformerEmbedder(model, "", card)
    refuse_unsound(model, own, folder)
    card = replace(card, warning=doubt(folder), unrelated_cosine=unrelated_cosine(own))
    return _Made(card, tokenizer, partial(write, model.eval()))


if __name__ == "__main__":
    _main()
