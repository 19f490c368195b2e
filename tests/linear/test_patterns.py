"""Every pattern of the package takes a time that is in proportion to the text, or has a bound in front of it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import leadway_provider
from tests.linear.work import KINDS, LADDER, grows_too_fast, repeated

PACKAGE = Path(leadway_provider.__file__).parent
BOUNDED = {
    "contacts.number": 400,
    "contacts.phone": 100,
    "contacts.country": 300,
    "contacts.identity": 254,
    "contacts.text._HOST": 253,
    "policies._NUMBER": 100,
}
"""The most characters that a module lets its patterns see. Some of them take a time that grows with the square."""
UNREAD = ("leadway_provider.store.migrations.env", "leadway_provider.plugin.airflow", "leadway_provider.cli")


def patterns() -> Iterator[tuple[str, re.Pattern[str], tuple[str, ...]]]:
    """Every pattern of the package's modules, and how it is used.

    Those are the patterns that modules have, and those that are written where they are used.
    """
    for module in pkgutil.walk_packages([str(PACKAGE)], "leadway_provider."):
        if module.ispkg or module.name.startswith(UNREAD):
            continue
        short = module.name.removeprefix("leadway_provider.")
        file = PACKAGE / f"{short.replace('.', '/')}.py"
        source = file.read_text()
        for name, value in vars(importlib.import_module(module.name)).items():
            found = value if isinstance(value, tuple) else (value,)
            is_searched = re.search(rf"\b{name}\.(search|sub|subn|finditer|findall|split)\b|re\.\w+\({name}\b", source)
            how = ("match", "search") if is_searched else ("match",)
            yield from ((f"{short}.{name}", each, how) for each in found if isinstance(each, re.Pattern))
        for call in written_in(file):
            if isinstance(call, ast.Constant) and isinstance(call.value, str):
                yield f"{short}:{call.lineno}", re.compile(call.value), ("match", "search")


def written_in(file: Path) -> Iterator[ast.expr]:
    """The pattern of every call of `re.sub`, `re.match` and so on in a file, but for `re.compile`."""
    for each in ast.walk(ast.parse(file.read_text())):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.args:
            module, function = each.func.value, each.func.attr
            if isinstance(module, ast.Name) and module.id == "re" and function not in {"compile", "escape"}:
                yield each.args[0]


def slow(pattern: re.Pattern[str], uses: tuple[str, ...], most: int | None = None) -> str | None:
    """Return what a text is made of that the pattern takes long for: many of a sign, or another kind, with an odd end.

    Args:
        pattern: the pattern.
        uses: how it is used.
        most: the most characters that it sees, or None where there is no bound.
    """
    sizes = [size for size in LADDER if most is None or size < most] + ([] if most is None else [most])
    for unit in {*KINDS.values(), *pattern.pattern}:
        for before in ("", '"', "+1"):
            for how, size in product(uses, sizes):
                if grows_too_fast(getattr(pattern, how), lambda length: f"{before}{repeated(unit, length)}\0", size):  # noqa: B023 - it is called here
                    return f"{before}{unit}"
    return None


def test_every_pattern() -> None:
    """Neither at the beginning of a text nor anywhere in it."""
    found = {}
    every = list(patterns())
    assert len(every) > 40
    for name, pattern, uses in every:
        bound = next((most for part, most in BOUNDED.items() if name.startswith(part)), None)
        if text := slow(pattern, uses, bound):
            found[name] = text
    assert found == {}


def test_patterns_are_not_made_of_what_others_wrote() -> None:
    """Each is written in the code, but for one that has a parameter's name in it, which the query's text has too."""
    made = {
        (str(file.relative_to(PACKAGE)), ast.unparse(each))
        for file in PACKAGE.rglob("*.py")
        for each in written_in(file)
        if not isinstance(each, ast.Constant) and not (isinstance(each, ast.Name) and each.id.isupper())
    }
    assert made == {("source/statement.py", "written")}


@pytest.mark.parametrize("bad", [r"(a+)+b", r"\A(?:https?://)?(.*?)/*\Z", r"\d+x", r"\s*\Z", r"(a|a)*b", r"a*a*b"])
def test_a_bad_pattern_is_found(bad: str) -> None:
    """Those that are tried here take a time that grows with the square, or much faster."""
    assert slow(re.compile(bad, re.DOTALL), ("match", "search"))


@pytest.mark.parametrize("good", [r"[^/?#]*", r"a+b?", r"\D", r"(?:\A|(?<=[;,|]))(?=[^\w;,|=]*=)"])
def test_a_good_pattern_is_not_found(good: str) -> None:
    """Their time is in proportion to the text."""
    assert slow(re.compile(good, re.DOTALL), ("match", "search")) is None
