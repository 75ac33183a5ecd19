"""`python -m starter`: every command, from the modules that have them."""

import typer

from starter.commands import local, operations, payments, serving

app = typer.Typer(
    name="starter",
    help="Start and steer payments, and run what serves them.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback shows local variables, and those may be customers' data.
    pretty_exceptions_enable=False,
)
# A module of commands has `register(app)`; one more is one more name here.
for module in (payments, operations, serving, local):
    module.register(app)

if __name__ == "__main__":
    app(prog_name="python -m starter")
