"""Recordings are composed of spoken words and physical noise, and come out the same every time."""

import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.sound import speech
from vectorizer_trainer.bases.sound.noises import NOISES
from vectorizer_trainer.bases.sound.recordings import KNOWN, NEW, SAMPLE_RATE, recordings
from vectorizer_trainer.bases.sound.speech import Utterance, speak


class TestSpeech:
    def test_is_the_same_every_time(self) -> None:
        asked = [Utterance("garden", "en-us+f3", 160, 40), Utterance("garden", "en-us+whisper", 140, 60)]
        first, again = speak(asked), speak(asked)
        assert first.rate == SAMPLE_RATE
        assert all(np.array_equal(*pair) for pair in zip(first.waveforms, again.waveforms, strict=True))

    def test_differs_by_word_voice_speed_and_pitch(self) -> None:
        usual = Utterance("garden", "en-us+f3", 160, 40)
        others = [
            Utterance("window", "en-us+f3", 160, 40),
            Utterance("garden", "en-us+m2", 160, 40),
            Utterance("garden", "en-us+f3", 240, 40),
            Utterance("garden", "en-us+f3", 160, 70),
        ]
        spoken = speak([usual, *others]).waveforms
        assert all(not np.array_equal(spoken[0], other) for other in spoken[1:])
        assert len(spoken[3]) < 0.8 * len(spoken[0])

    def test_names_the_package_that_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(speech, "find_spec", lambda name: None)
        with pytest.raises(ModuleNotFoundError, match="espeakng-loader"):
            speak([Utterance("garden", "en-us+f3", 160, 40)])

    def test_is_asked_of_no_voice_that_there_is_not(self) -> None:
        with pytest.raises(subprocess.CalledProcessError):
            speak([Utterance("garden", "nobody", 160, 40)])


class TestRecordings:
    def test_have_one_or_two_words_one_voice_and_one_noise(self) -> None:
        made = recordings(Pool.TRAIN, 40, 0, NEW)
        assert set(made.words.sum(1)) == {1, 2}
        assert set(made.voices.sum(1)) == set(made.noises.sum(1)) == {1}
        assert all(0.3 < len(waveform) / SAMPLE_RATE < 2.2 for waveform in made.waveforms)

    def test_are_the_same_for_the_same_seed_and_differ_between_pools(self) -> None:
        first, again, other = (recordings(pool, 5, 0, NEW) for pool in (Pool.TRAIN, Pool.TRAIN, Pool.TEST))
        assert all(np.array_equal(*pair) for pair in zip(first.waveforms, again.waveforms, strict=True))
        assert not any(np.array_equal(*pair) for pair in zip(first.waveforms, other.waveforms, strict=True))

    def test_of_data_sets_have_words_voices_and_noises_that_the_base_does_not_know(self) -> None:
        assert len(set(NEW.words) - set(KNOWN.words)) == 5
        assert not set(NEW.voices) & set(KNOWN.voices)
        assert set(NEW.noises) - set(KNOWN.noises) == {"crackle", "hum"}


@pytest.fixture(scope="module")
def spectra() -> dict[str, NDArray[np.float64]]:
    """Power of each noise at 1, 2, 3, … Hz, a second long."""
    rng = np.random.default_rng(0)
    return {name: np.abs(np.fft.rfft(make(SAMPLE_RATE, SAMPLE_RATE, rng))) ** 2 for name, make in NOISES.items()}


class TestNoises:
    def test_hiss_is_white(self, spectra: dict[str, NDArray[np.float64]]) -> None:
        assert spectra["hiss"][100:1100].mean() == pytest.approx(spectra["hiss"][9000:10_000].mean(), rel=0.2)

    def test_rumble_falls_by_six_decibels_an_octave(self, spectra: dict[str, NDArray[np.float64]]) -> None:
        low, high = spectra["rumble"][200:400].mean(), spectra["rumble"][400:800].mean()
        assert low / high == pytest.approx(4, rel=0.35)

    def test_hum_is_of_the_mains_and_its_harmonics(self, spectra: dict[str, NDArray[np.float64]]) -> None:
        mains = {50, 60} & {int(place) for place in np.flatnonzero(spectra["hum"] > 1e-6 * spectra["hum"].max())}
        assert len(mains) == 1
        of_harmonics = spectra["hum"][:: mains.pop()].sum()
        assert of_harmonics == pytest.approx(spectra["hum"].sum(), rel=1e-6)

    def test_crackle_is_quiet_between_its_clicks(self) -> None:
        clicks = np.abs(NOISES["crackle"](SAMPLE_RATE, SAMPLE_RATE, np.random.default_rng(0)))
        assert np.median(clicks) < 0.1 * np.quantile(clicks, 0.99)
