"""Contract suites: what every store of a library must do, for whoever writes another one. They need pytest.

Each is a class of tests. To run it, inherit from it in a test module and give the fixture that it names:

    class TestMyTruth(TruthContract):
        @pytest.fixture
        def where(self) -> Iterator[Path | StoreAddress]:
            ...
"""

import pytest

# So that a failure says what was there.
pytest.register_assert_rewrite(
    *(f"{__name__}.{name}" for name in ("following", "matching", "nearest", "truth"))
)

__all__ = ["following", "matching", "nearest", "truth"]
