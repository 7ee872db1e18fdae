"""From a name that somebody typed to the object that they mean."""

from collections.abc import Iterable
from difflib import get_close_matches

from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.wording import enumerated, quoted

from vectorizer_cli.tenant import Tenant

__all__ = ["anything_named", "fine_tune_named", "vectorizer_named"]


def fine_tune_named(tenant: Tenant, name: str) -> FineTune:
    """The fine-tune of that name; raises BadInput, with what there is."""
    found = tenant.fine_tune(name)
    if found is None:
        raise _absent("fine-tune", name, tenant, (one.metadata.name for one in tenant.fine_tunes()))
    return found


def vectorizer_named(tenant: Tenant, name: str) -> CustomVectorizer:
    """The vectorizer that people call so; raises BadInput, with what there is, or when it is to be there."""
    found = tenant.vectorizer(name)
    if found is not None:
        return found
    fine_tune = tenant.fine_tune(name)
    if fine_tune is None:
        raise _absent("vectorizer", name, tenant, (one.spec.custom_vectorizer_name for one in tenant.vectorizers()))
    called = fine_tune.spec.custom_vectorizer_name
    made = tenant.vectorizer(called)
    if made is None:
        phase = fine_tune.status.phase if fine_tune.status and fine_tune.status.phase else "not looked at yet"
        raise BadInput(
            f"The fine-tune {name} has no vectorizer yet: it is {phase}.", hint=f"See `vectorizer describe {name}`."
        )
    return made


def anything_named(tenant: Tenant, name: str) -> FineTune | CustomVectorizer:
    """The fine-tune of that name, or else the vectorizer; raises BadInput."""
    found = tenant.fine_tune(name) or tenant.vectorizer(name)
    if found is None:
        names = [one.metadata.name for one in tenant.fine_tunes()]
        called = [one.spec.custom_vectorizer_name for one in tenant.vectorizers()]
        raise _absent("fine-tune or vectorizer", name, tenant, [*names, *called])
    return found


def _absent(what: str, name: str, tenant: Tenant, there: Iterable[str]) -> BadInput:
    names = sorted(set(there))
    near = get_close_matches(name, names, n=1)
    hint = (
        f"Is it {near[0]} that you mean?"
        if near
        else f"There: {enumerated(names)}."
        if names
        else "There is none; another namespace is named by -n."
    )
    return BadInput(f"There is no {what} {quoted(name)} in the namespace {tenant.namespace}.", hint=hint)
