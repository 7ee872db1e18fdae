"""What becomes of work that only the leader may do, where the leadership ends in the middle of it."""

import asyncio

import pytest
from vectorizer_operator.election import Alone, while_kept
from vectorizer_operator.errors import LeadershipLost, Unavailable


async def lose() -> None:
    """Keep a Lease for a moment."""
    await asyncio.sleep(0)
    raise LeadershipLost("the Lease is not held any more")


class TestWhileKept:
    async def test_it_is_done_to_its_end(self) -> None:
        done = asyncio.Event()

        async def work() -> None:
            done.set()

        keeping = asyncio.create_task(Alone().keep())
        await while_kept(keeping, work())
        assert done.is_set()
        assert not keeping.done()
        keeping.cancel()

    async def test_it_is_ended_with_the_leadership(self) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        with pytest.raises(LeadershipLost):
            await while_kept(asyncio.create_task(lose()), work())
        assert begun.is_set()
        await asyncio.wait_for(ended.wait(), 10)

    async def test_what_it_fails_by_is_told(self) -> None:
        async def work() -> None:
            raise Unavailable("503")

        keeping = asyncio.create_task(Alone().keep())
        with pytest.raises(Unavailable):
            await while_kept(keeping, work())
        keeping.cancel()
