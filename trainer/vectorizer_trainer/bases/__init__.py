"""The bases that fine-tuning starts from, and their reference items."""

from vectorizer_trainer.bases.cache import bases_folder, ensure_base, production_base
from vectorizer_trainer.bases.reference import REFERENCE_FILE, load_reference, serialise_reference

__all__ = ["REFERENCE_FILE", "bases_folder", "ensure_base", "load_reference", "production_base", "serialise_reference"]
