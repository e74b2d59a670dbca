"""The description of the addresses, and random requests made from it."""

import pytest
from real_server import png

ADDRESSES = [
    "/predict",
    "/runs/{run}/predict",
    "/heatmap",
    "/runs/{run}/heatmap",
    "/runs",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
]


@pytest.mark.slow
def test_every_address_is_described_and_answers(server):

    described = server.ask("/openapi.json").body
    assert list(described["paths"]) == ADDRESSES
    for path, operations in described["paths"].items():
        answer = server.ask(path.format(run="shades-001"), png(9) if "post" in operations else None)
        assert answer.status == 200, path


@pytest.mark.slow
@pytest.mark.exhaustive
def test_random_requests_get_described_answers_and_no_fault_of_the_server(server):
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
        unsupported_method,
    )

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
        unsupported_method,
    ]
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    asked = 0
    for operation in (each.ok() for each in schema.get_all_operations()):
        for mode in GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            def ask(case):
                nonlocal asked
                asked += 1
                case.call_and_validate(checks=checks)

            try:
                ask()
            except Exception as error:
                if type(error).__name__ not in ("Unsatisfiable", "SkipTest"):  # nothing to be wrong about
                    raise
    assert asked > 500
    assert b'status="500"' not in server.ask("/metrics").body
