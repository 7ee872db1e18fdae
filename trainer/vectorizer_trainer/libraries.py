"""What the numerical libraries read from the environment when they are loaded."""

import os

_SETTINGS = {
    # Models come from folders; nothing is ever fetched from a hub.
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait must sleep: beside other work, or under a CPU quota, spinning ones take the cores from those
    # that compute. Fitting the adapter on 2 busy cores took 1.6–1.8 s like this and 6.6–14 s spinning.
    "OMP_WAIT_POLICY": "PASSIVE",
}


def prepare_libraries() -> None:
    """Set what the environment does not say otherwise; to be called before torch is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
