"""The four protocols of the test server and their rules: `protocols.json`, loaded once.

The server has been closed since January 2026. When the competitions have a new address, set `successor` in
protocols.json: all messages use it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from ..core.read_only_dict import ReadOnlyDict


@dataclass(frozen=True)
class SubmissionServer:
    """The server that took submissions for `test`.

    Attributes:
        address: of the competitions, without their number.
        closed_since: the first day without submissions, ISO-8601.
        announcement: where the closing was announced.
        successor: the address of a new server; None while none is known.
    """

    address: str
    closed_since: str
    announcement: str
    successor: str | None

    def status(self) -> str:
        """Where to submit now, for people with a submission: one paragraph."""
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
    """A protocol: a competition of the (closed) test server, and its rules.

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
    """The rule about match.json."""

    @property
    def wants_classes(self) -> bool:
        """Whether predictions are always class ids, so that a match would be a mistake."""
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
    protocols = ReadOnlyDict(
        {
            name: SubmissionProtocol(
                name=name,
                title=entry["title"],
                url=f"{server.address}{entry['competition']}",
                must=tuple(rules[rule] for rule in entry["must"]),
                may=tuple(rules[rule] for rule in entry["may"]),
                must_not=tuple(rules[rule] for rule in entry["must_not"]),
                match=entry["match"],
            )
            for name, entry in data["protocols"].items()
        }
    )
    return server, protocols


TEST_SERVER, PROTOCOLS = _load()
"""The server, and the protocols: unsupervised, distance, semi, free (official readme, "Submission rules")."""
