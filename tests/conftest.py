"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

# Machines that run tests are shared: how long an example takes says nothing here.
settings.register_profile(
    "suite", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
