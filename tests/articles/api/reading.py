"""Helpers for read requests to the API."""

from __future__ import annotations

from typing import Any

from django.test import Client

PROBLEM = "application/problem+json"


def read(client: Client, address: str, **parameters: Any) -> Any:
    """Check that a response is a success, and return its JSON."""
    response = client.get(address, parameters)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    return response.json()


def refuse(client: Client, address: str, status: int, **parameters: Any) -> Any:
    """Check the status of a response and return its problem details."""
    response = client.get(address, parameters)
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    problem = response.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["detail"]
    return problem
