"""Completions for bash and zsh, made from the parser itself, so that they never lag behind it."""

from __future__ import annotations

import argparse
from typing import Any

from actors.cli.arguments import Commands
from actors.cli.context import Context
from actors.errors import VankaError

HIDDEN = "_names"

_BASH = """\
# vanka completion for bash: source <(vanka completion bash)
_vanka() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case $command in
{options}
        esac
        case " {named} " in
            *" $command "*) [ "$COMP_CWORD" -eq 2 ] && words="$words $(vanka {hidden} 2>/dev/null)" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -o default -F _vanka vanka
"""

_ZSH = """\
#compdef vanka
# vanka completion for zsh: source <(vanka completion zsh)
_vanka() {{
    local command=$words[2]
    local -a found
    if (( CURRENT == 2 )); then
        found=({described})
        _describe command found
        return
    fi
    case $command in
{options}
    esac
    case " {named} " in
        *" $command "*) (( CURRENT == 3 )) && found+=(${{(f)"$(vanka {hidden} 2>/dev/null)"}}) ;;
    esac
    compadd -a found
    _files
}}
compdef _vanka vanka
"""


def register(commands: Commands) -> None:
    """Add `completion`, and the hidden command that tells the projects' names."""
    parser = commands.add("completion", lambda context: _print(context, commands), "print a shell's completion script")
    parser.add_argument("shell", choices=("bash", "zsh"))
    commands.hidden(HIDDEN, _names)


def _print(context: Context, commands: Commands) -> int:
    context.show({"script": script(context.args.shell, commands)}, lambda it: it["script"].rstrip("\n"))
    return 0


def script(shell: str, commands: Commands) -> str:
    """The whole script for that shell."""
    parsers = {name: parser for name, parser in commands.parsers.items() if name != HIDDEN}
    if shell == "bash":
        lines = [f'            {name}) words="{" ".join(_options(parser))}" ;;' for name, parser in parsers.items()]
    else:
        lines = [f"        {name}) found=({' '.join(_options(parser))}) ;;" for name, parser in parsers.items()]
    return (_BASH if shell == "bash" else _ZSH).format(
        commands=" ".join(parsers),
        described=" ".join(f"'{name}:{_quoted(parser)}'" for name, parser in parsers.items()),
        options="\n".join(lines),
        named=" ".join(name for name, parser in parsers.items() if name != "add" and _takes_name(parser)),
        hidden=HIDDEN,
    )


def _quoted(parser: argparse.ArgumentParser) -> str:
    return (parser.description or "").replace("'", "'\\''").replace(":", "\\:").rstrip(".")


def _actions(parser: Any) -> list[argparse.Action]:
    actions: list[argparse.Action] = parser._actions
    return actions


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """The long options, and what positional arguments can be chosen from."""
    words = []
    for action in _actions(parser):
        words += [option for option in action.option_strings if option.startswith("--")]
        if not action.option_strings and action.choices:
            words += [str(choice) for choice in action.choices]
    return words


def _takes_name(parser: argparse.ArgumentParser) -> bool:
    return any(action.dest == "name" and not action.option_strings for action in _actions(parser))


def _names(context: Context) -> int:
    """One project a line; nothing where nobody can be asked: a completion must not complain."""
    try:
        names = context.ask("names")
    except VankaError:
        return 1
    context.out.write("".join(f"{name}\n" for name in names))
    return 0
