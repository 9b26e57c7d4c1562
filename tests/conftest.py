"""Settings of the whole suite."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `kill_steps`, whose scenarios stand beside the tests that use them.
sys.path.insert(0, str(Path(__file__).parent / "deployment"))

# Tests fork, and gRPC's threads, once some test has loaded them, must not be started anew in a child.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# Machines that run tests are shared: how long an example takes says nothing here.
settings.register_profile(
    "suite", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def sweeper():
    """Breaks work off at every step of writing."""
    from kill_steps import Sweeper

    made = Sweeper()
    yield made
    made.close()
