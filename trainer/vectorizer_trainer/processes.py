"""The processes of one training: torchrun starts them, rank 0 leads, and the others help it with gradients.

The leader does everything that one process alone does: it reads, chooses, evaluates, keeps checkpoints and writes. A
helper waits in the store of the rendezvous for the leader's calls, however long the leader is busy otherwise, until it
is let go; within a step no process waits longer than PATIENCE for another. A process has one rank, and so this module
has one state.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from vectorizer_trainer.errors import PeerLost

if TYPE_CHECKING:
    from torch import Tensor
    from torch._C._distributed_c10d import Store

    from vectorizer_trainer.content.encoder import Item

__all__ = ["PATIENCE", "Processes", "join", "joined", "led", "rank", "world_size"]

PATIENCE = timedelta(minutes=10)
"""How long a process waits for another one within a step."""
_LONGEST_RUN = timedelta(hours=13)
_STEP, _END = "step", "end"
_LEADER = 0
_state: "list[Processes]" = []

_P = ParamSpec("_P")
_R = TypeVar("_R")


def rank() -> int:
    """Which of the processes this one is; 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


class Processes:
    """The group, as each of its members sees it."""

    def __init__(self, store: "Store") -> None:
        """Takes the store of the rendezvous; the process group is set up."""
        import torch

        self._store = store
        self._calls = 0
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def call(self) -> None:
        """As the leader: let the helpers begin a step."""
        self._tell(_STEP)

    def dismiss(self) -> None:
        """As the leader: let the helpers go; how the run ended is the leader's to say."""
        self._tell(_END)

    def await_call(self) -> bool:
        """As a helper: wait for the next step; False where there is none."""
        self._calls += 1
        key = f"call/{self._calls}"
        _answered(self._store.wait, [key], _LONGEST_RUN)
        return bool(_answered(self._store.get, key) == _STEP.encode())

    def share(self, items: "Sequence[Item]") -> "list[Item]":
        """The leader's items, on every process; they are arrays of numbers, and nothing is unpickled."""
        import numpy as np

        described = [(item.dtype.str, item.shape) for item in items]
        header = self._share_bytes(json.dumps(described).encode())
        body = self._share_bytes(b"".join(np.ascontiguousarray(item).tobytes() for item in items))
        return _arrays(json.loads(header), body)

    def spread(self, tensor: "Tensor") -> None:
        """Overwrite the tensor by the leader's."""
        import torch.distributed as group

        _answered(group.broadcast, tensor, _LEADER)

    def add(self, tensor: "Tensor") -> None:
        """Overwrite the tensor by the sum over all processes."""
        import torch.distributed as group

        _answered(group.all_reduce, tensor)

    def own(self, count: int) -> slice:
        """Which of `count` things are this process's: parts of like size, the leader's never empty."""
        parts = world_size()
        return slice(rank() * count // parts, (rank() + 1) * count // parts) if count >= parts else self._few(count)

    def _few(self, count: int) -> slice:
        return slice(min(rank(), count), min(rank() + 1, count))

    def _tell(self, word: str) -> None:
        self._calls += 1
        _answered(self._store.set, f"call/{self._calls}", word)

    def _share_bytes(self, body: bytes) -> bytes:
        import torch

        size = torch.tensor([len(body)], dtype=torch.int64, device=self._device)
        self.spread(size)
        sent = torch.frombuffer(bytearray(body), dtype=torch.uint8) if body else torch.empty(0, dtype=torch.uint8)
        buffer = torch.zeros(int(size.item()), dtype=torch.uint8, device=self._device)
        if rank() == _LEADER:
            buffer.copy_(sent)
        self.spread(buffer)
        return buffer.cpu().numpy().tobytes()


def join() -> Processes:
    """Meet the other processes.

    Raises:
        PeerLost: where they do not come.

    """
    import torch
    import torch.distributed as group
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    store, own, world = _answered(lambda: next(rendezvous("env://", timeout=PATIENCE)))
    apart = PrefixStore("group", store)
    _answered(lambda: group.init_process_group(backend, store=apart, rank=own, world_size=world, timeout=PATIENCE))
    _state[:] = [Processes(store)]
    return _state[0]


@contextmanager
def led() -> Iterator[None]:
    """Lead the other processes, where there are any, and let them go however the block ends."""
    if world_size() == 1:
        yield
        return
    processes = join()
    try:
        yield
    finally:
        with suppress(PeerLost):
            processes.dismiss()
        _state.clear()


def joined() -> Processes | None:
    """The group that this process has joined; None where it trains alone."""
    return _state[0] if _state else None


def _answered(call: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
    """What the call gives; torch.distributed raises a RuntimeError of one kind or another where a peer is gone."""
    try:
        return call(*given, **named)
    except RuntimeError as error:
        raise PeerLost(f"Another process of the run is gone or does not answer: {str(error)[:300]}") from error


def _arrays(described: list[tuple[str, list[int]]], body: bytes) -> "list[Item]":
    import numpy as np

    arrays, first = [], 0
    for kind, shape in described:
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(body, np.dtype(kind), count, first).reshape(shape).copy()
        arrays.append(array)
        first += array.nbytes
    return arrays
