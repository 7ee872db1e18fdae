"""Sounds of every container become samples in mono at the tower's rate, and windows of it become one vector."""

import json
import tracemalloc
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.sound import FORMATS, Format, written
from vectorizer_trainer.content.sound import new_encoder
from vectorizer_trainer.content.sound.decode import decode_sound
from vectorizer_trainer.content.sound.spectrogram import MelSettings, MelSpectrogram
from vectorizer_trainer.errors import InvalidVectorizer, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

RATE = 8000
"""Of the tiny tower."""
WRITTEN_RATE = 22_050
OTHER_FORMATS = [
    Format("ogg", "libopus", "opus", 48_000),
    Format("wav", "pcm_u8", "wav"),
    Format("wav", "pcm_f32le", "wav"),
    Format("wav", "adpcm_ms", "wav"),
    Format("ipod", "alac", "m4a"),
    Format("mp4", "aac", "mp4", 44_100),
]


def tone(seconds: float, hertz: float = 440, rate: int = WRITTEN_RATE) -> NDArray[np.int16]:
    """[t] of half the full scale."""
    return (16_000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def pitch(samples: NDArray[np.int16]) -> float:
    """The strongest frequency in Hz."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples))


def wav(path: Path, samples: NDArray[np.int16], rate: int = RATE) -> Path:
    """A WAV file of samples [t] or [t, channels]."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def noise(samples: int, seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


class TestDecode:
    @pytest.mark.parametrize("form", [*FORMATS, *OTHER_FORMATS], ids=lambda form: f"{form.suffix}-{form.codec}")
    def test_reads_every_format_under_any_name(self, tmp_path: Path, form: Format) -> None:
        path = tmp_path / "sound"
        path.write_bytes(written(tone(0.5), form))
        samples = decode_sound(path, RATE, Limits())
        assert samples.dtype == np.int16
        assert len(samples) == pytest.approx(RATE * 0.5, rel=0.2)
        assert pitch(samples) == pytest.approx(440, abs=10)
        assert np.abs(samples).max() == pytest.approx(16_000, rel=0.15)

    def test_mixes_channels_into_one(self, tmp_path: Path) -> None:
        left, right = tone(0.5, 300, RATE), tone(0.5, 1000, RATE)
        samples = decode_sound(wav(tmp_path / "s.wav", np.stack([left, right], 1)), RATE, Limits())
        assert samples == pytest.approx((left.astype(int) + right) // 2, abs=2)

    def test_reads_the_sound_of_a_video(self, tmp_path: Path) -> None:
        path = tmp_path / "film.mp4"
        path.write_bytes(film(with_sound=True))
        assert pitch(decode_sound(path, RATE, Limits())) == pytest.approx(440, abs=10)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "not a sound"),
            (b"\x89PNG\r\n\x1a\n" + bytes(200), "not a sound"),
            (b"not a sound at all " * 50, "not a sound"),
            (b"RIFF\xff\xff\xff\xffWAVEfmt ", "not a sound"),
            (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a sound"),
            (b"ffconcat version 1.0\nfile /etc/passwd\n", "not a sound"),
        ],
    )
    def test_rejects_what_is_no_sound_whatever_its_name(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = tmp_path / "sound.wav"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=reason):
            decode_sound(path, RATE, Limits())

    @pytest.mark.parametrize(
        ("samples", "reason"),
        [
            (np.zeros(0, np.int16), "empty"),
            (np.zeros(RATE, np.int16), "silent"),
            (np.full(RATE, 900, np.int16), "silent"),
            (tone(0.005, rate=RATE), "shorter than 10 milliseconds"),
        ],
    )
    def test_rejects_what_cannot_be_heard(self, tmp_path: Path, samples: NDArray[np.int16], reason: str) -> None:
        with pytest.raises(UnreadableFile, match=reason):
            decode_sound(wav(tmp_path / "s.wav", samples), RATE, Limits())

    def test_rejects_a_film_without_sound(self, tmp_path: Path) -> None:
        path = tmp_path / "film.mp4"
        path.write_bytes(film(with_sound=False))
        with pytest.raises(UnreadableFile, match="no sound in it"):
            decode_sound(path, RATE, Limits())

    def test_rejects_a_codec_that_no_decoder_knows(self, tmp_path: Path) -> None:
        content = bytearray(written(tone(0.2), FORMATS[0]))
        content[20:22] = b"\xab\xcd"
        (tmp_path / "s.wav").write_bytes(content)
        with pytest.raises(UnreadableFile, match="codec unknown"):
            decode_sound(tmp_path / "s.wav", RATE, Limits())

    @pytest.mark.parametrize("rate", [100, 2_000_000])
    def test_rejects_a_sample_rate_that_no_sound_has(self, tmp_path: Path, rate: int) -> None:
        with pytest.raises(UnreadableFile, match=f"sample rate of {rate} Hz"):
            decode_sound(wav(tmp_path / "s.wav", noise(9000), rate), RATE, Limits())

    def test_rejects_more_channels_than_can_be_mixed(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="at most 8"):
            decode_sound(wav(tmp_path / "s.wav", noise(9000).reshape(-1, 12)), RATE, Limits())

    def test_rejects_a_sound_of_which_much_cannot_be_decoded(self, tmp_path: Path) -> None:
        content = bytearray(written(noise(4 * WRITTEN_RATE), FORMATS[1]))
        for place in range(2000, len(content), 4000):
            content[place : place + 40] = bytes(40)
        (tmp_path / "s.flac").write_bytes(content)
        with pytest.raises(UnreadableFile, match="packets cannot be decoded"):
            decode_sound(tmp_path / "s.flac", RATE, Limits())

    def test_passes_over_a_scratch(self, tmp_path: Path) -> None:
        content = bytearray(written(noise(4 * WRITTEN_RATE), FORMATS[1]))
        content[20_000:20_040] = bytes(40)
        (tmp_path / "s.flac").write_bytes(content)
        assert len(decode_sound(tmp_path / "s.flac", RATE, Limits())) > 3 * RATE

    def test_gives_no_file_more_than_its_time(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="longer than 0 s"):
            decode_sound(wav(tmp_path / "s.wav", noise(9000)), RATE, Limits(max_decode_seconds=0))


class TestLimit:
    def test_of_seconds_is_named(self, tmp_path: Path) -> None:
        path = wav(tmp_path / "s.wav", noise(3 * RATE))
        assert len(decode_sound(path, RATE, Limits(max_sound_seconds=3))) == 3 * RATE
        with pytest.raises(UnreadableFile, match="more than 2 seconds"):
            decode_sound(path, RATE, Limits(max_sound_seconds=2))

    def test_ends_the_decoding_of_ten_hours(self, tmp_path: Path) -> None:
        path = wav(tmp_path / "s.wav", noise(RATE))
        size = 10 * 3600 * RATE * 2
        with path.open("r+b") as file:
            file.seek(4)
            file.write((size + 36).to_bytes(4, "little"))
            file.seek(40)
            file.write(size.to_bytes(4, "little"))
            file.truncate(size + 44)
        tracemalloc.start()
        with pytest.raises(UnreadableFile, match="more than 60 seconds"):
            decode_sound(path, RATE, Limits(max_sound_seconds=60))
        assert tracemalloc.get_traced_memory()[1] < 8 * 60 * RATE
        tracemalloc.stop()

    def test_believes_no_header(self, tmp_path: Path) -> None:
        path = wav(tmp_path / "s.wav", noise(RATE))
        with path.open("r+b") as file:
            file.seek(40)
            file.write((0x7FFFFFF0).to_bytes(4, "little"))
        assert len(decode_sound(path, RATE, Limits())) == RATE


class TestWindows:
    def test_every_part_of_a_long_sound_counts(self, tiny_sound: Vectorizer) -> None:
        sound = noise(int(3.3 * RATE))
        for place in (0, len(sound) // 2, len(sound) - 200):
            changed = sound.copy()
            changed[place : place + 200] = 0
            before, after = tiny_sound.encode_items([sound, changed])
            assert not np.allclose(before, after, atol=1e-5)

    def test_a_long_sound_is_the_mean_of_its_windows(self, tiny_sound: Vectorizer) -> None:
        windows = [noise(RATE, seed) for seed in range(3)]
        mean = tiny_sound.encode_items(windows).mean(0)
        together = tiny_sound.encode_items([np.concatenate(windows)])[0]
        assert together == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)

    def test_a_short_sound_is_repeated_as_often_as_it_fits(self, tiny_sound: Vectorizer) -> None:
        short = noise(int(0.3 * RATE))
        padded = np.concatenate([short, short, short, np.zeros(RATE - 3 * len(short), np.int16)])
        vectors = tiny_sound.encode_items([short, padded])
        assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)

    def test_one_sound_has_one_vector_in_whatever_company(self, tiny_sound: Vectorizer) -> None:
        sounds = [noise(length, length) for length in (300, RATE, 5 * RATE, 2000, 3 * RATE)]
        together = tiny_sound.encode_items(sounds)
        alone = np.concatenate([tiny_sound.encode_items([sound]) for sound in sounds])
        assert together == pytest.approx(alone, abs=1e-5)

    def test_of_a_very_long_sound_twelve_windows_are_kept_from_the_first_to_the_last(
        self, tiny_sound: Vectorizer, tmp_path: Path
    ) -> None:
        sound = noise(34 * RATE)
        item = tiny_sound.decode(wav(tmp_path / "s.wav", sound))
        assert item.reshape(12, RATE)[[0, 11]].tolist() == [sound[:RATE].tolist(), sound[-RATE:].tolist()]
        assert item.reshape(12, RATE)[4].tolist() == sound[12 * RATE : 13 * RATE].tolist()
        whole = tiny_sound.decode(wav(tmp_path / "s.wav", sound[: 12 * RATE]))
        assert np.array_equal(whole, sound[: 12 * RATE])

    def test_training_looks_at_the_middle(self, tiny_sound: Vectorizer) -> None:
        windows = [noise(RATE, seed) for seed in range(3)]
        features = tiny_sound.encoder.training_features([np.concatenate(windows)])
        assert features[0].numpy() == pytest.approx(tiny_sound.encode_items([windows[1]])[0], abs=1e-5)


class TestNetwork:
    def test_training_leaves_the_normalisation_of_the_input_as_it_was(self, tiny_sound: Vectorizer) -> None:
        statistics = tiny_sound.encoder.get_submodule("tower.audio_model.audio_encoder.batch_norm")
        before = {name: value.clone() for name, value in statistics.state_dict().items()}
        tiny_sound.encoder.training_features([noise(RATE)])
        assert all(torch.equal(value, before[name]) for name, value in statistics.state_dict().items())

    def test_all_blocks_and_nothing_else_is_trained(self, tiny_sound: Vectorizer) -> None:
        trained = tiny_sound.encoder.trained_by_fine_tuning()
        assert {name.split(".")[3] for name in trained} == {"layers"}
        assert any("layers.0.blocks.0.attention.self.query" in name for name in trained)
        assert any("layers.1.blocks.0.output.dense" in name for name in trained)

    def test_takes_tensors_alone(self, tiny_sound: Vectorizer) -> None:
        sounds = [noise(2 * RATE), noise(900)]
        encoder = tiny_sound.encoder
        inputs = encoder.inputs([encoder.excerpt(sound) for sound in sounds])
        with torch.inference_mode():
            given = encoder(*inputs.tensors.values())
        assert given.numpy() == pytest.approx(encoder.training_features(sounds).numpy(), abs=1e-6)

    def test_a_tower_that_fuses_windows_is_refused(self, tiny_sound: Vectorizer, tmp_path: Path) -> None:
        tiny_sound.save(tmp_path)
        config = json.loads((tmp_path / "config.json").read_text())
        with pytest.raises(InvalidVectorizer, match="enable_fusion"):
            new_encoder({**config, "enable_fusion": True}, tiny_sound.description.preprocessing)


class TestSpectrogram:
    @pytest.mark.parametrize("seconds", [10, 3.7])
    def test_is_that_of_claps_feature_extractor(self, seconds: float) -> None:
        from transformers import ClapFeatureExtractor

        extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation="rand_trunc")
        clip = np.random.default_rng(0).standard_normal(int(seconds * 48_000)) * np.linspace(
            0, 0.1, int(seconds * 48_000)
        )
        theirs = extractor(clip, sampling_rate=48_000, return_tensors="pt")["input_features"]
        repeated = np.tile(clip, 480_000 // len(clip))
        padded = np.pad(repeated, (0, 480_000 - len(repeated))).astype(np.float32)
        ours = MelSpectrogram(MelSettings(48_000, 1024, 480, 64, 50, 14_000))(torch.from_numpy(padded)[None])
        assert ours.shape == (1, 1, 1001, 64)
        assert ours.numpy() == pytest.approx(theirs.numpy(), abs=1e-3)

    def test_is_the_same_where_the_network_is_computed_in_half_precision(self) -> None:
        spectrogram = MelSpectrogram(MelSettings(RATE, 256, 128, 16, 50, 4000))
        waveforms = torch.from_numpy(noise(RATE))[None].float() / 32768
        with torch.autocast("cpu", dtype=torch.bfloat16):
            halved = spectrogram(waveforms)
        assert torch.equal(halved, spectrogram(waveforms))


class TestFolder:
    def test_opens_in_transformers_with_the_adapter_inside(self, tiny_sound: Vectorizer, tmp_path: Path) -> None:
        from transformers import ClapAudioModelWithProjection, ClapFeatureExtractor

        tilted = tiny_sound.with_weights(tiny_sound.encoder, tilt())
        tilted.save(tmp_path)
        model = ClapAudioModelWithProjection.from_pretrained(tmp_path, local_files_only=True).eval()  # type: ignore[no-untyped-call]
        extractor = ClapFeatureExtractor.from_pretrained(tmp_path, local_files_only=True)
        sound = noise(int(0.4 * RATE))
        inputs = extractor(sound / 32768, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            theirs = model(input_features=inputs["input_features"].float()).audio_embeds[0].numpy()
        ours = tilted.encode_items([sound])[0]
        assert ours == pytest.approx(theirs / np.linalg.norm(theirs), abs=1e-4)

    def test_gives_the_same_vectors_when_opened_again(self, tiny_sound: Vectorizer, tmp_path: Path) -> None:
        tilted = tiny_sound.with_weights(tiny_sound.encoder, tilt())
        tilted.save(tmp_path)
        sounds = [noise(int(seconds * RATE)) for seconds in (0.4, 1, 3.5)]
        assert np.array_equal(load_vectorizer(tmp_path).encode_items(sounds), tilted.encode_items(sounds))

    def test_with_weights_of_another_shape_is_refused(self, tiny_sound: Vectorizer, tmp_path: Path) -> None:
        from vectorizer_trainer.content.sound import open_encoder

        tiny_sound.save(tmp_path)
        config = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps({**config, "mlp_ratio": 3.0}))
        with pytest.raises(InvalidVectorizer, match="do not fit"):
            open_encoder(tmp_path, tiny_sound.description)


def tilt() -> torch.Tensor:
    return torch.eye(12) + 0.3 * torch.randn(12, 12, generator=torch.Generator().manual_seed(1))


def film(*, with_sound: bool) -> bytes:
    """Four frames of an MP4 film, with a tone or without."""
    import io

    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        pictures = container.add_stream("mpeg4", rate=8)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        sounds = container.add_stream("aac", rate=WRITTEN_RATE, layout="mono") if with_sound else None
        for _ in range(4):
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(pictures.encode(None))
        if sounds is not None:
            frame = av.AudioFrame.from_ndarray(tone(0.5)[None], format="s16", layout="mono")
            frame.sample_rate = WRITTEN_RATE
            resampler = av.AudioResampler(sounds.format, "mono", WRITTEN_RATE, sounds.frame_size)
            for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                container.mux(sounds.encode(part))
    return content.getvalue()
