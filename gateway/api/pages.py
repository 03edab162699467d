"""Where can people read about the API? At /docs, with Swagger UI from a wheel: nothing comes from the internet."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from flask import Response
from markupsafe import escape

from gateway.api.operation import Operation
from gateway.api.problems import Problem

# flask-openapi3-swagger is taken for the files alone: it follows Swagger UI's releases.
_SWAGGER: Final = files("flask_openapi3_swagger") / "templates" / "swagger"
_ASSETS: Final = {
    "swagger-ui.css": ("css", "text/css"),
    "swagger-ui-bundle.js": ("js", "text/javascript"),
    "swagger.svg": ("images", "image/svg+xml"),
}
_START: Final = "start.js"
# No validator badge: it would ask a server on the internet for a picture.
_SCRIPT: Final = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#documents", deepLinking: true, validatorUrl: null});
"""
# Swagger UI sets styles on elements and draws its icons from data URLs.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Immigration gateway: back office API</title>
<link rel="icon" href="docs/swagger.svg">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<main id="documents">
<h1>Immigration gateway: back office API</h1>
<p>The calls at a glance; the whole is in <a href="openapi.json">openapi.json</a>.</p>
<ul>
{calls}
</ul>
</main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""


def document_page(document: dict[str, Any]) -> Response:
    """The OpenAPI document."""
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")


def docs_page(operations: Sequence[Operation[Any]], prefix: str) -> Response:
    """The page for people; without JavaScript it lists the calls."""
    calls = "\n".join(
        f"<li><code>{operation.method} {escape(prefix + operation.path)}</code>: {escape(operation.summary)}</li>"
        for operation in operations
    )
    page = Response(_PAGE.format(calls=calls), content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = _POLICY
    return page


def asset(name: str) -> Response:
    """A file of the page. Raises `Problem` (404)."""
    if name == _START:
        return Response(_SCRIPT, content_type="text/javascript; charset=utf-8")
    if name not in _ASSETS:
        raise Problem(404, "There is no such page.")
    folder, media_type = _ASSETS[name]
    response = Response((_SWAGGER / folder / name).read_bytes(), content_type=media_type)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
