"""What editors are told of a spec: every key and name, and references that lead somewhere."""

from cnncli.catalog import FAMILIES, signature
from cnncli.spec.jsonschema import json_schema
from cnncli.spec.schema import sections

SCHEMA = json_schema()
EXPRESSION = {"$ref": "#/$defs/expression"}


def walk(value):
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from walk(item)


def follow(reference):
    part = SCHEMA
    for key in reference.removeprefix("#/").split("/"):
        part = part[key]
    return part


def test_every_reference_leads_somewhere():
    references = [part["$ref"] for part in walk(SCHEMA) if isinstance(part, dict) and "$ref" in part]
    assert len(references) > 100
    for reference in references:
        assert isinstance(follow(reference), dict)


def test_every_key_of_every_section_is_there_with_its_description():
    for path, section in sections().items():
        part = SCHEMA
        for key in path:
            part = part["properties"][key]
            part = follow(part["$ref"]) if "$ref" in part else part
        extra = {"extends"} if path == () else set()
        assert set(part["properties"]) == set(section.spec_keys()) | extra
        assert part["additionalProperties"] is False
        for key, info in section.spec_keys().items():
            described = part["properties"][key].get("description")
            assert described == info.description


def test_every_name_of_the_catalogue_is_completed_with_its_arguments():
    for family, names in FAMILIES.items():
        if family == "activation":
            continue
        (named,) = [kind for kind in SCHEMA["$defs"][family]["anyOf"] if kind["type"] == "object"]
        assert set(named["properties"]) == set(names)
        for name in names:
            described = named["properties"][name]
            arguments = signature(family, name)
            assert set(described["properties"]) == set(arguments)
            assert described["required"] == [key for key, argument in arguments.items() if argument.required]
            assert described["description"]


def test_a_layer_takes_what_the_reader_takes():
    conv = next(kind for kind in SCHEMA["$defs"]["layer"]["anyOf"] if "properties" in kind)["properties"]["Conv2D"]
    filters = {"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["classes"]}]}
    assert conv["properties"]["filters"] == {"anyOf": [filters, EXPRESSION]}
    assert conv["properties"]["padding"] == {"anyOf": [{"enum": ["valid", "same"]}, EXPRESSION]}
    assert conv["properties"]["kernel_initializer"] == {"anyOf": [{"$ref": "#/$defs/initializer"}, EXPRESSION]}
    regularizer = {"anyOf": [{"$ref": "#/$defs/regularizer"}, {"type": "null"}]}
    assert conv["properties"]["kernel_regularizer"] == {"anyOf": [regularizer, EXPRESSION]}


def test_what_stands_outside_of_blocks_takes_no_expression():
    adam = next(kind for kind in SCHEMA["$defs"]["optimizer"]["anyOf"] if "properties" in kind)["properties"]["Adam"]
    assert "expression" not in str(adam)


def test_a_line_is_a_layer_with_three_keys_more_or_a_block():
    line = next(kind for kind in SCHEMA["$defs"]["line"]["anyOf"] if "properties" in kind)
    assert set(line["properties"]) == set(FAMILIES["layer"])
    for name, described in line["properties"].items():
        assert set(described["properties"]) == {*signature("layer", name), "name", "inputs", "repeat"}
    assert set(line["additionalProperties"]["properties"]) == {"name", "inputs", "repeat"}
    assert SCHEMA["$defs"]["block"]["properties"]["layers"]["items"] == {"$ref": "#/$defs/line"}
    model = follow(SCHEMA["properties"]["model"]["$ref"])["properties"]
    assert model["layers"]["items"] == {"$ref": "#/$defs/line"}
    assert model["blocks"]["additionalProperties"] == {"$ref": "#/$defs/block"}


def test_only_a_spec_that_extends_nothing_needs_keys():
    assert SCHEMA["$schema"].startswith("https://json-schema.org/draft/2020-12/")
    assert SCHEMA["if"] == {"not": {"required": ["extends"]}}
    assert SCHEMA["then"] == {
        "required": ["data", "model"],
        "properties": {"data": {"required": ["source"]}, "model": {"required": ["layers"]}},
    }
    for path in sections():
        part = SCHEMA
        for key in path:
            part = part["properties"][key]
            part = follow(part["$ref"]) if "$ref" in part else part
        assert "required" not in part
