"""What several test files share."""

from pathlib import Path

import pytest

from stackroom.embedding.embedder import Embedder
from stackroom.embedding.sentence_transformer import SentenceTransformers

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def bundled_model() -> Embedder:
    """The real default model; loading it takes seconds."""
    return SentenceTransformers().load("")


@pytest.fixture(scope="session")
def real_pdfs() -> Path:
    """A folder of 52 real PDFs that this repository does not contain."""
    folder = SHARED / "pdfs" / "real"
    if not folder.is_dir():
        pytest.skip("the shared collection of real PDFs is not beside this checkout")
    return folder
