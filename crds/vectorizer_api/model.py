"""The base of every model: JSON in camelCase, Python in snake_case, values never change."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


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
