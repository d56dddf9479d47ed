"""Results as JSON has them."""

from __future__ import annotations

from typing import Any


def json_values(value: Any) -> Any:
    """A result with string keys, lists in place of tuples and arrays, and None in place of NaN."""
    if isinstance(value, dict):
        return {str(key): json_values(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(inner) for inner in value]
    if hasattr(value, "tolist"):
        return json_values(value.tolist())
    if isinstance(value, float) and value != value:
        return None
    return value
