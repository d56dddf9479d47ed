"""The four protocols of the test server and their rules: `protocols.json`, loaded once.

The server has been closed since January 2026. When the competitions have a new address, `successor` in protocols.json
is what to change: every message follows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True)
class SubmissionServer:
    """Where submissions for `test` went, and what became of it.

    Attributes:
        address: of the competitions, without their number.
        closed_since: the first day without submissions, ISO-8601.
        announcement: where this was said.
        successor: the address of a new server; None while none is known.
    """

    address: str
    closed_since: str
    announcement: str
    successor: str | None

    def status(self) -> str:
        """What a person who has a submission needs to know, in a paragraph."""
        if self.successor:
            return f"Submit it at {self.successor}."
        return (
            f"The test server of ImageNet-S takes no submissions since {self.closed_since} ({self.announcement}), and "
            "no successor is known. Ask at https://github.com/LUSSeg/ImageNet-S/issues whether the competitions have "
            "moved (other benchmarks moved to https://www.codabench.org): a successor would take this zip. Until "
            "then, compare on validation, and state protocol, matching and split."
        )


@dataclass(frozen=True)
class SubmissionProtocol:
    """A protocol: a competition of the (closed) test server, and what it asks of a method.

    Examples:
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
        lines = [f"{self.title} protocol"]
        for title, rules in (("must", self.must), ("may", self.may), ("must not", self.must_not)):
            lines += [f"  {title:<9} {rule}" for rule in rules]
        return "\n".join([*lines, f"  {self.match}"])


def _load() -> tuple[SubmissionServer, Mapping[str, SubmissionProtocol]]:
    data = json.loads(resources.files(__package__).joinpath("protocols.json").read_text(encoding="utf-8"))
    rules, server = data["rules"], SubmissionServer(**data["server"])
    protocols = MappingProxyType(
        {
            name: SubmissionProtocol(
                name=name,
                title=one["title"],
                url=f"{server.address}{one['competition']}",
                must=tuple(rules[rule] for rule in one["must"]),
                may=tuple(rules[rule] for rule in one["may"]),
                must_not=tuple(rules[rule] for rule in one["must_not"]),
                match=one["match"],
            )
            for name, one in data["protocols"].items()
        }
    )
    return server, protocols


TEST_SERVER, PROTOCOLS = _load()
"""The server, and the protocols: unsupervised, distance, semi, free (official readme, "Submission rules")."""
