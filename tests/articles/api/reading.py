"""Read requests to the API in tests."""

from __future__ import annotations

from typing import Any

from django.test import Client

PROBLEM = "application/problem+json"


def read(client: Client, address: str, **parameters: Any) -> Any:
    """Return the JSON of a response, which must be a success."""
    response = client.get(address, parameters)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    return response.json()


def refuse(client: Client, address: str, status: int, **parameters: Any) -> Any:
    """Return the problem details of a response, which must have this status."""
    response = client.get(address, parameters)
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    problem = response.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["detail"]
    return problem
