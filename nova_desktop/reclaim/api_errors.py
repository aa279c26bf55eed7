# SPDX-License-Identifier: Apache-2.0
"""How the API says no."""

import http
from typing import Any

from nova_desktop import exception


class ApiError(exception.DesktopError):
    """An answer that is an error, of an HTTP status."""

    def __init__(self, status: http.HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def status_line(status: http.HTTPStatus) -> str:
    """Give a status as WSGI wants it."""
    return f'{status.value} {status.phrase}'


def body(status: http.HTTPStatus, message: str) -> dict[str, Any]:
    """Give the body of an error."""
    error = {
        'code': status.value,
        'title': status.phrase,
        'message': message,
    }
    return {'error': error}


def not_found(what: str) -> ApiError:
    """Say that there is no such thing, for this user at least."""
    return ApiError(http.HTTPStatus.NOT_FOUND, f'There is no {what}.')
