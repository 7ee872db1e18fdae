"""Sounds are varied within their bounds, each way alone in its way, and last as long as before."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from vectorizer_trainer.augmentation.draws import Purpose, item_seeds
from vectorizer_trainer.augmentation.sound import SoundAugmentation

RATE = 48_000
AUGMENTATION = SoundAugmentation(RATE, torch.device("cpu"))
ALL = AUGMENTATION.transformations

Sound = NDArray[np.int16]


def tone(hertz: float = 440.0, seconds: float = 1.0, amplitude: float = 8000, beat: float = 0.0) -> Sound:
    """A sine; with a beat it swells and fades so many times a second."""
    time = np.arange(int(RATE * seconds)) / RATE
    swell = 1 if beat == 0 else 0.5 - 0.5 * np.cos(2 * np.pi * beat * time)
    return np.round(amplitude * swell * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def varied(name: str, sound: Sound, count: int) -> list[Sound]:
    """One transformation alone, applied every time."""
    return AUGMENTATION.only(name).vary([sound] * count, item_seeds(0, Purpose.VIEW, 1, range(count)))


def pitch(sound: Sound) -> float:
    """Hertz of the strongest partial."""
    padded = np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound))
    return float(np.argmax(np.abs(padded)) * RATE / (8 * len(sound)))


def beats(sound: Sound) -> float:
    """How often a second a sound swells, in the middle of it."""
    loudness = np.abs(sound[RATE // 4 : -RATE // 4].astype(float))
    loudness = np.convolve(loudness, np.ones(1200) / 1200, "same")[::120]
    spectrum = np.abs(np.fft.rfft((loudness - loudness.mean()) * np.hanning(len(loudness)), 8192))
    frequency = np.arange(len(spectrum)) * (RATE / 120) / 8192
    return float(frequency[np.argmax(spectrum * (frequency > 4))])


def decibels(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def strength(sound: NDArray[np.number]) -> float:
    return float(np.sqrt(np.square(sound.astype(float)).mean()))


class TestNoise:
    def test_is_5_to_30_decibels_below_the_sound(self) -> None:
        ratios = [
            decibels(strength(tone()) / strength(found.astype(int) - tone())) for found in varied("noise", tone(), 150)
        ]
        assert 4.9 <= min(ratios) < 6
        assert 29 < max(ratios) <= 30.1

    def test_is_white(self) -> None:
        added = varied("noise", tone(), 1)[0].astype(float) - tone()
        power = np.square(np.abs(np.fft.rfft(added)))
        quarters = [part.mean() for part in np.array_split(power, 4)]
        assert np.allclose(quarters, np.mean(quarters), rtol=0.1)

    def test_differs_between_seeds(self) -> None:
        first, second = (found.astype(float) - tone() for found in varied("noise", tone(), 2))
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


class TestTimeStretch:
    def test_is_between_08_and_125_times_as_fast(self) -> None:
        speeds = np.array([beats(found) / 8 for found in varied("timeStretch", tone(seconds=2, beat=8), 40)])
        assert 0.78 <= speeds.min() < 0.85
        assert 1.19 < speeds.max() <= 1.27

    def test_keeps_the_pitch(self) -> None:
        assert np.allclose([pitch(found) for found in varied("timeStretch", tone(), 20)], 440, rtol=0.005)

    def test_begins_again_where_it_became_shorter(self) -> None:
        burst = tone(seconds=1) * (np.arange(RATE) < RATE // 10)
        faster = [found for found in varied("timeStretch", burst.astype(np.int16), 20) if np.abs(found[-1000:]).any()]
        assert any(strength(found[RATE * 8 // 10 :]) > 100 for found in faster)


class TestPitchShift:
    def test_is_up_to_4_semitones_either_way(self) -> None:
        semitones = np.array(
            [12 * np.log2(pitch(found) / 440) for found in varied("pitchShift", tone(seconds=0.5), 80)]
        )
        assert np.abs(semitones).max() <= 4.1
        assert semitones.min() < -3.5
        assert semitones.max() > 3.5

    def test_keeps_the_tempo(self) -> None:
        found = varied("pitchShift", tone(seconds=3, beat=8), 20)
        assert np.allclose([beats(sound) for sound in found], 8, rtol=0.02)

    def test_keeps_the_loudness(self) -> None:
        found = varied("pitchShift", tone(), 20)
        assert np.allclose([decibels(strength(sound) / strength(tone())) for sound in found], 0, atol=1)


class TestGain:
    def test_is_up_to_6_decibels_either_way(self) -> None:
        gains = [decibels(strength(found) / strength(tone())) for found in varied("gain", tone(), 150)]
        assert -6.01 <= min(gains) < -5.5
        assert 5.5 < max(gains) <= 6.01

    def test_changes_nothing_but_the_size(self) -> None:
        for found in varied("gain", tone(), 10):
            factor = np.abs(found).max() / np.abs(tone()).max()
            assert np.allclose(found, tone() * factor, atol=2)

    def test_stops_at_the_loudest_and_does_not_wrap(self) -> None:
        loud = tone(amplitude=32_000)
        assert all((np.sign(found) * np.sign(loud) >= 0).all() for found in varied("gain", loud, 20))


class TestSound:
    def test_each_happens_to_about_half_of_the_sounds(self) -> None:
        short = tone(seconds=0.01)
        for name in ALL:
            some = SoundAugmentation(RATE, torch.device("cpu"), (name,))
            found = some.vary([short] * 300, item_seeds(0, Purpose.VIEW, 2, range(300)))
            assert 115 < sum(np.array_equal(sound, short) for sound in found) < 185

    @pytest.mark.parametrize("name", [*ALL, "all"])
    @pytest.mark.parametrize("samples", [1, 2, 500, 3000, 47_999])
    def test_lasts_as_long_as_before(self, name: str, samples: int) -> None:
        augmentation = AUGMENTATION if name == "all" else AUGMENTATION.only(name)
        sound = tone(hertz=1000, seconds=2)[10 : 10 + samples]
        for found in augmentation.vary([sound] * 5, range(5)):
            assert found.shape == sound.shape
            assert found.dtype == np.int16

    def test_that_is_long_is_varied_piece_by_piece(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sound = tone(seconds=2, beat=8)
        monkeypatch.setattr("vectorizer_trainer.augmentation.sound._PIECE", RATE // 2)
        slower_and_higher = varied("timeStretch", sound, 4) + varied("pitchShift", sound, 4)
        assert all(len(found) == len(sound) for found in slower_and_higher)
        assert all(6.2 < beats(found) < 10.2 for found in slower_and_higher)
        assert all(340 < pitch(found) < 560 for found in slower_and_higher)

    def test_silence_stays_silent(self) -> None:
        silence = np.zeros(5000, np.int16)
        assert all(not found.any() for found in AUGMENTATION.vary([silence] * 10, range(10)))

    def test_of_no_samples_stays_so(self) -> None:
        assert AUGMENTATION.vary([np.zeros(0, np.int16)], [1])[0].shape == (0,)

    def test_depends_on_its_own_seed_alone(self) -> None:
        sounds = [tone(hertz) for hertz in (300, 400, 500)]
        together = AUGMENTATION.vary(sounds, [1, 2, 3])
        assert np.array_equal(AUGMENTATION.vary(sounds[1:2], [2])[0], together[1])
        assert not np.array_equal(AUGMENTATION.vary(sounds[1:2], [4])[0], together[1])

    def test_is_not_written_to(self) -> None:
        sound = tone()
        AUGMENTATION.vary([sound] * 4, range(4))
        assert np.array_equal(sound, tone())
