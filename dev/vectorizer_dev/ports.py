"""Free ports of 127.0.0.1."""

import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections, so that none of these takes one away
# between the look and the use.
LOWEST, HIGHEST = 20_000, 32_000


def free_port() -> int:
    """Return a port that nothing listens on."""
    return free_ports(1).start


def free_ports(count: int) -> range:
    """Return `count` consecutive ports that nothing listens on.

    Raises OSError where a hundred tries found none.
    """
    for _ in range(100):
        first = random.randrange(LOWEST, HIGHEST - count)
        candidates = range(first, first + count)
        if all(_is_free(port) for port in candidates):
            return candidates
    raise OSError(f"no {count} free ports between {LOWEST} and {HIGHEST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
