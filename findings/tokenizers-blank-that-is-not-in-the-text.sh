#!/usr/bin/env bash
# tokenizers 0.23.3: `Metaspace` puts a blank (▁) before a text, as SentencePiece's models want. Where that is a token of
# its own, its offsets are not empty: they are those of the text's first character, and the next token has the same ones.
# Within the text, ▁ has the offsets of the blank that it stands for. So whoever adds up what tokens cover, or marks
# words by the offsets of tokens, counts the first character twice; in Chinese, where pieces are short, nearly every
# text begins so.
#
# Seen on 2026-11-29: "谁在" → ▁ (0, 1), 谁 (0, 1), 在 (1, 2); "a b" → the second ▁ (1, 2).
# The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tokenizers==0.23.3
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from tokenizers import Tokenizer, models, pre_tokenizers

pieces = [("<unk>", 0.0), ("▁", -2.0), ("a", -3.0), ("b", -3.0), ("谁", -3.0), ("在", -3.0)]
tokenizer = Tokenizer(models.Unigram(pieces, 0, False))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
print("tokenizers", version("tokenizers"))
found = {}
for text in ("谁在", "a b"):
    encoding = tokenizer.encode(text)
    found[text] = [*zip(encoding.tokens, encoding.offsets, strict=True)]
    print(text, found[text])
assert found["谁在"] == [("▁", (0, 1)), ("谁", (0, 1)), ("在", (1, 2))], "this has changed"
assert found["a b"] == [("▁", (0, 1)), ("a", (0, 1)), ("▁", (1, 2)), ("b", (2, 3))], "this has changed"
PYTHON
