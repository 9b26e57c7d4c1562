"""Every sampler, one line each."""

from sevenfold.core.registry import Catalogue
from sevenfold.tuning.samplers.base import Sampler

SAMPLERS: Catalogue[type[Sampler]] = Catalogue(
    "Search",
    "sevenfold.samplers",
    {
        "bayes": "sevenfold.tuning.samplers.bayes:BayesSampler",
        "random": "sevenfold.tuning.samplers.random:RandomSampler",
        "grid": "sevenfold.tuning.samplers.grid:GridSampler",
    },
)
