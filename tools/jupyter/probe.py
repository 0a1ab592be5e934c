"""Drives the Deno kernel as JupyterLab does and prints what happened as one JSON object.

usage: probe.py queue | interrupt | import, in the folder where the kernel is to start
"""

import json
import sys
import time

from jupyter_client.manager import KernelManager

PATIENCE = 60  # seconds for anything that should take much less


def start():
    manager = KernelManager(kernel_name="deno")
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


SLEEP = 30  # seconds that a cell would take if nothing stopped it


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


def main():
    manager, client = start()
    try:
        if sys.argv[1] == "queue":
            report = queue(client)
        elif sys.argv[1] == "interrupt":
            report = interrupt(manager, client)
        else:
            report = run(
                client,
                'import { createRandom, inNotebook } from "detailclip";\n'
                "[createRandom(7).integer(3, 3), inNotebook()].join()",
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(json.dumps(report))


main()
