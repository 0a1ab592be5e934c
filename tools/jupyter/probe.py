"""Drives the Deno kernel as JupyterLab does and prints what happened as one JSON object.

usage: probe.py import | queue | error | stop | interrupt | end [plain], in the folder where the kernel is to start

With "plain" it is Deno's own kernel, without kernel_proxy.py.
"""

import json
import os
import signal
import sys
import time

import psutil
from jupyter_client.manager import KernelManager

PATIENCE = 60  # seconds for anything that should take much less
SLEEP = 30  # seconds that a cell would take if nothing stopped it


def start(plain=False):
    manager = KernelManager(kernel_name="deno")
    if plain:
        _, _, deno, connection_file = manager.kernel_spec.argv
        manager.kernel_spec.argv = [deno, "jupyter", "--kernel", "--conn", connection_file]
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)
    return manager, client


def collect(client, pending):
    """Every message of the cells in `pending`, until all of them are idle."""
    pending = set(pending)
    messages = []
    while pending:
        message = client.get_iopub_msg(timeout=PATIENCE)
        messages.append(message)
        parent = message["parent_header"].get("msg_id")
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            pending.discard(parent)
    return messages


def run(client, code):
    """Runs one cell: its printed text, its result and its error."""
    cell = client.execute(code)
    out = {"stdout": "", "result": None, "error": None}
    for message in collect(client, [cell]):
        if message["parent_header"].get("msg_id") != cell:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            out["stdout"] += content["text"]
        elif message["msg_type"] == "execute_result":
            out["result"] = content["data"].get("text/plain")
        elif message["msg_type"] == "error":
            out["error"] = f"{content['ename']}: {content['evalue']}"
    return out


def queue(client, rounds=20, cells=6):
    """Queues awaiting cells as Run All does; counts results under their own cell and elsewhere."""
    placed = misplaced = 0
    for turn in range(rounds):
        owner = {}
        for cell in range(cells):
            label = f"{turn}/{cell}"
            code = (
                f"await new Promise((done) => setTimeout(done, {5 + (cell * 7) % 20}));\n"
                f"console.log('print {label}');\n'result {label}'"
            )
            owner[client.execute(code)] = label
        for message in collect(client, owner):
            label = owner.get(message["parent_header"].get("msg_id"))
            if message["msg_type"] == "execute_result":
                if f"result {label}" in message["content"]["data"]["text/plain"]:
                    placed += 1
                else:
                    misplaced += 1
            elif message["msg_type"] == "stream" and f"print {label}" not in message["content"]["text"]:
                misplaced += 1
    return {"expected": rounds * cells, "placed": placed, "misplaced": misplaced}


def answers(client, cells):
    """The status of each cell's reply, once all are there and idle."""
    collect(client, cells)
    found = {}
    while not found.keys() >= set(cells):
        message = client.get_shell_msg(timeout=PATIENCE)
        found[message["parent_header"]["msg_id"]] = message["content"]["status"]
    return [found[cell] for cell in cells]


def error(client):
    """Queues five cells of which the second ends with an error, catches it, or asks not to stop at it."""
    run(client, "let ran = [];")

    def run_all(second, **options):
        codes = ["ran = [1]", f"ran.push(2); {second}", "ran.push(3)", "await ran.push(4)", "ran.push(5)"]
        statuses = answers(client, [client.execute(code, **options) for code in codes])
        return {"statuses": statuses, "ran": run(client, "ran.join()")["result"]}

    return {
        "uncaught": run_all("null.property"),
        "again": run_all("await Promise.reject(new Error())"),
        "caught": run_all("try { null.property } catch {}"),
        "unstopped": run_all("null.property", stop_on_error=False),
    }


def stop(manager, client):
    """Stops the first of four cells, by a signal to the process group and by one to the process alone."""
    run(
        client,
        'import { operationSignal } from "detailclip";\n'
        'import { setTimeout as sleep } from "node:timers/promises";\n'
        "let ran = [], signals = 0; Deno.addSignalListener('SIGINT', () => signals++);",
    )
    wait = f"await sleep({SLEEP}_000, 0, {{ signal: operationSignal() }})"
    first = {"fails": wait, "goes on": f"try {{ {wait} }} catch {{}}"}
    pid = manager.provisioner.process.pid
    report = []
    for code in first.values():
        for press in (os.killpg, os.kill):
            cells = [client.execute(f"ran = [1]; console.log('ready'); {code}")]
            cells += [client.execute(f"ran.push({cell})") for cell in (2, 3, 4)]
            while client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "stream":
                pass
            press(pid, signal.SIGINT)
            report.append({"statuses": answers(client, cells), "ran": run(client, "ran.join()")["result"]})
    return {"stops": report, "signals": run(client, "signals")["result"]}


def end(manager, client):
    """How the kernel's process ends when it is ended in a way, and what is left of it and of its children."""
    ways = {
        "exit": lambda: client.execute("Deno.exit(7)"),
        "terminated": lambda: os.kill(manager.provisioner.process.pid, signal.SIGTERM),
        "killed": lambda: os.kill(manager.provisioner.process.pid, signal.SIGKILL),
        "shut down": lambda: client.shutdown(),
    }
    report = {}
    for way, act in ways.items():
        run(client, "new Deno.Command('sleep', { args: ['600'] }).spawn(); 0")
        family = psutil.Process(manager.provisioner.process.pid).children(recursive=True)
        act()
        status = manager.provisioner.process.wait(PATIENCE)
        _, left = psutil.wait_procs(family, timeout=PATIENCE / 6)
        report[way] = {"status": status, "family": len(family), "left": [each.name() for each in left]}
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=PATIENCE)
    return report


def interrupt(manager, client):
    """Stops long awaiting cells, one that listens and one that is deaf, and looks at what is left."""
    setup = run(
        client,
        'import { operationSignal, withInterrupt } from "detailclip";\n'
        'import { setTimeout as sleep } from "node:timers/promises";\n'
        "let kept = 41;",
    )
    listening = f"kept++; console.log('ready'); await sleep({SLEEP}_000, 0, {{ signal: operationSignal() }});"
    deaf = f"kept++; console.log('ready'); await withInterrupt(() => sleep({SLEEP}_000));"
    stopped = []
    for code in (listening, listening, deaf):
        cell = client.execute(code)
        error = pressed = None
        while True:
            message = client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and "ready" in content["text"]:
                pressed = time.monotonic()
                manager.interrupt_kernel()
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                break
        stopped.append({"seconds": time.monotonic() - pressed, "error": error})
    return {
        "setup": setup,
        "sleep": SLEEP,
        "stopped": stopped,
        "after": run(client, "kept"),
        "alive": manager.is_alive(),
    }


def main(what, plain=None):
    manager, client = start(plain is not None)
    try:
        if what in ("stop", "interrupt", "end"):
            report = globals()[what](manager, client)
        elif what in ("queue", "error"):
            report = globals()[what](client)
        else:
            report = run(
                client,
                'import { createRandom } from "detailclip"; import { inNotebook } from "detailclip/runtime";\n'
                "[createRandom(7).integer(3, 3), inNotebook()].join()",
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(json.dumps(report))


main(*sys.argv[1:])
