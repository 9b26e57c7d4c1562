"""Torch's global settings, taken for one training and given back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sevenfold.core.model import FitContext

_REFUSE = 2  # PyTorch's number for "error": an operation without a deterministic form raises one


@contextmanager
def torch_settings(context: FitContext) -> Iterator[None]:
    """Threads, determinism and the random generator of one training; all are as before when it ends."""
    import torch

    threads, exact = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    cudnn = torch.backends.cudnn.deterministic
    devices = [torch.cuda.current_device()] if context.device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            torch.set_num_threads(context.threads)
            torch.backends.cudnn.deterministic = True
            # On a GPU this would refuse operations that have no deterministic form; there it is left as it was.
            # Set as a mode: `use_deterministic_algorithms` would load PyTorch's compiler, a second and 80 MB of it.
            torch.set_deterministic_debug_mode(exact if devices else _REFUSE)
            yield
        finally:
            torch.set_deterministic_debug_mode(exact)
            torch.backends.cudnn.deterministic = cudnn
            torch.set_num_threads(threads)
