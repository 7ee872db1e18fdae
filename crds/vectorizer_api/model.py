"""The base of every model: JSON in camelCase, Python in snake_case, values never change."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

EXACT = 2**53
Whole = Annotated[int, Field(ge=-EXACT, le=EXACT)]
"""A whole number that every reader of JSON takes for the same one: the API server stores no larger ones."""


class ApiModel(BaseModel):
    """A frozen value with camelCase JSON names; its fields' docstrings become the descriptions in the CRD."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        # JSON has no NaN: what carries one can be stored nowhere.
        allow_inf_nan=False,
    )


class StoredModel(ApiModel):
    """A value that another version may have written: unknown fields are ignored rather than refused."""

    model_config = ConfigDict(extra="ignore")
