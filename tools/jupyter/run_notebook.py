"""Runs one notebook on the Deno kernel and writes the executed copy.

usage: run_notebook.py INPUT OUTPUT FOLDER TIMEOUT
INPUT and OUTPUT may be the same file; the kernel starts in FOLDER; TIMEOUT is in seconds for the whole
notebook, "inf" for no limit. The last line printed is a JSON object: {"error": null} or what went wrong, and where.
"""

import asyncio
import json
import math
import os
import re
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def failing_cell(notebook):
    """The 1-based place of the cell that was running, and its source."""
    for index, cell in reversed(list(enumerate(notebook.cells, 1))):
        if cell.cell_type == "code" and (cell.outputs or "execution" in cell.metadata):
            return index, cell.source
    return None, ""


async def execute(client, timeout):
    run = asyncio.ensure_future(client.async_execute())
    limit = timeout if math.isfinite(timeout) else None
    finished, _ = await asyncio.wait({run}, timeout=limit)
    if not finished:
        run.cancel()  # ends the kernel; what nbclient then raises says less than the line below
        await asyncio.gather(run, return_exceptions=True)
        return f"Timeout: the notebook was still running after {timeout:g} s"
    try:
        run.result()
    except CellExecutionError as error:
        return str(error.traceback) or f"{error.ename}: {error.evalue}"
    except Exception as error:  # a kernel that died, or did not start
        return f"{type(error).__name__}: {error}"
    return None


def write_atomic(notebook, path):
    temporary = f"{path}.{os.getpid()}.tmp"
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)


def main(source, target, folder, timeout):
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="deno",
        timeout=None,
        startup_timeout=120,
        resources={"metadata": {"path": folder}},
    )
    error = asyncio.run(execute(client, float(timeout)))
    write_atomic(notebook, target)
    report = {"error": None}
    if error is not None:
        cell, text = failing_cell(notebook)
        report = {"error": ANSI.sub("", error), "cell": cell, "source": text}
    print(json.dumps(report))


main(*sys.argv[1:])
