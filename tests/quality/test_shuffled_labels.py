"""Where the labels were dealt out anew there is nothing to learn: at most 2 runs of 20 may claim an improvement.

`bench/permutations.py` counts the claims of every content type, with everything that is on by default.
"""

from dataclasses import replace
from unittest.mock import patch

import pytest
from trial import Trial, open_trial
from vectorizer_api.content import AugmentationConditions
from vectorizer_api.run import Outcome

PERMUTATIONS, MOST_CLAIMED = 20, 2
REFERENCE = 200
"""Reference items to measure retention on: a third of them, since every run embeds them."""
UNVARIED = AugmentationConditions(**dict.fromkeys(AugmentationConditions.model_fields, False))


def claims(opened: Trial) -> list[str]:
    trial = replace(opened, reference=opened.reference[:REFERENCE])
    runs = [trial.shuffled(number).tune(number, UNVARIED) for number in range(PERMUTATIONS)]
    return [run.reason for run in runs if run.outcome is Outcome.IMPROVED]


def test_of_a_hundred_texts_the_linear_adapter_hardly_ever_claims_a_gain() -> None:
    trial = open_trial("Text", 100, test=1)
    with patch.object(type(trial.start.encoder), "trained_by_fine_tuning", lambda _: []):
        assert len(found := claims(trial)) <= MOST_CLAIMED, found


@pytest.mark.parametrize("examples", [100, 300])
def test_of_pictures_no_candidate_claims_a_gain_more_often(examples: int) -> None:
    assert len(found := claims(open_trial("Image", examples, test=1))) <= MOST_CLAIMED, found
