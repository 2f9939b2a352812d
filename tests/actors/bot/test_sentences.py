"""Numbers choose their words, and what the service says in English is said in Russian too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import errors
from actors.bot.texts import Words
from actors.bot.texts.grammar import plural
from actors.bot.texts.sentences import english, russian
from actors.errors import BadUrl, NothingToDo, Unreachable, VankaError

ROOT = Path(__file__).resolve().parents[3]
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, VankaError)} - {
    "BadSetting",
    "BadUsage",
    "NoService",
}  # told in a terminal only
ELSEWHERE = ("actors/cli", "actors/bot/wire", "actors/bot/telegram.py", "actors/bot/terminal.py")
TELLING = {"ServiceNotice", "_tell_once", "_notice", "on_notice", "Disk"}
GAP = "7"
# words of a tool, of git or of Telegram stand alone in these
THEIRS = {"7", "7 failed: 7", "7: 7", "7: 7 failed", "7 7 the project 7"}


def raised() -> Iterator[tuple[str, str]]:
    """Every sentence of an error that the chat may show - what went wrong, what to do - with 7 in its gaps."""
    for file in sorted((ROOT / "actors").rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if path.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                for said in node.args[:2]:
                    sentence = filled(said)
                    if sentence:
                        yield f"{path}:{node.lineno}", sentence


def told() -> Iterator[tuple[str, str]]:
    """Every sentence that the service tells administrators of itself, with 7 in its gaps."""
    for file in sorted([*(ROOT / "actors").rglob("*.py"), *(ROOT / "runtime").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TELLING:
                for said in node.args:
                    if " " in filled(said):
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", filled(said)


def filled(said: ast.expr) -> str:
    """A literal sentence; empty for what is put together elsewhere."""
    if isinstance(said, ast.Constant):
        return str(said.value)
    if isinstance(said, ast.JoinedStr):
        text = ""
        for part in said.values:
            # a gap right after a word holds what a tool said, with a colon before it
            text += str(part.value) if isinstance(part, ast.Constant) else f": {GAP}" if text[-1:].isalpha() else GAP
        return text
    return ""


def test_every_error_that_the_chat_may_show_has_its_russian() -> None:
    unknown = [(where, said) for where, said in raised() if said not in THEIRS and russian(said) is None]
    assert not unknown, "say these in Russian in actors/bot/texts/ru_said.py, ru_source.py, ru_hints.py"
    assert len(list(raised())) > 200


def test_no_error_in_the_chat_tells_a_reader_to_type_a_command_of_a_terminal() -> None:
    for where, said in raised():
        for told in (english(said) or "", russian(said) or ""):
            if "--command" not in said and "vanka backup" not in said:  # these are raised to the command line only
                assert not re.search(r"`|\bvanka [a-z]|--\w", told), f"{where}: {told}"


def test_an_error_begins_with_a_capital_unless_with_a_name() -> None:
    assert Words("en").error(BadUrl("that is no address of a repository")) == "⚠️ That is no address of a repository."
    assert Words("en").error(Unreachable("shop does not answer")) == "⚠️ shop does not answer."


def test_what_the_service_tells_of_itself_has_its_russian() -> None:
    unknown = [(where, said) for where, said in told() if russian(said) is None]
    assert not unknown, "say these in Russian in actors/bot/texts/ru_service.py"
    assert len(list(told())) > 8


@pytest.mark.parametrize(
    "said",
    [
        "cannot listen on 127.0.0.1:80: Permission denied. Another program may have this port. Choose another one with "
        "VANKA_HTTP=host:port, or VANKA_HTTP=off. Everything else works; it is tried again every 30 s.",
        "The database had damaged pages: row 7. The copy of 2026-01-02 03:04:05 UTC was restored: what was "
        "saved in the "
        "2 hours after it is lost. What was left of it is kept in /home/aside.",
        "shop: version 7 is in place, and nothing is on record of it. Deploy once: vanka deploy shop",
        "/home/projects/7 belongs to a project that is not on record any more: add it again, and take from there what "
        "you need.",
    ],
)
def test_a_longer_word_from_the_service_is_russian_too(said: str) -> None:
    found = russian(said)
    assert found is not None
    assert not re.search(r"\b(the|this|was|is|are|of)\b", found)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("verify: the program ended with 7 after 0.0 s", "проверка: программа завершилась с кодом 7 через 0,0 с"),
        ("shop was never deployed", "проект shop ещё не развёрнут"),
        (
            "'/etc' cannot be a project's path: it belongs to the system",
            "«/etc» не годится для проекта: эта папка системная",
        ),
        ("cancelled by telegram:42", "прервано в чате"),
        ("verify: something new", "проверка: something new"),
        ("words of a tool", None),
        ("", None),
    ],
)
def test_a_sentence_is_found_by_its_words_and_keeps_its_values(said: str, expected: str | None) -> None:
    assert russian(said) == expected


def test_an_error_says_what_and_what_to_do_in_the_readers_language() -> None:
    error = NothingToDo("shop has no test run", "Start one with `vanka test shop`.")
    assert Words("ru").error(error) == "⚠️ У проекта shop нет теста. Сначала запустите тест."
    assert Words("en").error(error) == "⚠️ shop has no test run. Start a test first."
    unknown = Unreachable("the moon is away", "Wait.")
    assert Words("ru").error(unknown) == "⚠️ Репозиторий недоступен.\n<i>the moon is away</i>"


@pytest.mark.parametrize(
    ("count", "word"),
    [(0, "версий"), (1, "версия"), (2, "версии"), (5, "версий"), (11, "версий"), (21, "версия"), (112, "версий")],
)
def test_a_number_chooses_its_word(count: int, word: str) -> None:
    assert plural(count, "версия", "версии", "версий") == word


def test_durations_and_sizes_are_written_as_the_language_does() -> None:
    ru, en = Words("ru"), Words("en")
    assert (ru.duration(86_400), ru.duration(2 * 86_400), ru.duration(5 * 86_400)) == ("1 день", "2 дня", "5 дней")
    assert (ru.took(0.34), en.took(0.34)) == ("0,3 с", "0.3 s")
    assert (ru.size(1.5 * 1024**3), en.size(1.5 * 1024**3)) == ("1,5 ГБ", "1.5 GB")
