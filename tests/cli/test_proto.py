"""The generated contracts: up to date, valid, and true to what the models make."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from vedette.cli.proto.files import drifted, files
from vedette.core.events import EVENTS, Event
from vedette.core.job import Definition, Job, JobBatch
from vedette.core.result import ResultBatch

ROOT = Path(__file__).parents[2]
SCHEMAS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "proto").rglob("*.json")
    if path.name != "openapi.json"
)
INSTANTS = st.integers(min_value=0, max_value=4_000_000_000_000)
# What is measured is finite; JSON could not say it otherwise.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
thorough = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def schema(path: str) -> Draft202012Validator:
    """A validator of the schema in this file of proto/, as it is committed."""
    return Draft202012Validator(
        json.loads((ROOT / "proto" / path).read_text()),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def events(name: str) -> st.SearchStrategy[Event]:
    """Any event of this name."""
    return st.builds(
        Event.of,
        st.from_type(EVENTS[name]),
        workspace=st.uuids(),
        at_ms=INSTANTS,
        traceparent=st.none() | st.text(),
    )


def sent(event: Event) -> dict[str, Any]:
    """The event as the outbox writes it."""
    received: dict[str, Any] = json.loads(event.model_dump_json(exclude_none=True))
    return received


def test_what_is_generated_is_what_the_code_says() -> None:
    assert drifted(ROOT) == [], "run ./task proto"


def test_a_file_that_is_changed_gone_or_left_over_has_drifted(tmp_path: Path) -> None:
    for path, text in files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "proto/channel.json").write_text("{}")
    (tmp_path / "proto/monitor.json").unlink()
    (tmp_path / "proto/events/monitor.renamed.v1.json").write_text("{}")

    assert drifted(tmp_path) == [
        "proto/channel.json",
        "proto/events/monitor.renamed.v1.json",
        "proto/monitor.json",
    ]


@pytest.mark.parametrize("path", SCHEMAS)
def test_each_schema_is_valid(path: str) -> None:
    Draft202012Validator.check_schema(json.loads((ROOT / path).read_text()))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_fits_its_schema(name: str) -> None:
    validator = schema(f"events/{name}.v1.json")

    @thorough
    @given(events(name))
    def fits(event: Event) -> None:
        validator.validate(sent(event))

    fits()


@pytest.mark.parametrize("name", EVENTS)
def test_a_broken_event_does_not_fit(name: str) -> None:
    validator = schema(f"events/{name}.v1.json")

    @settings(thorough, max_examples=1)
    @given(events(name))
    def breaks(event: Event) -> None:
        whole = sent(event)
        for missing in ("id", "type", "time", "workspace", "data"):
            _refused(validator, {k: v for k, v in whole.items() if k != missing})
        _refused(validator, {**whole, "type": "vedette.monitor.painted.v1"})
        _refused(validator, {**whole, "id": "7"})
        for missing in EVENTS[name].model_fields:
            if EVENTS[name].model_fields[missing].is_required():
                kept = {k: v for k, v in whole["data"].items() if k != missing}
                _refused(validator, {**whole, "data": kept})

    breaks()


@thorough
@given(st.lists(st.builds(Job, definition=st.builds(Definition, target=st.just({}))), max_size=3))
def test_job_batches_fit_their_schema(jobs: list[Job]) -> None:
    batch = JobBatch(region="default", jobs=jobs)
    schema("messages/job_batch.json").validate(json.loads(batch.model_dump_json()))


@thorough
@given(st.from_type(ResultBatch), st.booleans())
def test_result_batches_fit_their_schema(batch: ResultBatch, brief: bool) -> None:
    sent = batch.model_dump_json(exclude_defaults=brief)
    schema("messages/result_batch.json").validate(json.loads(sent))


def test_monitors_and_channels_name_their_kind() -> None:
    monitor = {"name": "a", "kind": "http", "target": {"url": "https://example.org/"}}
    channel = {"name": "a", "kind": "email", "config": {"to": ["a@example.org"]}}
    for path, written in {"monitor.json": monitor, "channel.json": channel}.items():
        schema(path).validate(written)
        _refused(schema(path), {k: v for k, v in written.items() if k != "kind"})
        _refused(schema(path), {**written, "kind": "pigeon"})
        _refused(schema(path), {**written, "colour": "red"})


def test_asyncapi_refers_only_to_what_is_there() -> None:
    document = yaml.safe_load((ROOT / "proto/asyncapi.yaml").read_text())
    for reference in _references(document):
        path, _, pointer = reference.partition("#")
        if path:
            assert (ROOT / "proto" / path).is_file(), reference
        else:
            _follow(document, pointer)


def test_asyncapi_has_every_event() -> None:
    document = yaml.safe_load((ROOT / "proto/asyncapi.yaml").read_text())
    public = {
        channel["address"]
        for channel in document["channels"].values()
        if channel["bindings"]["amqp"]["exchange"]["name"] == "vedette.events"
    }
    assert public == {name for name, model in EVENTS.items() if model.PUBLISHED}


def test_openapi_refers_only_to_what_is_there() -> None:
    document = json.loads((ROOT / "proto/openapi.json").read_text())
    for reference in _references(document):
        _follow(document, reference.removeprefix("#"))


def _refused(validator: Draft202012Validator, value: object) -> None:
    with pytest.raises(ValidationError):
        validator.validate(value)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for child in node for found in _references(child)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for child in node.values() for found in _references(child)]


def _follow(document: Any, pointer: str) -> None:
    for key in pointer.strip("/").split("/"):
        document = document[key]
