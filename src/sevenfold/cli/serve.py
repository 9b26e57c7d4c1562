"""`sevenfold serve`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sevenfold.cli.options import AnyModel, Place, TrustKeys, listed
from sevenfold.core.errors import RequestError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="serve")(serve)


def serve(
    model: AnyModel,
    name: Annotated[
        str | None, typer.Option(help="The model's name in URLs. [the registry's name, else model]")
    ] = None,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    grpc_port: Annotated[
        int | None, typer.Option(help="Port for the protocol over gRPC; without it there is HTTP only.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs --token-file.")] = "127.0.0.1",
    token_file: Annotated[
        str | None, typer.Option(help="File whose content clients must send as bearer token.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Folder that keeps requests for `sevenfold monitor`.")] = None,
    also: Annotated[
        list[str] | None, typer.Option(metavar="NAME=MODEL", help="One more model, under its own name; repeatable.")
    ] = None,
    canary: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Answers a share of the requests instead of MODEL.")
    ] = None,
    share: Annotated[float, typer.Option(help="That share, from 0 to 1.")] = 0.1,
    shadow: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Answers everything again, for comparison only.")
    ] = None,
    sample: Annotated[
        float | None, typer.Option(help="Share of the requests whose rows --store keeps; all rows are counted. [1]")
    ] = None,
    redact: Annotated[
        str | None, typer.Option(metavar="COLUMN,COLUMN", help="Columns whose values --store never holds.")
    ] = None,
    keep_days: Annotated[
        int | None, typer.Option(help="Days after which --store deletes rows; 0 keeps them for good. [90]")
    ] = None,
    replica: Annotated[
        str | None, typer.Option(help="This server's name among those that serve the model. [the host's name]")
    ] = None,
    trust_key: TrustKeys = None,
    registry: Place = None,
) -> None:
    """Serve a model over HTTP, and over gRPC with --grpc-port.

    A page to try it at /, POST /predict for JSON records, the Open Inference Protocol at /v2, /metrics, /docs.
    """
    from sevenfold.api.serve import serve as api_serve
    from sevenfold.api.serve import served_name

    named = served_name(model, name)

    def say(url: str) -> None:
        print(
            f"Serving '{named}' at {url}: try {url}/ in a browser, {url}/docs for the API; Ctrl-C stops.",
            file=sys.stderr,
        )

    def say_grpc(address: str) -> None:
        print(f"gRPC (inference.GRPCInferenceService) at {address}.", file=sys.stderr)

    api_serve(
        model,
        name=named,
        port=port,
        grpc_port=grpc_port,
        host=host,
        token_file=token_file,
        store=store,
        also=_named(named, also or []),
        canary=canary,
        share=share,
        shadow=shadow,
        sample=sample,
        redact=listed(redact),
        keep_days=keep_days,
        replica=replica,
        trust=trust_key,
        registry=registry,
        on_start=say,
        on_grpc=say_grpc,
    )


def _named(first: str, pairs: list[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for pair in pairs:
        name, equals, model = pair.partition("=")
        if not equals or not name or not model or name in named or name == first:
            raise RequestError("--also cannot be read.", "NAME=MODEL, each name once", repr(pair), "Say --also b=PATH.")
        named[name] = model
    return named
