"""What unit and integration tests share."""

import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from vectorizer_trainer.user_cache import user_cache

if TYPE_CHECKING:
    from torch import Tensor
    from vectorizer_trainer.published import Manifest


def pytest_configure() -> None:
    """Heed Ctrl-C, and have the programs that tests start heed it: what a shell starts aside is told to ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


MADE_ONCE, NOTED = ("bases", "bin", "images", "locks", "real-node"), "runs"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Shares what takes long to make with the user's cache, and keeps what runs took out of the user's estimates."""
    shared, own = user_cache(), tmp_path_factory.mktemp("cache") / user_cache().name
    own.mkdir()
    for name in MADE_ONCE:
        (shared / name).mkdir(parents=True, exist_ok=True)
    for path in shared.iterdir():
        if path.name != NOTED:
            (own / path.name).symlink_to(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(own.parent))
        yield


@pytest.fixture(scope="session")
def drawn_checkpoint() -> "Callable[[Manifest], dict[str, Tensor]]":
    """Draws random tensors of exactly a manifest's keys, types and shapes, the optional ones with them.

    Scales are about one and variances positive, so that a network of them gives finite numbers.
    """
    import torch

    floats = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    integers = {"I64": torch.int64, "I32": torch.int32}

    def tensor(key: str, dtype: str, shape: tuple[int, ...], draw: torch.Generator) -> "Tensor":
        if dtype in integers:
            count = int(torch.tensor(shape).prod())
            return torch.arange(count, dtype=integers[dtype]).reshape(shape)
        scale_like = (key.endswith("weight") and len(shape) == 1) or key.endswith("running_var")
        drawn = torch.empty(shape).normal_(float(scale_like), 0.02, generator=draw)
        return drawn.to(floats[dtype])

    def checkpoint(manifest: "Manifest") -> "dict[str, Tensor]":
        draw = torch.Generator().manual_seed(0)
        return {key: tensor(key, one.dtype, one.shape, draw) for key, one in manifest.tensors.items()}

    return checkpoint
