"""The four protocols of the test server and their rules: `protocols.json`, loaded once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

SERVER_CLOSED = (
    "CodaLab, which hosts the test server, has taken no submissions since 2026-01-20, and no successor is known: "
    "figures on validation are what can be compared today."
)


@dataclass(frozen=True)
class SubmissionProtocol:
    """A protocol: a competition of the test server, and what it asks of a method.

    Example:
        >>> PROTOCOLS["semi"].url
        'https://codalab.lisn.upsaclay.fr/competitions/1318'
    """

    name: str
    title: str
    url: str
    must: tuple[str, ...]
    may: tuple[str, ...]
    must_not: tuple[str, ...]
    match: str
    """What it means for match.json."""

    @property
    def wants_classes(self) -> bool:
        """Whether predictions are class ids in any case, so that a match would be a mistake."""
        return "no match is needed" in self.match

    def text(self) -> str:
        """The rules, for a terminal."""
        lines = [f"{self.title} protocol, {self.url}"]
        for title, rules in (("must", self.must), ("may", self.may), ("must not", self.must_not)):
            lines += [f"  {title:<9} {rule}" for rule in rules]
        return "\n".join([*lines, f"  {self.match}"])


def _load() -> Mapping[str, SubmissionProtocol]:
    data = json.loads(resources.files(__package__).joinpath("protocols.json").read_text(encoding="utf-8"))
    rules = data["rules"]
    return MappingProxyType(
        {
            name: SubmissionProtocol(
                name=name,
                title=one["title"],
                url=f"{data['server']}{one['competition']}",
                must=tuple(rules[rule] for rule in one["must"]),
                may=tuple(rules[rule] for rule in one["may"]),
                must_not=tuple(rules[rule] for rule in one["must_not"]),
                match=one["match"],
            )
            for name, one in data["protocols"].items()
        }
    )


PROTOCOLS: Mapping[str, SubmissionProtocol] = _load()
"""unsupervised, distance, semi, free (official readme, "Submission rules")."""
