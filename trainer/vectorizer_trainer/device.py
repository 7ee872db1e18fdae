"""Where the networks compute."""

import torch

__all__ = ["fastest_device"]


def fastest_device() -> torch.device:
    """The first GPU that this process may use, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
