# SPDX-License-Identifier: Apache-2.0
"""Checks a file of alerts in one form against what its makers publish (tests/schemas/fetch.sh).

usage: check.py FOLDER FORM FILE      prints how many alerts are valid, or what is wrong with the first
                                      that is not (status 1)

Where a schema leaves to prose what a receiver refuses or misreads all the same, that is checked, too.
"""

import ipaddress
import json
import re
import sys
from importlib import resources

import jsonschema
from ocsf_json_schema import OcsfJsonSchema
from ocsf_json_schema.embedded import OcsfJsonSchemaEmbedded
from ruamel.yaml import YAML

FORMATS = jsonschema.FormatChecker(formats=["date-time", "uri", "uri-reference"])
assert {"date-time", "uri", "uri-reference"} <= set(FORMATS.checkers)


class Wrong(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Wrong(what)


def unique_keys(pairs):
    require(len({key for key, _ in pairs}) == len(pairs), "a key stands twice")
    return dict(pairs)


def loads(text):
    return json.loads(text, object_pairs_hook=unique_keys, parse_constant=lambda word: require(False, word))


def lines(text):
    require(text.endswith("\n"), "the last line has no end")
    return [loads(line) for line in text[:-1].split("\n")] if text else []


def validate(schema, value):
    error = jsonschema.exceptions.best_match(
        jsonschema.validators.validator_for(schema)(schema, format_checker=FORMATS).iter_errors(value)
    )
    if error is not None:
        raise Wrong(f"{error.json_path}: {error.message[:300]}")


# --- Alertmanager


def check_alertmanager(folder, text):
    api = YAML(typ="safe", pure=True).load(open(f"{folder}/alertmanager.yaml", encoding="utf-8"))
    schema = {"$ref": "#/definitions/postableAlerts", "definitions": api["definitions"],
              "$schema": "http://json-schema.org/draft-04/schema#"}
    alerts = loads(text)
    validate(schema, alerts)
    known = {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
    for alert in alerts:
        require(set(alert) <= known, f"unknown members {set(alert) - known}")
        require("alertname" in alert["labels"], "no alertname")
        require(all(alert["labels"].values()), "an empty label is no label")
        for name in list(alert["labels"]) + list(alert["annotations"]):
            require(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name), f"{name} is no name of a label")
        require("endsAt" not in alert or alert["startsAt"] <= alert["endsAt"], "it ends before it starts")
        require(("endsAt" in alert) == (alert["annotations"]["state"] == "closed"), "endsAt is for closed ones")
    return len(alerts)


# --- OCSF


def ocsf_captions(schema, attributes, value, place):
    """Names beside ids say what the ids mean; nothing that is deprecated is used."""
    for name, inner in value.items():
        attribute = attributes[name]
        require(not attribute.get("@deprecated"), f"{place}{name} is deprecated")
        sibling = attribute.get("sibling")
        if sibling in value:
            caption = attribute["enum"][str(inner)]["caption"]
            require(value[sibling] == caption, f"{place}{sibling} is {value[sibling]}, not {caption}")
        if attribute["type"] == "object_t":
            members = schema["objects"][attribute["object_type"]]["attributes"]
            for item in inner if isinstance(inner, list) else [inner]:
                if members:
                    ocsf_captions(schema, members, item, f"{place}{name}.")


def values_at(value, place):
    """All values at a place, through lists on the way."""
    values = [value]
    for name in place.split("."):
        values = [item for inner in values for item in (inner if isinstance(inner, list) else [inner])]
        values = [inner[name] for inner in values if isinstance(inner, dict) and name in inner]
    return values


def check_ocsf(folder, text):
    del folder
    events = lines(text)
    for version in ("1.5.0", "1.8.0"):
        path = resources.files("ocsf_json_schema") / "ocsf" / f"{version}.json"
        published = json.loads(path.read_text(encoding="utf-8"))
        schema = OcsfJsonSchemaEmbedded(OcsfJsonSchema(published)).get_class_schema("detection_finding")
        attributes = published["classes"]["detection_finding"]["attributes"]
        for event in events:
            validate(schema, event)
            ocsf_captions(published, attributes, event, "")
    for event in events:
        require(event["metadata"]["version"] == "1.5.0", "the version is not the one that is checked")
        require(event["type_uid"] == 100 * event["class_uid"] + event["activity_id"], "type_uid")
        for observable in event.get("observables", []):
            require(observable["value"] in values_at(event, observable["name"]), "an observable is not where it says")
    return len(events)


# --- ECS


def is_ip(value):
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


ECS_TYPES = {
    "keyword": lambda value: isinstance(value, str),
    "match_only_text": lambda value: isinstance(value, str),
    "wildcard": lambda value: isinstance(value, str),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and FORMATS.conforms(value, "date-time"),
    "ip": is_ip,
    "boolean": lambda value: isinstance(value, bool),
}


def ecs_field(fields, place, value):
    field = fields.get(place)
    require(field is not None, f"{place} is no field of ECS")
    require(field["type"] in ECS_TYPES, f"{place} is of type {field['type']}")
    require(isinstance(value, list) == ("array" in field["normalize"]), f"{place} is a list, or should be one")
    words = {word["name"] for word in field.get("allowed_values", [])}
    for item in value if isinstance(value, list) else [value]:
        require(ECS_TYPES[field["type"]](item), f"{place}: {item!r} is no {field['type']}")
        require(not words or item in words, f"{place}: {item} is not one of {words}")


def ecs_walk(fields, place, value):
    if place == "weir":  # ours; but integers that do not fit are refused wherever they stand
        numbers = re.findall(r"(?<=[:\[,])-?\d+(?=[,}\]])", json.dumps(value, separators=(",", ":")))
        require(all(-(2**63) <= int(number) < 2**63 for number in numbers), "a number does not fit")
        return
    if not isinstance(value, dict):
        ecs_field(fields, place, value)
        return
    require(value, f"{place} is empty")
    for name, inner in value.items():
        require("." not in name, f"{name} is not nested")
        ecs_walk(fields, f"{place}.{name}" if place else name, inner)


def check_ecs(folder, text):
    documents = lines(text)
    for number in (8, 9):
        with open(f"{folder}/ecs-{number}.json", encoding="utf-8") as file:
            published = json.load(file)
        fields = published["fields"]
        categories = {word["name"]: word for word in fields["event.category"]["allowed_values"]}
        for document in documents:
            ecs_walk(fields, "", document)
            for place, field in fields.items():
                value = document
                for name in place.split("."):
                    value = value.get(name, {}) if isinstance(value, dict) else {}
                require(not field.get("required") or value, f"{place} is required")
            for category in document["event"]["category"]:
                expected = categories[category]["expected_event_types"]
                require(set(document["event"]["type"]) <= set(expected), f"event.type of {category}")
            if number == 8:
                require(document["ecs"]["version"] == published["version"], "ecs.version")
            require(document["event"]["kind"] == "alert", "event.kind")
    return len(documents)


# --- CloudEvents


def check_cloudevents(folder, text):
    with open(f"{folder}/cloudevents.js", encoding="utf-8") as file:
        schema = json.loads(re.search(r"^const schema\d+ = (\{ \"\$schema\".*\});$", file.read(), re.M)[1])
    events = lines(text)
    for event in events:
        validate(schema, event)
        require(event["specversion"] == "1.0", "specversion")
        require(isinstance(event["data"], dict), "data is no object")
        for name, value in event.items():
            require(re.fullmatch("[a-z0-9]+", name), f"{name} is no name of an attribute")
            if name != "data":
                bad = [c for c in value if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000
                       or 0xFDD0 <= ord(c) < 0xFDF0 or ord(c) & 0xFFFE == 0xFFFE]
                require(not bad, f"{name} holds {bad}")
    ids = [(event["source"], event["id"], json.dumps(event["data"])) for event in events]
    require(len({pair[:2] for pair in ids}) == len(set(ids)), "source and id name two events")
    return len(events)


FORMS = {
    "native": lambda folder, text: len(lines(text)),
    "alertmanager": check_alertmanager,
    "ocsf": check_ocsf,
    "ecs": check_ecs,
    "cloudevents": check_cloudevents,
}


def main():
    folder, form, path = sys.argv[1:]
    try:
        with open(path, encoding="utf-8", newline="") as file:
            print(FORMS[form](folder, file.read()))
    except (Wrong, ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}")
        sys.exit(1)


main()
