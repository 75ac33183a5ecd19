"""What workflows tell Temporal to do, in the order of their code: `python -m tests.replay.fingerprint`.

Recorded histories show a changed order of commands only on the paths that were recorded. This is
the code itself, bared to what Temporal hears of it: commands, pauses, and the branches they are on.
Words, timeouts and retries may change freely; what is left out cannot break a run under way.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from local_stack.processes import PROJECT

RECORD = Path(__file__).with_name("fingerprints.json")
WORKFLOWS = PROJECT / "workflows"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Fingerprints = dict[str, list[str]]

# Of what a workflow may call of Temporal, this only looks.
_LOOKS = frozenset(
    {
        "all_handlers_finished",
        "get_last_completion_result",
        "in_workflow",
        "info",
        "now",
        "set_current_details",
    }
)
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)
# They hold other statements: a branch counts when what it holds does.
_BLOCKS = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try)
_BRANCHES = (*_BLOCKS, ast.Match)
_WITH_A_BODY = (*_BLOCKS, ast.ExceptHandler, ast.match_case)
_FOR_PEOPLE = frozenset({"summary", "timeout_summary"})
_WORDS = ast.Constant("…")


def sources() -> dict[str, str]:
    """The code that runs inside of workflows, module by module."""
    code = {path.stem: path.read_text() for path in sorted(WORKFLOWS.glob("*.py"))}
    return {name: text for name, text in code.items() if "temporalio.client" not in text}


def fingerprints(code: Mapping[str, str]) -> Fingerprints:
    """Each function that comes to a command, by itself or by what it calls, bared to that."""
    functions = {
        f"{module}.{name}": function
        for module, text in code.items()
        for name, function in _functions(ast.parse(text))
    }
    steps = _names_of_steps(functions.values())
    return {
        name: _bared(function, steps)
        for name, function in functions.items()
        if _has_step(function, steps)
    }


def record() -> None:
    RECORD.write_text(json.dumps(fingerprints(sources()), indent=1, ensure_ascii=False) + "\n")


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node
            case ast.ClassDef():
                for each in node.body:
                    if isinstance(each, Function):
                        yield f"{node.name}.{each.name}", each


def _names_of_steps(functions: Iterable[Function]) -> frozenset[str]:
    """Functions of these names may come to a command: by name, since it costs little to list more."""
    names: frozenset[str] = frozenset({"cancel"})
    while True:
        found = names | {each.name for each in functions if _has_step(each, names)}
        if found == names:
            return names
        names = found


def _has_step(node: ast.AST, names: frozenset[str]) -> bool:
    return any(_is_step(each, names) for each in ast.walk(node))


def _is_step(node: ast.AST, names: frozenset[str]) -> bool:
    match node:
        case ast.Await():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="workflow"), attr=called)):
            return called not in _LOOKS
        case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"))):
            return True
        case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called)):
            return called in names
        case _:
            return False


def _bared(function: Function, steps: frozenset[str]) -> list[str]:
    bared = map(_Bare(steps).visit, function.body)
    left = [each for each in bared if isinstance(each, ast.stmt)]
    return ast.unparse(ast.fix_missing_locations(ast.Module(left, []))).splitlines()


class _Bare(ast.NodeTransformer):
    """Leaves steps, the branches they are on, and what leaves a branch before the next step."""

    def __init__(self, steps: frozenset[str]) -> None:
        self._steps = steps

    def visit(self, node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.stmt) and not self._counts(node):
            return None
        bare: ast.AST | None = super().visit(node)
        if isinstance(bare, _WITH_A_BODY) and not bare.body:
            bare.body = [ast.Pass()]
        return bare

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return self.generic_visit(node) if _has_step(node, self._steps) else ast.Return()

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        del node
        return ast.Raise()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        spoken = [each for each in node.keywords if each.arg in _FOR_PEOPLE or each.arg is None]
        node.keywords = [each for each in node.keywords if each not in spoken]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return _WORDS if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        del node
        return _WORDS

    def _counts(self, node: ast.stmt) -> bool:
        if _has_step(node, self._steps) or isinstance(node, _LEAVES):
            return True
        held = ast.walk(node) if isinstance(node, _BRANCHES) else ()
        return any(isinstance(each, _LEAVES) for each in held)


if __name__ == "__main__":
    record()
