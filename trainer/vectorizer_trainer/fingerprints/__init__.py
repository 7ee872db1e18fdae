"""What stays of a decoded file when it is saved anew: by it, near copies are found.

Vectors of a vectorizer would not do: a tuned one puts files close together that merely share a label.
"""

from vectorizer_api.content import ContentType

from vectorizer_trainer.fingerprints.contract import Fingerprints, Pairs, Row, Rows
from vectorizer_trainer.fingerprints.pictures import PICTURES, VIDEOS
from vectorizer_trainer.fingerprints.sounds import Spectrograms
from vectorizer_trainer.fingerprints.texts import Shingles
from vectorizer_trainer.fingerprints.unknown import Unknown

__all__ = ["Fingerprints", "Pairs", "Row", "Rows", "fingerprints_of"]

_OF_TYPE: dict[ContentType, Fingerprints] = {
    ContentType.IMAGE: PICTURES,
    ContentType.VIDEO: VIDEOS,
    ContentType.SOUND: Spectrograms(),
    ContentType.TEXT: Shingles(),
}


def fingerprints_of(content_type: ContentType) -> Fingerprints:
    """How files of that type are recognised; clouds of points only by being the same file."""
    return _OF_TYPE.get(content_type, Unknown())
