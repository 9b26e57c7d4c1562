import subprocess
import sys

HEAVY = ("polars", "pandas", "sklearn", "scipy", "lightgbm", "torch", "uvicorn", "prometheus_client", "safetensors")


def test_importing_the_modules_loads_no_heavy_library():
    script = (
        "import sys, sevenfold.deployment.bundle, sevenfold.deployment.server, sevenfold.deployment.batch\n"
        "import sevenfold.monitoring.monitor, sevenfold.monitoring.serving\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
