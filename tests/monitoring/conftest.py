import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "deployment"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def sweeper():
    from kill_steps import Sweeper

    made = Sweeper()
    yield made
    made.close()
