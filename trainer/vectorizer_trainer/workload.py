"""How much there is to do in a run, from the batch folder and what is asked: known before a file is read."""

from vectorizer_api.run import RunDescription, Workload

from vectorizer_trainer.course import transformations_of
from vectorizer_trainer.grouping import named_groups
from vectorizer_trainer.inventory import Inventory

__all__ = ["workload_of"]


def workload_of(asked: RunDescription, inventory: Inventory) -> Workload:
    """The workload of a run; files that turn out to be copies or unreadable make it less."""
    wanted, most = inventory.wanted, asked.training.max_examples
    examples = min(len(wanted), most)
    is_choice = len(wanted) > most
    files = [*wanted, *inventory.test.files]
    return Workload(
        content_type=asked.content_type,
        examples=examples,
        groups=min(named_groups(wanted), examples),
        tests=len(inventory.test.files),
        read=examples + len(inventory.test.files),
        surveyed=len(wanted) if is_choice and asked.sampling is not None else 0,
        example_bytes=sum(file.entry.size for file in files) / max(len(files), 1),
        transformations=transformations_of(asked.content_type, asked.augmentation),
    )
