"""The command that makes a client's key for the checkout API: api-key."""

from typing import Annotated

import typer

from settings import PREFIX
from starter.commands.terminal import AsJson, facts, fail, out, print_json
from starter.keys import ApiKeys, Scope, key_hash, new_key

_SCOPES = f"{Scope.START}+{Scope.READ}"


def register(app: typer.Typer) -> None:
    app.command("api-key")(api_key)


def api_key(
    client: Annotated[str, typer.Argument(help="Who will hold it, as the audit log names it.")],
    *,
    scopes: Annotated[
        str, typer.Option(help=f"What it may do: {', '.join(Scope)}, joined by +.")
    ] = _SCOPES,
    until: Annotated[
        str | None, typer.Option(help="Its last day in Jakarta, such as 2027-01-31.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a random key, shown this once, and the entry by which the API knows it."""
    key = new_key()
    entry = ":".join((client, key_hash(key), scopes, *((until,) if until else ())))
    try:
        ApiKeys.parse((entry,))
    except ValueError as error:
        fail(str(error).removeprefix("entry 1 "))
    if as_json:
        print_json({"key": key, "entry": entry})
        return
    table = facts(f"A key for {client}")
    table.add_row("key", key)
    table.add_row(f"in {PREFIX}API_KEYS", entry)
    out.print(table)
    out.print("The key is kept nowhere: hand it over now. Add the entry, and restart the API.")
