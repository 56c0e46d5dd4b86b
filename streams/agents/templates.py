"""Mail templates: which files there are, which one a message takes, and filling it in.

A template is two files, `NAME.LANGUAGE.html` and `NAME.LANGUAGE.txt`; the text begins with a line `Subject: …`. A variant of an A/B test
may have its own, `NAME.VARIANT.LANGUAGE.html` or `.txt`, and has the others' where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import jinja2.nodes
from jinja2 import meta

from streams.agents.message import BadMessage

SHIPPED = Path(__file__).parent.parent / "templates"
FALLBACK = "en"
ENDINGS = ("txt", "html")

_FILE = re.compile(r"([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\.([a-z]{2,3})\.(html|txt)")
_SUBJECT = "Subject: "


class Chosen(NamedTuple):
    """The files a message takes."""

    language: str
    text: str
    html: str


class Filled(NamedTuple):
    """`subject` as the template wrote it: what customers supplied is not yet made harmless for a header."""

    subject: str
    text: str
    html: str


class Templates:
    """Reads files when they are first used, and keeps them."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: its files come before the shipped ones of the same name."""
        folders = [str(each) for each in (folder, SHIPPED) if each is not None]
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._files = frozenset(self._jinja.list_templates(filter_func=lambda name: _FILE.fullmatch(name) is not None))
        self._chosen: dict[tuple[str, str | None, str | None], Chosen] = {}

    def names(self) -> set[str]:
        return {match[1] for match in map(_FILE.fullmatch, self._files) if match}

    def languages(self, template: str, variant: str | None = None) -> list[str]:
        """In which it is there whole, English first: who speaks another gets the first."""
        found = {match[3] for match in map(_FILE.fullmatch, self._files) if match and match[1] == template}
        whole = (language for language in found if self._pair(template, variant, language) is not None)
        return sorted(whole, key=lambda language: (language != FALLBACK, language))

    def halves(self, template: str) -> list[str]:
        """Files that are missing beside one that is there: a text without HTML is never used, nor the other way round."""
        missing: list[str] = []
        for name in sorted(self._files):
            match = _FILE.fullmatch(name)
            if match and match[1] == template and self._pair(template, match[2], match[3]) is None:
                missing.append(f"{name.rpartition('.')[0]}.{'txt' if match[4] == 'html' else 'html'}")
        return missing

    def choose(self, template: str, variant: str | None, language: str | None) -> Chosen:
        """In the language, else in one that it is there in. Raises BadMessage (no_template)."""
        asked = (template, variant, language)
        if asked not in self._chosen:
            self._chosen[asked] = self._choose(*asked)
        return self._chosen[asked]

    def fill(self, chosen: Chosen, text_values: Mapping[str, Any], html_values: Mapping[str, Any]) -> Filled:
        """Raises BadMessage (bad_template)."""
        text, html = self._render(chosen.text, text_values), self._render(chosen.html, html_values)
        first, _, rest = text.lstrip().partition("\n")
        if not first.startswith(_SUBJECT):
            raise BadMessage("bad_template", f"the template {chosen.text} must begin with a line `{_SUBJECT}…`")
        return Filled(first.removeprefix(_SUBJECT), rest.strip("\n") + "\n", html)

    def names_used(self, template: str) -> Iterator[tuple[str, int, str]]:
        """(file, line, name) of each name that its files, and what they include, take from outside. Raises BadMessage."""
        told: set[tuple[str, int, str]] = set()
        for name in sorted(self._files):
            match = _FILE.fullmatch(name)
            if match and match[1] == template:
                for part in self._with_parts(name):
                    tree = self._parse(part)
                    try:
                        told |= {(part, line, each) for line, each in _from_outside(tree)}
                    except jinja2.TemplateSyntaxError as error:  # an unknown filter, which is not seen when it is parsed
                        raise _wrong(part, error) from error
        yield from sorted(told)

    def _choose(self, template: str, variant: str | None, language: str | None) -> Chosen:
        for each in ([] if language is None else [language]) + self.languages(template, variant):
            pair = self._pair(template, variant, each)
            if pair is not None:
                return Chosen(each, *pair)
        there = f"{template}.{FALLBACK}.html" in self._files
        raise BadMessage("no_template", f"the template {template}.{FALLBACK}.{'txt' if there else 'html'} is missing")

    def _pair(self, template: str, variant: str | None, language: str) -> tuple[str, str] | None:
        found: list[str] = []
        for ending in ENDINGS:
            names = (f"{template}.{language}.{ending}",) if variant is None else (
                f"{template}.{variant}.{language}.{ending}", f"{template}.{language}.{ending}",
            )  # fmt: skip
            found += [name for name in names if name in self._files][:1]
        return (found[0], found[1]) if len(found) == len(ENDINGS) else None

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        try:
            return self._jinja.get_template(name).render(values)
        except jinja2.TemplateSyntaxError as error:
            raise _wrong(error.name or name, error) from error
        except jinja2.TemplateNotFound as error:
            raise BadMessage("no_template", f"the template {error.name} is missing") from error
        except Exception as error:  # a template can divide by zero, call what is no function, and so on
            raise BadMessage("bad_template", f"the template {_place(error, name)}: {error}") from error

    def _with_parts(self, name: str) -> Iterator[str]:
        """The file, and those it extends, includes or imports by a name that stands in it."""
        waiting, seen = [name], set[str]()
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                yield each
                waiting += [other for other in meta.find_referenced_templates(self._parse(each)) if other is not None]

    def _parse(self, name: str) -> jinja2.nodes.Template:
        loader = self._jinja.loader
        assert loader is not None
        try:
            return self._jinja.parse(loader.get_source(self._jinja, name)[0], name)
        except jinja2.TemplateSyntaxError as error:
            raise _wrong(name, error) from error
        except jinja2.TemplateNotFound as error:
            raise BadMessage("no_template", f"the template {error.name} is missing") from error
        except UnicodeDecodeError as error:
            raise BadMessage("bad_template", f"the template {name} is not UTF-8 text (byte {error.start})") from error


def _from_outside(tree: jinja2.nodes.Template) -> Iterator[tuple[int, str]]:
    """(line, name) of what a file takes from outside, but where it only asks whether it is there."""
    names = meta.find_undeclared_variables(tree)
    for imported in tree.find_all(jinja2.nodes.FromImport):
        names -= {each if isinstance(each, str) else each[1] for each in imported.names}
    asked = {id(test.node) for test in tree.find_all(jinja2.nodes.Test) if test.name in ("defined", "undefined")}
    for node in tree.find_all(jinja2.nodes.Name):
        if node.name in names and id(node) not in asked:
            yield node.lineno, node.name


def _wrong(name: str, error: jinja2.TemplateSyntaxError) -> BadMessage:
    return BadMessage("bad_template", f"the template {name}, line {error.lineno}: {error.message}")


def _place(error: BaseException, name: str) -> str:
    """The file and line that a fault happened on, as Jinja writes them into the traceback."""
    trace, found = error.__traceback__, name
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith((".html", ".txt", ".j2")):
            found = f"{Path(file).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
