"""Kind http."""

import json
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.mapping import network, trees
from tests.conformance.mapping.patterns import jsonpath_of
from tests.conformance.mapping.reading import Reading

Part = dict[str, Any]
_VERSIONS = {"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/2": "2",
             "HTTP/3.0": "3", "HTTP/3": "3"}  # fmt: skip
# Ten requests in all.
_SENTRY_REDIRECTS = 9
_COUNT = re.compile(r"\$count\((?P<path>.*)\)")
_JOINED = re.compile(r"\$join\((?P<path>[^,]*),.*\)")
_XML = "text/xml; charset=utf-8"


def define(reading: Reading) -> Part:
    """The definition of a record about HTTP."""
    url = str(reading.get("url", ""))
    target: Part = ({"url": url} if "url" in reading else {}) | _request(reading)
    target |= _connection(reading, url) | _taking(reading)
    if reading.source == "sentry":
        target["max_redirects"] = _SENTRY_REDIRECTS
    target |= reading.renamed(max_redirects="max_redirects")
    for key in ("repeat", "scheduled_at"):
        reading.get(key)  # how often: nothing of the definition
    assertions = [
        *_statuses(reading), *_bodies(reading), *_headers(reading), *_json(reading),
        *_conditions(reading),
    ]  # fmt: skip
    if _unread(reading, assertions):
        target["read_body"] = False
    definition: Part = {"kind": "http", "target": target, "assertions": assertions}
    reading.get("given")  # of the same case, evaluated without a network
    return definition | network.timeout(reading) | network.expects_failure(reading)


def _unread(reading: Reading, assertions: list[Part]) -> bool:
    """Sentry and Gatus read a body only if somebody looks at it."""
    wanted = {"capture_response", "body_size_limit", "compression"}
    looked_at = network.subjects(assertions) & {"body", "json", "json_schema", "size"}
    return (
        reading.source in {"sentry", "gatus"}
        and not looked_at
        and not any(key in reading for key in wanted)
    )


def _request(reading: Reading) -> Part:
    target = reading.renamed(
        method="method", headers="headers", follow_redirects="follow_redirects"
    )
    headers = target.setdefault("headers", {})
    if isinstance(headers, str):
        headers = json.loads(headers)
    headers = target["headers"] = dict(headers)
    target |= _body(reading, headers)
    target |= network.credentials(reading)
    if reading.get("respect_robots", False):
        target["respect_robots"] = True
    if "user_agent_name" in reading:
        target["headers"]["User-Agent"] = reading.get("user_agent_name")
    if "oauth2" in reading:
        target["auth"] = _oauth2(reading.under("oauth2"))
    return target


def _oauth2(reading: Reading) -> Part:
    scopes = reading.get("scopes", reading.get("scope", []))
    auth = reading.renamed(
        token_url="token_url", client_id="client_id", client_secret="client_secret",
        audience="audience", client_auth="client_auth",
    )  # fmt: skip
    reading.finish()
    scope = scopes if isinstance(scopes, str) else " ".join(scopes)
    return {"scheme": "oauth2", **auth, **({"scope": scope} if scope else {})}


def _body(reading: Reading, headers: Part) -> Part:
    given = [reading.get(key) for key in ("body", "body_file_content") if key in reading]
    encoding = reading.get("body_encoding")
    if not given or (encoding is not None and not given[0].strip()):
        return {}  # nothing but blanks is nothing to those who encode it
    body = given[0]
    if reading.get("graphql", False):
        return {"json": {"query": body}}
    if encoding == "json":
        return {"json": json.loads(body)}  # ours is a value: one that isn't JSON can't be written
    if encoding == "form":
        return {"form": dict(parse_qsl(body, keep_blank_values=True))}
    if encoding == "xml" and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _XML
    return {"body": body}


def _connection(reading: Reading, url: str) -> Part:
    target = network.resolver(reading)
    if "tls" in reading:
        target["tls"] = network.tls_options(reading)
    for key, required in (("fail_if_tls", False), ("fail_if_not_tls", True)):
        if reading.get(key, False):
            target["require_tls"] = required
    proxy = _proxy(reading)
    family = network.addresses(reading)
    if proxy is not None:
        target["proxy"] = proxy
    elif not _is_address(url):
        target |= family
    return target


def _proxy(reading: Reading) -> Part | None:
    skips = reading.get("skip_resolve_with_proxy", reading.source != "bbe")
    url = reading.get("proxy")
    if url is None:
        return None
    parts = urlsplit(url)
    proxy: Part = {"url": url, "resolve_locally": not skips}
    if parts.username is not None:
        proxy["url"] = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        proxy |= {"username": parts.username, "password": parts.password}
    return proxy


def _is_address(url: str) -> bool:
    try:
        return bool(ip_address(urlsplit(url).hostname or ""))
    except ValueError:
        return False


def _taking(reading: Reading) -> Part:
    target: Part = {}
    if "compression" in reading:
        coding = reading.get("compression")
        target["compression"] = "off" if coding in {"identity", "none"} else coding
    elif reading.source == "bbe":
        target["compression"] = "off"
    if "body_size_limit" in reading:
        target |= {"body_limit_bytes": reading.get("body_size_limit"), "fail_if_larger": True}
    versions = reading.get("valid_http_versions", [])
    ours = [_VERSIONS.get(version, version) for version in versions]
    return target | ({"http_versions": ours} if ours else {})


def _statuses(reading: Reading) -> list[Part]:
    codes = reading.get("valid_status_codes", [])
    leaves = [_status(code) for code in codes]
    return leaves if len(leaves) < 2 else [{"any": leaves}]


def _status(code: object) -> Part:
    low, dash, high = str(code).partition("-")
    if dash:
        return {"subject": "status", "operator": "between", "value": [int(low), int(high)]}
    return {"subject": "status", "operator": "equals", "value": int(low)}


def _bodies(reading: Reading) -> list[Part]:
    body = {"subject": "body"}
    found = [
        trees.negated({**body, "operator": "matches", "value": pattern})
        for pattern in reading.get("body_fail_if_matches", [])
    ]
    found += [
        {**body, "operator": "matches", "value": pattern}
        for pattern in reading.get("body_fail_if_not_matches", [])
    ]
    keyword, inverted = reading.get("keyword"), reading.get("keyword_invert", False)
    if keyword is not None:
        leaf = {**body, "operator": "contains", "value": keyword}
        found.append(trees.negated(leaf) if inverted else leaf)
    return found


def _headers(reading: Reading) -> list[Part]:
    forbidden = reading.get("header_fail_if_matches", [])
    required = reading.get("header_fail_if_not_matches", [])
    return [
        *(_header(rule, forbidden=True) for rule in forbidden),
        *(_header(rule, forbidden=False) for rule in required),
    ]


def _header(rule: Part, *, forbidden: bool) -> Part:
    leaf = {"subject": "header", "property": rule["header"]}
    matches: Part = {**leaf, "operator": "matches", "value": rule.get("regex")}
    tree = trees.negated(matches) if forbidden else matches
    if not rule.get("allow_missing", False):
        return tree
    return {"any": [{**leaf, "operator": "exists", "value": False}, tree]}


def _json(reading: Reading) -> list[Part]:
    found = []
    if "body_json_fail_if" in reading:
        found.append(trees.json_fails_if(reading.get("body_json_fail_if")))
    if "body_json_fail_unless" in reading:
        found.append(trees.json_fails_unless(reading.get("body_json_fail_unless")))
    if "json_query" in reading:
        found.append(_json_query(reading.get("json_query")))
    return found


def _json_query(query: Part) -> Part:
    """Kuma's: a value as text against what the user typed; orders are numeric."""
    path, operator, value = query.get("path") or "", query.get("op", "=="), query["value"]
    if path in {"", "$"}:
        return trees.compared({"subject": "body"}, operator, value)
    counted, joined = _COUNT.fullmatch(path), _JOINED.fullmatch(path)
    if counted is not None:
        tree = trees.compared({}, operator, float(value))
        inner = tree.get("not", tree)
        leaf = {"subject": "json", "property": jsonpath_of(counted["path"]), "operator": "length",
                "value": {inner["operator"]: inner["value"]}}  # fmt: skip
        return trees.negated(leaf) if "not" in tree else leaf
    if joined is not None and operator == "contains":
        path = joined["path"]  # of a list, too
    leaf = {"subject": "json", "property": jsonpath_of(path.strip())}
    return trees.compared(leaf, operator, value, loose=True)


def _conditions(reading: Reading) -> list[Part]:
    """With conditions or an assertion, there is no rule about the status but theirs."""
    found = network.conditions(reading)
    if "assertion" in reading:
        found.append(trees.sentry_tree(reading.get("assertion")))
    return network.any_status(found) if found else found
