"""`fenceline journal`: look whether a journal is what was written, save what can be saved, fold it again."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="Look at a park's journal, repair it, fold it again.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")]
ParkName = Annotated[str, typer.Option("--park", help="Name of the park.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")]
_SHOWN = 50
_STYLES = {"damage": "bold red", "notice": "dim", "skipped": "yellow"}


@app.command("verify")
def verify(
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
    deep: Annotated[
        bool, typer.Option("--deep", help="Fold it afresh and compare byte for byte with what was derived.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read every record and compare it with what was written; also beside a running station."""
    from console.journal.look import look
    from console.logs import set_up_logs

    set_up_logs("console")
    findings = asyncio.run(look(data, park, deep=deep))
    if as_json:
        typer.echo(orjson.dumps(findings.plain()).decode())
    else:
        _show_counts(findings.plain())
        _show_found(findings.plain()["found"])
        console = Console(soft_wrap=True, highlight=False)
        console.print("[green]sound[/]" if findings.sound else "[bold red]damaged[/]")
    if not findings.sound:
        raise typer.Exit(1)


@app.command("repair")
def repair_journal(
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Save what can be saved of a damaged journal; the damaged files are kept beside."""
    _mend(data, park, again=False, dry_run=dry_run, as_json=as_json)


@app.command("fold")
def fold(
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Drop what was derived, as far back as it can be folded, and fold it again with this release."""
    _mend(data, park, again=True, dry_run=dry_run, as_json=as_json)


def _mend(data: Path, park: str, *, again: bool, dry_run: bool, as_json: bool) -> None:
    from console.journal.repair import repair
    from console.logs import set_up_logs

    set_up_logs("console")
    report = asyncio.run(repair(data, park, again=again, dry_run=dry_run))
    if as_json:
        typer.echo(orjson.dumps(report.plain()).decode())
        return
    for line in report.lines():
        typer.echo(line)
    if not report.changed:
        typer.echo("nothing is damaged; nothing was changed")
    elif dry_run:
        typer.echo("nothing was changed yet: run it again without --dry-run")
    else:
        typer.echo("done; the station can be started")


def _show_counts(plain: dict[str, object]) -> None:
    table = Table("topic", "records", "bytes", "head", "end")
    topics = plain["topics"]
    assert isinstance(topics, dict)
    for topic, count in topics.items():
        table.add_row(topic, *(f"{count[name]:,}" for name in ("records", "bytes", "head", "end")))
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"park {plain['park']}, journal {plain['journal']}")
    console.print(table)
    snapshots = plain["snapshots"]
    assert isinstance(snapshots, list)
    for position in snapshots:
        console.print(f"snapshot at {position}", markup=False)


def _show_found(found: list[dict[str, str]]) -> None:
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False)
    for one in found[:_SHOWN]:
        style = _STYLES[one["severity"]]
        console.print(f"[{style}]{one['severity']}[/] {escape(one['where'])}: {escape(one['what'])}")
        if one["advice"]:
            console.print(f"  {escape(one['advice'])}")
    if len(found) > _SHOWN:
        console.print(f"and {len(found) - _SHOWN} more: see --json")
