"""Fine-tuning in memory: items and labels in, the vectorizer to publish and the evidence for it out.

Nothing here reads or writes a file; candidates are trained on `train`, chosen on `choose`, judged on `gate`.
"""

from vectorizer_trainer.tuning.fine_tune import fine_tune
from vectorizer_trainer.tuning.types import Candidate, CurvePoint, Examples, LabelChange, Observer, Silent, Tuned

__all__ = ["Candidate", "CurvePoint", "Examples", "LabelChange", "Observer", "Silent", "Tuned", "fine_tune"]
