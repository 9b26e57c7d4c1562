"""Settings of the whole suite."""

import os

from hypothesis import HealthCheck, settings

# Tests fork, and gRPC's threads, once some test has loaded them, must not be started anew in a child.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# Machines that run tests are shared: how long an example takes says nothing here.
settings.register_profile(
    "suite", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
