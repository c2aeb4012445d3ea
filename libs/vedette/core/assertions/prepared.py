"""Assertions made ready: patterns, paths and schemas compiled once, to be evaluated many times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vedette.core.assertions.budget import Budget, Unreadable, within
from vedette.core.assertions.compare import BETWEEN_SEEN
from vedette.core.assertions.facts import Facts
from vedette.core.assertions.fitting import Fits, fitting
from vedette.core.assertions.looking import Look, looker
from vedette.core.assertions.model import AllOf, AnyOf, Leaf, Not, Seen, Tree
from vedette.core.assertions.rules import RULES
from vedette.core.assertions.schema import Schema
from vedette.core.assertions.text import cut, expected, name, values
from vedette.core.outcome import Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """The first assertion that did not hold: its reason, and expected against seen.

    `without_values` tells what was expected alone. The reason is `internal_error` if judging it is
    more work than a check may be.
    """

    reason: Reason
    message: str
    without_values: str


class Prepared:
    """A node made ready. `truth` is None where nothing can be said."""

    __slots__ = ("node",)
    node: Tree

    def failure(self, facts: Facts) -> Failure | None:
        """None when the tree holds for these facts, else what failed. Never raises."""
        with within(facts.budget):
            truth = self.truth(facts)
        if truth is True:
            return None
        if truth is None and facts.budget.exhausted:
            message = cut(f"judging takes more work than a check may be: {expected(self.node)}")
            return Failure(Reason.INTERNAL_ERROR, message, message)
        with within(Budget()):
            return self._culprit(facts)._explained(facts)

    def truth(self, facts: Facts) -> bool | None:
        """Whether it holds."""
        raise NotImplementedError

    def leaves(self) -> "Iterator[_Leaf]":
        """Every leaf below, depth first."""
        raise NotImplementedError

    def _culprit(self, facts: Facts) -> "Prepared":
        return self

    def _explained(self, facts: Facts) -> Failure:
        leaves = list(self.leaves())
        seen = {leaf.name: leaf.seen(facts) for leaf in leaves}
        texts = [text if len(seen) == 1 else f"{name} {text}" for name, text in seen.items()]
        wanted = f"expected {expected(self.node)}"
        message = f"{wanted}, saw {', '.join(texts)}"
        return Failure(leaves[0].reason, cut(message), cut(wanted))


def prepare(node: Tree) -> Prepared:
    """Make a validated node ready. Raises ValueError for what validation would have refused."""
    match node:
        case AllOf():
            return _All(node)
        case AnyOf():
            return _Any(node)
        case Not():
            return _Not(node)
        case Leaf():
            return _Leaf(node) if node.value_of is None else _Comparison(node, node.value_of)


def evaluate(node: Tree, facts: Facts) -> Failure | None:
    """None when the tree holds for these facts, else what failed. Prepares it each time."""
    return prepare(node).failure(facts)


class _All(Prepared):
    __slots__ = ("_children",)

    def __init__(self, node: AllOf) -> None:
        self.node = node
        self._children = [prepare(child) for child in node.all]

    def truth(self, facts: Facts) -> bool | None:
        return _every(child.truth(facts) for child in self._children)

    def leaves(self) -> "Iterator[_Leaf]":
        for child in self._children:
            yield from child.leaves()

    def _culprit(self, facts: Facts) -> Prepared:
        failed = next(c for c in self._children if c.truth(facts) is not True)
        return failed._culprit(facts)


class _Any(Prepared):
    __slots__ = ("_children",)

    def __init__(self, node: AnyOf) -> None:
        self.node = node
        self._children = [prepare(child) for child in node.any]

    def truth(self, facts: Facts) -> bool | None:
        return _some(child.truth(facts) for child in self._children)

    def leaves(self) -> "Iterator[_Leaf]":
        for child in self._children:
            yield from child.leaves()


class _Not(Prepared):
    __slots__ = ("_child",)

    def __init__(self, node: Not) -> None:
        self.node = node
        self._child = prepare(node.not_)

    def truth(self, facts: Facts) -> bool | None:
        truth = self._child.truth(facts)
        return None if truth is None else not truth

    def leaves(self) -> "Iterator[_Leaf]":
        return self._child.leaves()


class _Leaf(Prepared):
    __slots__ = ("_every", "_exists", "_fits", "_leaf", "_look", "_misfit", "name", "reason")

    def __init__(self, node: Leaf) -> None:
        rule = RULES[node.subject]
        self.node = node
        self.name = name(node)
        self.reason = rule.reason
        self._look = looker(node)
        self._fits = fitting(node)
        self._every = (node.match or rule.match) == "every"
        self._leaf = node
        self._misfit = Schema(node.value).misfit if node.subject == "json_schema" else None
        self._exists = node.value if node.operator == "exists" else None

    def truth(self, facts: Facts) -> bool | None:
        try:
            nodes = self._look(facts)
            if self._exists is not None:
                return bool(nodes) is self._exists
            if not nodes:
                return None
            return (_every if self._every else _some)(map(self._fitting(facts), nodes))
        except Unreadable:
            return None

    def leaves(self) -> "Iterator[_Leaf]":
        yield self

    def seen(self, facts: Facts) -> str:
        """What it saw, in words: of several values those that don't fit, if there are any."""
        try:
            nodes = self._look(facts)
            misfits = [node for node in nodes if self._fits(node) is not True]
            if self._misfit is not None and misfits:
                return self._misfit(misfits[0]) or ""
        except Unreadable as error:
            return str(error)
        return values(self._leaf, misfits or nodes)

    def _fitting(self, _facts: Facts) -> Fits:
        """What tries a value. It may raise Unreadable."""
        return self._fits


class _Comparison(_Leaf):
    """A leaf that is compared with something else that was seen."""

    __slots__ = ("_compare", "_look_at_other", "_other")

    def __init__(self, node: Leaf, other: Seen) -> None:
        super().__init__(node)
        self._compare = BETWEEN_SEEN[node.operator]
        self._look_at_other = looker(other)
        self._other = other

    def seen(self, facts: Facts) -> str:
        """Both, in words."""
        mine = _looked(self._leaf, self._look, facts)
        return f"{mine}, {name(self._other)} {_looked(self._other, self._look_at_other, facts)}"

    def _fitting(self, facts: Facts) -> Fits:
        others = self._look_at_other(facts)
        if not others:
            return lambda _: None
        return lambda seen: _some(self._compare(seen, other) for other in others)


def _looked(what: Leaf | Seen, look: Look, facts: Facts) -> str:
    try:
        return values(what, look(facts))
    except Unreadable as error:
        return str(error)


def _every(truths: Iterable[bool | None]) -> bool | None:
    result: bool | None = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def _some(truths: Iterable[bool | None]) -> bool | None:
    result: bool | None = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            result = None
    return result
