import sys
from pathlib import Path

import pytest

# The tiny parts are named in catalogues as "module:attribute", also in child processes, so their folder is on the path.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def sweeper():
    from kill_steps import Sweeper

    made = Sweeper()
    yield made
    made.close()
