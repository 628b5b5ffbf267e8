"""The commands that show what is in the index, and what clients asked: `status` and `log`."""

import argparse
import json
import sys
from dataclasses import asdict

from stackroom.cli.arguments import given_settings, settings_of
from stackroom.cli.exit_codes import OK


def status(arguments: argparse.Namespace) -> int:
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.status import read_status
    from stackroom.cli.settings_report import in_effect, show_settings
    from stackroom.cli.terminal import show_progress, show_status
    from stackroom.cli.unread_languages import about_unread_languages
    from stackroom.common.running import holder
    from stackroom.embedding.models import Models
    from stackroom.embedding.reranking.rerankers import chosen_reranker
    from stackroom.indexes.opened import matching_words

    settings = settings_of(arguments)
    apply = in_effect(given_settings(arguments), settings)
    if not arguments.json:  # also if nothing is indexed in this folder: perhaps another one was meant
        show_settings(apply)
    with Catalog(settings.truth) as catalog:
        status = read_status(catalog)
    words = len(matching_words(settings))
    models, digest = Models.of(settings), status.model_digest or ""
    runtime, prompts, warning = models.runtime(digest), models.prompts(digest), models.warning(digest)
    reranker = chosen_reranker(settings, settings.models)
    reranking = reranker.runtime() if reranker else ""
    obstacle = ""
    if status.scans_waiting:
        from indexer.ocr.tesseract import find_tesseract  # loads PDFium: a tenth of the command's time

        obstacle = find_tesseract(settings.ocr_languages)[1]
    progress = (holder(settings.indexer_lock) or {}).get("progress")
    if arguments.json:
        more = {
            "words": words,
            "runtime": runtime,
            "prompts": asdict(prompts) if prompts else None,
            "model_warning": warning,
            "reranker": reranking,
            "ocr_obstacle": obstacle,
            "indexing": progress,
            "data_folder": str(settings.data.absolute()),
            "settings": apply,
        }
        print(json.dumps({**asdict(status), **more}, ensure_ascii=False))
        return OK
    unread = about_unread_languages(
        status.passages, status.illegible_languages, status.model or "", settings.precision
    )
    about = "\n".join(filter(None, (warning, unread)))
    show_status(status, words, runtime, obstacle, about, prompts, reranking)
    if progress:
        show_progress(progress)
    return OK


def log(arguments: argparse.Namespace) -> int:
    from stackroom.cli.terminal import show_calls
    from stackroom.server.monitoring.ledger import newest

    settings = settings_of(arguments)
    calls = newest(settings.ledger_of_calls, arguments.limit)
    if arguments.json:
        print(json.dumps(calls, ensure_ascii=False))
    else:
        show_calls(calls)
    if not settings.ledger:
        print("Calls are not recorded: STACKROOM_LEDGER is off.", file=sys.stderr)
    elif not calls:
        where = "the store" if settings.store else settings.calls
        print(f"No client has called yet: {where} holds no calls.", file=sys.stderr)
    return OK
