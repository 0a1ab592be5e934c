"""Runs one notebook on the Deno kernel and writes the executed copy.

usage: run_notebook.py TARGET FAILED FOLDER TIMEOUT
The notebook comes as one line on standard input, which stays open: when it is closed, by whoever started this or by
the end of that process, the run stops and leaves nothing. Else the executed copy goes to TARGET, or to FAILED when the
run did not end well. The kernel starts in FOLDER; TIMEOUT is in seconds for the whole notebook, "inf" for no limit. The
last line printed is a JSON object: {"error": null} or what went wrong, and where.
"""

import asyncio
import json
import math
import os
import re
import sys
import threading
from contextlib import suppress

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ANSI = re.compile(r"\x1b\[[0-9;]*m")
STOPPED = 130  # the exit status


def failing_cell(notebook):
    """The 1-based place of the cell that was running, and its source."""
    for index, cell in reversed(list(enumerate(notebook.cells, 1))):
        if cell.cell_type == "code" and (cell.outputs or "execution" in cell.metadata):
            return index, cell.source
    return None, ""


def input_closed():
    """An event that is set when standard input is closed."""
    closed, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch():
        while os.read(0, 1):  # not sys.stdin, whose lock would be held when this process ends
            pass
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=watch, daemon=True).start()
    return closed


async def execute(client, timeout):
    """Runs the cells; returns what went wrong, for the report, or None."""
    closed = input_closed()
    run = asyncio.ensure_future(client.async_execute())
    stop = asyncio.ensure_future(closed.wait())
    limit = timeout if math.isfinite(timeout) else None
    await asyncio.wait({run, stop}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    if not run.done():
        run.cancel()  # ends the kernel; what nbclient then raises says less than the line below
        await asyncio.gather(run, return_exceptions=True)
        if closed.is_set():
            sys.exit(STOPPED)
        return {"error": f"Timeout: the notebook was still running after {timeout:g} s"}
    stop.cancel()
    try:
        run.result()
    except CellExecutionError as error:
        line = f"{error.ename}: {error.evalue}"
        return {"error": ANSI.sub("", str(error.traceback)) or line, "name": error.ename, "message": error.evalue}
    except Exception as error:  # a kernel that died, or did not start
        return {"error": ANSI.sub("", f"{type(error).__name__}: {error}")}
    return None


def write_atomic(notebook, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)


def main(target, failed, folder, timeout):
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # Ctrl-C is for the task to hear, which closes the input; nbclient would take it for a dead kernel
    notebook = nbformat.reads(sys.stdin.buffer.readline().decode(), as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="deno",
        timeout=None,
        startup_timeout=120,
        resources={"metadata": {"path": folder}},
    )
    report = asyncio.run(execute(client, float(timeout)))
    if report is None:
        write_atomic(notebook, target)
        report = {"error": None}
    else:
        write_atomic(notebook, failed)
        report["cell"], report["source"] = failing_cell(notebook)
    print(json.dumps(report))


main(*sys.argv[1:])
