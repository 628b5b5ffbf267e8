#!/usr/bin/env bash
# tantivy 0.27.0 (the Python package): after documents are deleted and committed, `Searcher.num_docs` counts
# live documents alone, while `Searcher.doc_freq` and the engine's own BM25 count the deleted ones, too, until a
# merge drops them. Whoever computes a word's weight from num_docs and doc_freq gets another one than the engine
# uses: for a common word it even becomes negative, since more documents "have" the word than there are. And the
# Python package has no call that asks for a merge.
#
# Seen on 2026-11-28 with tantivy 0.27.0: num_docs 2, doc_freq 50, BM25's N 51, weight by num_docs below 0.
# The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tantivy==0.27.0
"$work/venv/bin/python" - "$work/index" <<'PYTHON'
import json
import math
import sys
from importlib.metadata import version
from pathlib import Path

import tantivy

folder = Path(sys.argv[1])
folder.mkdir()
builder = tantivy.SchemaBuilder().add_unsigned_field("id", indexed=True)
schema = builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq").build()
index = tantivy.Index(schema, path=str(folder))
writer = index.writer(15_000_000, num_threads=1)
for number in range(51):
    document = tantivy.Document()
    document.add_unsigned("id", number)
    document.add_text("text", "rare" if number == 50 else "common")
    writer.add_document(document)
writer.commit()
for number in range(49):
    writer.delete_documents_by_query(tantivy.Query.term_query(schema, "id", number))
writer.commit()
index.reload()
searcher = index.searcher()
found = searcher.search(tantivy.Query.term_query(schema, "text", "common"), 10).hits
query = tantivy.Query.term_query(schema, "text", "common")


def totals(explanation):
    """Each N in the engine's own explanation of a score."""
    if explanation["description"].startswith("N,"):
        yield int(explanation["value"])
    for detail in explanation.get("details") or []:
        yield from totals(detail)


(total,) = set(totals(json.loads(query.explain(searcher, found[0][1]).to_json())))
having, live = searcher.doc_freq("text", "common"), searcher.num_docs
inside = 1 + (live - having + 0.5) / (having + 0.5)
weight = math.log(inside) if inside > 0 else -math.inf
merge_calls = [name for name in dir(writer) if "merg" in name]
print("tantivy", version("tantivy"))
print(f"num_docs {live}, doc_freq {having}, BM25's N {total}, weight by num_docs {weight:.2f}")
print("calls of the writer that have to do with merges:", merge_calls)
assert (live, having, total) == (2, 50, 51), "this has changed"
assert weight < 0, "this has changed"
assert merge_calls == ["wait_merging_threads"], "this has changed"
PYTHON
