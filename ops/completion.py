"""The command `completion`: prints a script that completes commands and options in a shell."""

import argparse

from rich.console import Console

from ops.commands import COMMANDS, PROGRAM, Entry
from ops.printing import write

SHELLS = ("bash", "zsh")
# zsh reads completions of bash after these lines. The first is for who has no completion yet.
_ZSH = """\
(( $+functions[compdef] )) || { autoload -U +X compinit && compinit -i; }
autoload -U +X bashcompinit && bashcompinit
"""
_SCRIPT = """\
# Completion of {program}. In this shell: source <({program} completion {shell})
_image_scan() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words="{commands} --help"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _image_scan {program} image-scan
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prints a script that completes commands and options. Source it in the start file of the "
        "shell."
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")


def run(arguments: argparse.Namespace, _: Console) -> int:
    write(script(arguments.shell))
    return 0


def script(shell: str) -> str:
    cases = [
        f'      {name}) words="{" ".join(_words(entry))}" ;;' for name, entry in COMMANDS.items()
    ]
    text = _SCRIPT.format(
        program=PROGRAM, shell=shell, commands=" ".join(COMMANDS), cases="\n".join(cases)
    )
    return (_ZSH if shell == "zsh" else "") + text


def _words(entry: Entry) -> list[str]:
    """Returns the options of a command, and the values of arguments that have a choice."""
    parser = argparse.ArgumentParser()
    entry.function(entry.configure)(parser)
    options = [name for action in parser._actions for name in action.option_strings]
    choices = [
        str(each)
        for action in parser._actions
        if not action.option_strings
        for each in action.choices or ()
    ]
    return [*choices, *(each for each in options if each.startswith("--"))]
