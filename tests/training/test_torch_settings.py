"""PyTorch's settings are taken for one training, without what a training does not need."""

import os
import subprocess
import sys


def test_the_compiler_is_not_loaded() -> None:
    """It would take a second and 80 MB in each process that trains a network."""
    program = (
        "import sys, numpy as np\n"
        "from sevenfold.core.model import FitContext\n"
        "from sevenfold.training.torch_settings import torch_settings\n"
        "import torch\n"
        "with torch_settings(FitContext(np.random.default_rng(0))):\n"
        "    assert torch.are_deterministic_algorithms_enabled()\n"
        "    torch.nn.Linear(3, 1)(torch.ones(2, 3)).sum().backward()\n"
        "assert not torch.are_deterministic_algorithms_enabled()\n"
        "print('torch._dynamo' in sys.modules, 'sympy' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=environment)
    assert done.stdout.split() == ["False", "False"], done.stderr
