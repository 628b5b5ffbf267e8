"""The commands that show what is in the index, and what clients asked: `status` and `log`."""

import argparse
import json
import sys
from dataclasses import asdict

from stackroom.cli.arguments import settings_of
from stackroom.cli.exit_codes import OK


def status(arguments: argparse.Namespace) -> int:
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.status import read_status
    from stackroom.cli.terminal import show_status
    from stackroom.embedding.models import Models
    from stackroom.embedding.reranking.rerankers import chosen_reranker
    from stackroom.indexes.words import WordIndex

    settings = settings_of(arguments)
    with Catalog(settings.catalog) as catalog:
        status = read_status(catalog)
    words = len(WordIndex(settings.words))
    models = Models(settings.models, settings.precision)
    runtime = models.runtime(status.model_digest or "")
    warning = models.warning(status.model_digest or "")
    reranker = chosen_reranker(settings, settings.models)
    reranking = reranker.runtime() if reranker else ""
    obstacle = ""
    if status.scans_waiting:
        from indexer.ocr.tesseract import find_tesseract  # loads PDFium: a tenth of the command's time

        obstacle = find_tesseract(settings.ocr_languages)[1]
    if arguments.json:
        more = {"words": words, "runtime": runtime, "model_warning": warning, "reranker": reranking}
        more["ocr_obstacle"] = obstacle
        print(json.dumps({**asdict(status), **more}, ensure_ascii=False))
        return OK
    show_status(status, words, runtime, obstacle, warning, reranking)
    return OK


def log(arguments: argparse.Namespace) -> int:
    from stackroom.cli.terminal import show_calls
    from stackroom.server.monitoring.ledger import newest

    settings = settings_of(arguments)
    calls = newest(settings.calls, arguments.limit)
    if arguments.json:
        print(json.dumps(calls, ensure_ascii=False))
    else:
        show_calls(calls)
    if not settings.ledger:
        print("Calls are not recorded: STACKROOM_LEDGER is off.", file=sys.stderr)
    elif not calls:
        print(f"No client has called yet: {settings.calls} holds no calls.", file=sys.stderr)
    return OK
