"""Clips of digits show and move as they are said to, over several frames only."""

import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.bases.image.digits import KNOWN
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.video.moving_digits import EDGE, FRAMES, moving_digits


def test_clips_show_one_or_two_of_the_digits_asked_for() -> None:
    clips = list(moving_digits(Pool.BASE, 40, 0, KNOWN))
    assert {clip.frames.shape for clip in clips} == {(FRAMES, EDGE, EDGE, 3)}
    assert {len(clip.digits) for clip in clips} == {1, 2}
    assert {digit for clip in clips for digit in clip.digits} == set(KNOWN)


def test_clips_move_as_they_say() -> None:
    for clip in moving_digits(Pool.BASE, 60, 0):
        if len(clip.digits) == 1:
            left, top, edge = (np.ptp(track) for track in _tracks(clip.frames))
            if clip.motion == "still":
                assert left == top == edge == 0
            elif clip.motion == "growing":
                assert edge > 8
            else:
                assert (left > 8) == (clip.motion in {"sideways", "circling"})
                assert (top > 8) == (clip.motion in {"upwards", "circling"})


def test_clips_need_more_than_one_frame_to_be_told() -> None:
    clips = list(moving_digits(Pool.BASE, 40, 0))
    shares = [(clip.frames.max((1, 2, 3)) > 0).mean() for clip in clips]
    assert min(shares) == 1
    assert any(_comes_later(clip.frames) for clip in clips if len(clip.digits) == 2)


def _tracks(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Left, top and height [3, frames] of what is drawn."""
    found = []
    for frame in frames:
        rows, columns = np.nonzero(frame.max(2) > 60)
        found.append((columns.min(), rows.min(), np.ptp(rows)))
    return np.array(found).T


def _comes_later(frames: NDArray[np.uint8]) -> bool:
    """Whether the colours of the first half are not those of the second."""
    first, second = (half.reshape(-1, 3).max(0).astype(int) for half in np.split(frames, 2))
    return bool(np.abs(first - second).max() > 20)
