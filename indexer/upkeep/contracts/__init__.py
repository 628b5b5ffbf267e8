"""Contract suites: what every store of a library must do, for whoever writes another one. They need pytest.

Each is a class of tests. To run it, inherit from it in a test module and give the fixture that it names:

    class TestMyTruth(TruthContract):
        @pytest.fixture
        def where(self) -> Iterator[Path | StoreAddress]:
            ...
"""

import pytest

pytest.register_assert_rewrite(f"{__name__}.truth")  # so that a failure says what was there

__all__ = ["truth"]
