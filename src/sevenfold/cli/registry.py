"""`sevenfold registry add|list|show|promote|rollback|gate|compare`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from sevenfold.cli.options import AnyModel, Json, Place, TrustKeys

_NAME = Annotated[str, typer.Argument(metavar="NAME", help="The model's name in the registry.")]
_VERSION = Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version.", min=1)]
_WHY = Annotated[str, typer.Option(help="A reason, kept in the log.")]
_EXPECT = Annotated[int | None, typer.Option(help="Only if the alias points to this version now; 0: to none.", min=0)]
_FORCE = Annotated[str | None, typer.Option(help="Promote whatever the gate says, for this reason; logged.")]
_DATA = Annotated[str | None, typer.Option(help="Labelled rows on which it is compared with the champion.")]
_LATENCY = Annotated[str | None, typer.Option(help="The gate's limit for one row: 20ms.")]
_SIZE = Annotated[str | None, typer.Option(help="The gate's limit for the file: 50MB.")]
_TICKS = {True: "pass", False: "REFUSE", None: "-"}


def register(app: typer.Typer) -> None:
    """Add the group of commands to the application."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command(name="add")(add)
    group.command(name="list")(list_models)
    group.command(name="show")(show)
    group.command(name="promote")(promote)
    group.command(name="rollback")(rollback)
    group.command(name="gate")(gate)
    group.command(name="compare")(compare)
    app.add_typer(group, name="registry", help="Keep versions of models, and decide which one is in use.")


def add(
    model: AnyModel,
    name: Annotated[str, typer.Option(help="The model's name in the registry, new or not.")],
    alias: Annotated[str | None, typer.Option(help="Promote it to this alias, too: champion, challenger, ...")] = None,
    why: _WHY = "",
    force: _FORCE = None,
    trust_key: TrustKeys = None,
    registry: Place = None,
    json_output: Json = False,
) -> None:
    """Add a model as a new version."""
    from sevenfold.api.registry import add as api_add

    added = api_add(model, name, alias=alias, why=why, force=force, trust=trust_key, registry=registry)
    if json_output:
        _print(added)
        return
    _gate(added["gate"])
    aliases = f" ({', '.join(added['aliases'])})" if added["aliases"] else ""
    print(f"{name} version {added['version']}{aliases}: use it as registry:{name}@{added['version']}")


def list_models(registry: Place = None, json_output: Json = False) -> None:
    """List the models and their aliases."""
    from sevenfold.api.registry import models

    found = models(registry=registry)
    if json_output:
        _print(found)
        return
    for model in found["models"]:
        aliases = ", ".join(f"{alias} {version}" for alias, version in model["aliases"].items()) or "no alias"
        print(f"{model['name']}: {model['versions']} version{'s' * (model['versions'] > 1)}; {aliases}")
    if not found["models"]:
        print(f"No models in {found['registry']}. Add one: sevenfold registry add MODEL --name NAME")


def show(name: _NAME, registry: Place = None, json_output: Json = False) -> None:
    """Show a model's versions, where they come from, and every decision about them."""
    from sevenfold.api.registry import show as api_show

    found = api_show(name, registry=registry)
    if json_output:
        _print(found)
        return
    from sevenfold.deployment.registry.gate import sized

    for version in found["versions"]:
        lineage = version["lineage"]
        aliases = f" [{', '.join(version['aliases'])}]" if version["aliases"] else ""
        print(f"version {version['version']}{aliases}  {version['time'][:19]}Z  {sized(version['bytes'])}")
        score = (lineage.get("scores") or {}).get("test")
        if score:
            print(f"  test {lineage['metric']} {score['value']:.4g} ({score['low']:.4g} to {score['high']:.4g})")
        print(f"  predicts {lineage['target']}; run {lineage['run'] or '-'}, data {lineage['data'][:16] or '-'}")
    print("log")
    for entry in found["log"]:
        moved = f" {entry['alias']}" if entry["alias"] else ""
        before = f" (before: {entry['previous']})" if entry["previous"] else ""
        forced = f" forced: {entry['details']['forced']}" if entry["details"].get("forced") else ""
        why = f"  {entry['why']}" if entry["why"] else ""
        print(
            f"  {entry['time'][:19]}Z {entry['who']}: {entry['action']}{moved} {entry['version']}{before}{why}{forced}"
        )
        for verdict in entry["details"].get("gate", ()):
            if verdict["passed"] is False:
                print(f"    refused by {verdict['check']}: {verdict['reason']}")
    for oddity in found["oddities"]:
        print(f"note: {oddity}")


def promote(
    name: _NAME,
    version: _VERSION,
    to: Annotated[str, typer.Option(help="Alias that shall point to it.")] = "champion",
    expect: _EXPECT = None,
    why: _WHY = "",
    force: _FORCE = None,
    data: _DATA = None,
    max_latency: _LATENCY = None,
    max_size: _SIZE = None,
    trust_key: TrustKeys = None,
    registry: Place = None,
    json_output: Json = False,
) -> None:
    """Let an alias point to a version that passes the gate."""
    from sevenfold.api.registry import promote as api_promote

    done = api_promote(
        name, version, to=to, expect=expect, why=why, force=force, data=data,
        max_latency=max_latency, max_size=max_size, trust=trust_key, registry=registry,
    )  # fmt: skip
    if json_output:
        _print(done)
        return
    _gate(done["gate"])
    _moved(done)


def rollback(
    name: _NAME,
    alias: Annotated[str, typer.Option(help="Alias that shall point to the version before.")] = "champion",
    expect: _EXPECT = None,
    why: _WHY = "",
    registry: Place = None,
    json_output: Json = False,
) -> None:
    """Let an alias point again to the version before."""
    from sevenfold.api.registry import rollback as api_rollback

    done = api_rollback(name, alias=alias, expect=expect, why=why, registry=registry)
    if json_output:
        _print(done)
    else:
        _moved(done)


def gate(
    name: _NAME,
    version: _VERSION,
    data: _DATA = None,
    max_latency: _LATENCY = None,
    max_size: _SIZE = None,
    trust_key: TrustKeys = None,
    registry: Place = None,
    json_output: Json = False,
) -> None:
    """Tell what the gate says of a version; changes nothing. Ends with code 2 where it refuses."""
    from sevenfold.api.registry import gate as api_gate

    found = api_gate(
        name, version, data=data, max_latency=max_latency, max_size=max_size, trust=trust_key, registry=registry
    )
    if json_output:
        _print(found)
    else:
        _gate(found["gate"])
        print("It may pass." if found["passed"] else "It may not pass.")
    if not found["passed"]:
        raise typer.Exit(2)


def compare(
    name: _NAME,
    store: Annotated[str, typer.Option(help="Folder that `sevenfold serve --shadow --store` filled.")],
    labels: Annotated[str, typer.Option(help="True values with request_id (and row) or the id column.")],
    alpha: Annotated[float, typer.Option(help="Accepted chance of a wrong promotion, over all looks.")] = 0.05,
    bound: Annotated[float | None, typer.Option(help="For numbers: an error of this size or more counts as 1.")] = None,
    registry: Place = None,
    json_output: Json = False,
) -> None:
    """Tell whether the challenger, as a shadow, has been better than the champion. Ask as often as you like."""
    from sevenfold.api.registry import compare as api_compare

    found = api_compare(name, store, labels, alpha=alpha, bound=bound, registry=registry)
    if json_output:
        _print(found)
        return
    gain = found["gain"]
    said = {
        "promote": f"Promote: sevenfold registry promote {name} {found['challenger']}",
        "keep": f"Keep version {found['champion']}: the challenger is worse.",
        "undecided": "Undecided: wait for more labels.",
    }
    versions = f"champion {found['champion']}, challenger {found['challenger']}"
    print(f"{versions}: {found['rows']} rows with a label, in {found['requests']} requests")
    sure = f"each limit holds with {1 - alpha:.4g}, at all looks together"
    print(f"gain in {found['loss']} {gain['value']:.4g} ({gain['low']:.4g} to {gain['high']:.4g}; {sure})")
    print(
        f"evidence for better {found['e_value']:.3g}, for worse {found['e_value_worse']:.3g}; {1 / alpha:.3g} decides"
    )
    print(said[found["decision"]])
    if found["turned"]:
        print(
            "Later labels decide the opposite: the gain changes with time. The limits are those of the first decision."
        )


def _gate(verdicts: Sequence[Mapping[str, Any]]) -> None:
    for verdict in verdicts:
        print(f"  {_TICKS[verdict['passed']]:<7}{verdict['check']}: {verdict['reason']}")


def _moved(entry: Mapping[str, Any]) -> None:
    if entry["previous"] == entry["version"]:
        print(f"{entry['alias']} of {entry['name']} was version {entry['version']} before and still is.")
        return
    before = f", before it was version {entry['previous']}" if entry["previous"] else ""
    print(f"{entry['alias']} of {entry['name']} is version {entry['version']} now{before}.")


def _print(data: Mapping[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False))
