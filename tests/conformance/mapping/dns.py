"""Kind dns."""

import re
from typing import Any, get_args

from tests.conformance.mapping import network
from tests.conformance.mapping.condition import joined
from tests.conformance.mapping.patterns import regex_of
from tests.conformance.mapping.reading import NotExpressible, Reading

from vedette.core.kinds.dns import Rcode

Part = dict[str, Any]
_SECTIONS = ("validate_answer", "validate_authority", "validate_additional")
_OF_RECORD = re.compile(r"\[BODY\] == (?P<value>.*)", re.IGNORECASE | re.DOTALL)
_CHOICES = re.compile(r"any\((?P<choices>.*)\)", re.DOTALL)
_WILDCARD = re.compile(r"pat\((?P<glob>.*)\)", re.DOTALL)
_NOT_BLANK = re.compile(r"\S+")
# What a record's condition is as a pattern that is searched for; hosts have a final dot.
_PATTERNS = {"contains": "{}", "starts_with": "(?m)^{}", "ends_with": "(?m){}\\.?$"}


def define(reading: Reading) -> Part:
    """The definition of a record about DNS."""
    target = _server(reading) | network.addresses(reading) | _question(reading)
    for section, rules in reading.renamed(**{section: section for section in _SECTIONS}).items():
        target[section] = {rule: _spaced(patterns) for rule, patterns in rules.items()}
    target |= _leniency(reading)
    answers, assertions = _records(reading)
    of_body, others = _conditions(reading)
    answers |= of_body
    if answers:
        target["answers"] = answers
    if "tls" in reading:
        target["tls"] = network.tls_options(reading)
        if reading.under("tls").get("enabled", False):
            target["transport"] = "tls"
    definition: Part = {"kind": "dns", "target": target, "assertions": assertions + others}
    return definition | network.timeout(reading)


def _spaced(patterns: list[str]) -> list[str]:
    """The sources have tabs where a line of ours has a blank."""
    return [pattern.replace("\t", " ").replace(r"\t", " ") for pattern in patterns]


def _server(reading: Reading) -> Part:
    target = reading.renamed(transport="transport")
    port, resolvers = reading.get("port"), reading.get("resolvers")
    if resolvers is not None:
        parts = [_NOT_BLANK.sub(rf"\g<0>:{port}", part) for part in resolvers.split(",")]
        return target | {"server": ",".join(parts)}
    return target | reading.renamed(server="target")


def _question(reading: Reading) -> Part:
    """Without a type, bbe asks for ANY."""
    question = reading.renamed(
        name="query_name", type="query_type", recursion_desired="recursion_desired"
    ) | reading.renamed(**{"class": "query_class"})
    if reading.source == "bbe":
        question.setdefault("type", "ANY")
    return question


def _leniency(reading: Reading) -> Part:
    """bbe and gatus ask for no records; to gatus, each code is an answer to assert on."""
    target = reading.renamed(rcodes="valid_rcodes")
    if reading.source in {"bbe", "gatus"}:
        target["min_answers"] = 0
    if reading.source == "gatus" and "conditions" in reading:
        target.setdefault("rcodes", list(get_args(Rcode)))
    return target


def _records(reading: Reading) -> tuple[Part, list[Part]]:
    """Kuma's conditions on records: it is enough that one meets them."""
    answers = reading.renamed(regex="record_regex")
    conditions = reading.get("record_conditions", [])
    if any(condition.get("join") == "or" or "group" in condition for condition in conditions):
        return answers, [joined(conditions, _record)]
    equal = [one["value"] for one in conditions if one["op"] == "equals"]
    if equal:
        answers["contains"] = equal
    return answers, [_record(one) for one in conditions if one["op"] != "equals"]


def _record(condition: Part) -> Part:
    """One condition; a negated one is met by a record that the other does not fit."""
    operator, value = condition["op"], str(condition["value"])
    if operator == "equals":
        return _found(f"(?m)(?:^| ){re.escape(value)}\\.?$", negated=False)
    if operator == "not_equals":
        return {"subject": "answer", "operator": operator, "value": value}
    negated, name = operator.startswith("not_"), operator.removeprefix("not_")
    if name not in _PATTERNS:
        raise NotExpressible(f"record_conditions {operator}")
    return _found(_PATTERNS[name].format(re.escape(value)), negated=negated)


def _found(pattern: str, *, negated: bool) -> Part:
    """The hosts or values of records, one a line, are what a body is to DNS."""
    leaf: Part = {"subject": "answer", "operator": "matches", "value": pattern}
    if negated:
        return {"not": {**leaf, "match": "every"}}
    return {"any": [leaf, {**leaf, "subject": "body"}]}


def _conditions(reading: Reading) -> tuple[Part, list[Part]]:
    """To gatus, the record's value is the body."""
    answers: Part = {}
    others = []
    for condition in reading.get("conditions", []):
        of_record = _OF_RECORD.fullmatch(condition)
        if of_record is None:
            others.append(condition)
            continue
        _add_value(answers, of_record["value"])
    return answers, network.conditions(
        Reading({"conditions": others}, kind="dns", source=reading.source)
    )


def _add_value(answers: Part, value: str) -> None:
    """A literal, a wildcard, or one of several literals."""
    wildcard, choices = _WILDCARD.fullmatch(value), _CHOICES.fullmatch(value)
    if wildcard is not None:
        answers["regex"] = regex_of(wildcard["glob"])
    elif choices is not None:
        literals = "|".join(re.escape(one.strip()) for one in choices["choices"].split(","))
        answers["regex"] = f"^(?:{literals})$"
    else:
        answers.setdefault("contains", []).append(value)
