"""What every content type's encoder can do."""

import pytest
import torch
from torch import nn
from vectorizer_trainer.content.encoder import Encoder
from vectorizer_trainer.vectorizer import Vectorizer


@pytest.fixture(params=["tiny_text", "tiny_image", "tiny_video", "tiny_sound", "tiny_point_cloud"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """One of each content type."""
    vectorizer: Vectorizer = request.getfixturevalue(request.param)
    return vectorizer.encoder


class TestTrainableCopy:
    def test_trained_parameters_are_its_own_and_equal(self, encoder: Encoder) -> None:
        copied = encoder.trainable_copy()
        assert encoder.trained_by_fine_tuning()
        for name in encoder.trained_by_fine_tuning():
            ours, theirs = copied.get_parameter(name), encoder.get_parameter(name)
            assert ours.data_ptr() != theirs.data_ptr()
            assert torch.equal(ours, theirs)

    def test_every_other_tensor_is_the_same_one(self, encoder: Encoder) -> None:
        copied = encoder.trainable_copy()
        trained = set(encoder.trained_by_fine_tuning())
        tensors = dict([*encoder.named_parameters(), *encoder.named_buffers()])
        for name, tensor in [*copied.named_parameters(), *copied.named_buffers()]:
            if name not in trained:
                assert tensor is tensors[name], name

    def test_no_module_is_held_in_common(self, encoder: Encoder) -> None:
        copied = encoder.trainable_copy()
        assert type(copied) is type(encoder)
        assert not {id(module) for module in copied.modules()} & {id(module) for module in encoder.modules()}

    def test_what_the_encoder_is_made_of_beside_modules_is_not_copied(self, encoder: Encoder) -> None:
        copied = encoder.trainable_copy()
        for name in vars(encoder).keys() - vars(nn.Module()).keys():
            assert vars(copied)[name] is vars(encoder)[name], name
