"""Assertions: what a target's answer must satisfy, as a tree over leaves.

A leaf is `{subject, operator, value}`, with `property` where a subject has parts and `match`
where it may have several values. Nodes are `{"all": [...]}`, `{"any": [...]}`, `{"not": node}`.
A monitor's list of assertions is an implicit `all`. In place of a node, its short form may be
written (`status == 200`, see `shortform`) or a Gatus condition (`[STATUS] == 200`, see `gatus`);
what is stored is the tree.

**Subjects.** status · header (property: its name; `*`, `?` and `[a-z]` make it a wildcard) · body
(as text) · json (property: a JSONPath, RFC 9535; none is `$`) · json_schema (value: a schema;
property: a JSONPath to what must fit it) · latency (milliseconds; property: a phase, none is the
total) · size (bytes received) · certificate (property: days_left, expires_at, issuer, …) ·
redirects (how many were followed) · ip · rcode · answer (the records; property: authority or
additional for those of another section) · loss (percent) · run_time (seconds) · domain (the
registration of the target's domain; property: days_left, expires_at, registrar, status,
nameservers).

**Operators.** `equals`, `not_equals` and `in` compare like with like: the text '1' is not the
number 1, nor is true; 1 and 1.0 are equal. `less`, `greater` and `between` (both ends included)
compare numbers, and text that looks like a number (also `0x1f`, `0o17`, `0b1`) as that number;
other text is ordered as text, which suits dates. `contains`: a list has the value as an element,
any other value has it in its text. `matches` searches for an RE2 pattern, `starts_with` compares
the beginning. `length` of a text (characters), list (elements) or object (members) takes a number,
or one comparison: `{"greater": 0}`. `exists` takes true or false. In place of `value`, `equals`,
`not_equals`, `less`, `greater`, `contains` and `starts_with` take `value_of`: something else that
was seen, as `{subject, property}`; of several values there one must fit, and there text that looks
like a number equals that number.

**Several values.** `match: every` asks that each fits, `match: any` that one does. JSON nodes and
what is no list default to every; answers, certificate names and headers to any. A header that is
sent more than once has several values, and so have all that a wildcard names.

**What isn't there.** A leaf whose subject is missing, or can't be looked at or compared (a body
that isn't JSON, an order of objects), neither holds nor fails, and so does its negation: only
what holds passes (Kleene's three-valued logic, in which double negation and De Morgan's laws
hold). Absence is asserted with `exists: false`; of a body that isn't JSON, not even that holds.
"""

from vedette.core.assertions.facts import Facts
from vedette.core.assertions.model import (
    MAX_DEPTH,
    MAX_LEAVES,
    AllOf,
    AnyOf,
    Assertions,
    Leaf,
    Node,
    Not,
    Tree,
    leaves,
    subjects,
)
from vedette.core.assertions.prepared import Failure, Prepared, evaluate, prepare
from vedette.core.assertions.rules import PHASES

__all__ = [
    "MAX_DEPTH",
    "MAX_LEAVES",
    "PHASES",
    "AllOf",
    "AnyOf",
    "Assertions",
    "Facts",
    "Failure",
    "Leaf",
    "Node",
    "Not",
    "Prepared",
    "Tree",
    "evaluate",
    "leaves",
    "prepare",
    "subjects",
]
