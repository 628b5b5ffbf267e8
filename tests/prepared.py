"""The bundled model, prepared once for all tests of a session."""

from pathlib import Path

import pytest

from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import BUNDLED_NAME
from stackroom.embedding.models import Models

BUNDLED = BUNDLED_CARD.fingerprint(BUNDLED_NAME)


@pytest.fixture(scope="session")
def prepared_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of prepared models, with the bundled one; not to be changed. Takes half a minute."""
    folder = tmp_path_factory.mktemp("models")
    Models(folder).load(BUNDLED)
    return folder
