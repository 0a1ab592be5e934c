"""Runs one notebook on the Deno kernel and writes the executed copy.

usage: run_notebook.py TARGET FAILED FOLDER TIMEOUT
The notebook comes as one line on standard input, which stays open: when it is closed, by whoever started this or by
the end of that process, the run stops and leaves nothing. Else the executed copy goes to TARGET, or to FAILED when the
run did not end well. The kernel starts in FOLDER; TIMEOUT is in seconds for the whole notebook, "inf" for no limit.
Each line printed is a JSON object. While the run goes on it says which cell runs, {"cell": 2, "of": 9, "line": its
first}, and what the cell's progress bar says, {"stage": …}; the last line is {"error": null} or what went wrong, and
where. Cells are counted as a reader counts them: code only, and without the one that sets parameters.
"""

import asyncio
import json
import math
import os
import re
import sys
import threading
import time
from contextlib import suppress

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ANSI = re.compile(r"\x1b\[[0-9;]*m")
STOPPED = 130  # the exit status


INJECTED = "injected-parameters"  # tag of the cell that sets parameters
STAGE_SECONDS = 0.5  # the least time between two lines about a stage


def tell(**said):
    print(json.dumps(said), flush=True)


def is_run(cell):
    return cell.cell_type == "code" and bool(cell.source.strip())


def is_injected(cell):
    return INJECTED in cell.metadata.get("tags", [])


class Runner(NotebookClient):
    """Runs cells and tells of it. The cell that sets parameters gets no number: that of others is the reader's."""

    running = None
    told = 0.0

    async def async_execute_cell(self, cell, cell_index, execution_count=None, store_history=True):
        if not is_run(cell):
            return await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        self.running = cell
        cells = [each for each in self.nb.cells if is_run(each) and not is_injected(each)]
        if not is_injected(cell):
            line = cell.source.strip().split("\n")[0]
            tell(cell=self.code_cells_executed + 1, of=len(cells), line=line)
            return await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        executed = self.code_cells_executed
        try:
            return await super().async_execute_cell(cell, cell_index, None, store_history=False)
        finally:
            self.code_cells_executed = executed
            cell.execution_count = None

    def process_message(self, msg, cell, cell_index):
        data = msg["content"].get("data", {}) if msg["msg_type"].endswith("display_data") else {}
        if "<progress" in data.get("text/html", "") and time.monotonic() - self.told >= STAGE_SECONDS:
            self.told = time.monotonic()
            tell(stage=data.get("text/plain", ""))
        return super().process_message(msg, cell, cell_index)

    def place(self):
        """The cell that was running: its number, where it has one, and its source."""
        if self.running is None:
            return {"cell": None, "source": ""}
        number = None if is_injected(self.running) else self.code_cells_executed
        return {"cell": number, "source": self.running.source}


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
    if hasattr(os, "setpgrp") and os.getsid(0) != os.getpid():  # who leads a session has a group of its own
        os.setpgrp()  # Ctrl-C is for the task to hear, which closes the input; nbclient would take it for a dead kernel
    notebook = nbformat.reads(sys.stdin.buffer.readline().decode(), as_version=4)
    client = Runner(
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
        report |= client.place()
    tell(**report)


main(*sys.argv[1:])
