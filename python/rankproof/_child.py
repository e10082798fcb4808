"""The command line in a process of its own, so that an interrupt ends it at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

# The package that is imported here, wherever the process is started.
_CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from rankproof import _child; _child.main()"
# Begins the line by which the process tells of an exception.
_MARK = "rankproof raised "
_EXCEPTIONS: Mapping[str, type[Exception]] = {
    one.__name__: one
    for one in (ValueError, OSError, FileNotFoundError, PermissionError, IsADirectoryError)
}


class Finished(NamedTuple):
    """What came of a command: its exit status, and what it printed."""

    status: int
    text: str


def main() -> NoReturn:
    """Run the command that the arguments name; an exception becomes a line of standard error."""
    import signal

    from rankproof import _native

    # Python's own handler would wait for the end of the call.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        status = _native.command(["rankproof", *sys.argv[1:]])
    except Exception as error:
        print(_MARK + json.dumps([type(error).__name__, str(error)]), file=sys.stderr)
        status = 2
    sys.exit(status)


def run(arguments: Sequence[str]) -> Finished:
    """Run a command of the command line.

    What it says on standard error meanwhile is passed on. An interrupt, or any other exception that
    is raised here meanwhile, ends the process.

    Parameters
    ----------
    arguments
        Without the name of the program.

    Raises
    ------
    ValueError
        If the arguments or the input are wrong, with the sentence of the command line.
    OSError
        If a file is not there, or cannot be read or written.
    RuntimeError
        If the process ended in another way.
    """
    if not sys.executable:
        raise RuntimeError("this Python does not know its own program, which runs the command line")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    process: subprocess.Popen[str] | None = None
    # What is printed goes to a file, so that only standard error is to be heard.
    with tempfile.TemporaryFile() as out:
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _CODE, package, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
            said = _heard(process)
            status = process.wait()
        except BaseException:
            if process is not None:
                _end(process)
            raise
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if status in (0, 1):
        return Finished(status, text)
    raise _exception(status, said)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, and end it if it does not."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _heard(process: subprocess.Popen[str]) -> str:
    """Show what is no error, and return what is: errors are the last that is said."""
    said: list[str] = []
    assert process.stderr is not None
    with process.stderr as stream:
        for line in stream:
            if said or line.startswith((_MARK, "error: ")):
                said.append(line)
            else:
                sys.stderr.write(line)
    return "".join(said)


def _exception(status: int, said: str) -> Exception:
    if said.startswith(_MARK):
        name, sentence = json.loads(said.removeprefix(_MARK))
        return _EXCEPTIONS.get(name, RuntimeError)(sentence)
    if status == 2 and said.startswith("error: "):
        # Arguments that do not parse; then comes how the command is used.
        return ValueError(said.removeprefix("error: ").split("\n\nUsage:")[0].strip())
    return RuntimeError(f"the command line ended with status {status}: {said.strip()}")
