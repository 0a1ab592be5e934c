"""Stands between Jupyter and the Deno kernel, so that queued cells stop with the cell that stops.

usage: kernel_proxy.py DENO CONNECTION_FILE

Deno runs queued cells one after the other, whatever became of the one before: after Stop or an error the rest
of a Run All goes on with stale variables. Here they wait, and Deno gets one at a time. When one ends with an
error (unless its request says `stop_on_error: false`) or Jupyter interrupts, those that wait are answered
"aborted" and never reach Deno, as Python's own kernel does it. Every other message passes as it is.

Deno runs in a process group of its own, so signals reach it through here only, once each and after the queue
is settled, whether a front end signals this process or its group. It ends with this process, however that ends, and
this process with Jupyter's.
"""

import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from datetime import datetime, timezone

import zmq

DELIMITER = b"<IDS|MSG>"  # after a message's addresses, before its signature and four parts in JSON
HEADER, PARENT, CONTENT = 0, 1, 3
# Seconds for which requests are taken in before a cell's error is told: a front end that sends a whole
# notebook at once may still be sending. Who was told sends later, and is not refused.
GRACE = 0.1
PARENT_SECONDS = 0.25  # between two looks whether Jupyter is still there
PASSING = ("control", "stdin", "hb")  # channels that nothing is held back on
CHANNELS = ("shell", "iopub", *PASSING)


def part(frames, index):
    """One part of a message."""
    return json.loads(frames[frames.index(DELIMITER) + 2 + index])


class Proxy:
    """The sockets towards Jupyter (front) and Deno (back), the cells that wait and the one that runs."""

    def __init__(self, connection):
        self.key = connection["key"].encode()
        self.session = uuid.uuid4().hex
        self.waiting = deque()  # requests of cells that Deno has not seen
        self.refused = []  # those to be answered "aborted" when the running one has ended
        self.running = self.reply = self.idle = None  # the request that Deno has, and the two halves of its end
        self.context = zmq.Context()
        self.front = {name: self.socket(zmq.PUB if name == "iopub" else zmq.ROUTER) for name in CHANNELS}
        self.back = {name: self.socket(zmq.SUB if name == "iopub" else zmq.DEALER) for name in CHANNELS}
        for name in CHANNELS:
            self.front[name].bind(f"tcp://{connection['ip']}:{connection[f'{name}_port']}")

    def socket(self, kind):
        made = self.context.socket(kind)
        made.sndhwm = made.rcvhwm = 0  # nothing is dropped when many messages come at once
        made.reconnect_ivl = 20  # milliseconds
        if kind == zmq.DEALER:
            made.identity = self.session.encode()  # on all the same: a cell's prompt() is asked on stdin
        return made

    def sign(self, parts):
        return hmac.new(self.key, b"".join(parts), "sha256").hexdigest().encode() if self.key else b""

    def message(self, kind, content, parent):
        """A message of the proxy's own, without addresses."""
        date = datetime.now(timezone.utc).isoformat()
        header = {"msg_id": uuid.uuid4().hex, "session": self.session, "username": "kernel", "date": date}
        header |= {"msg_type": kind, "version": "5.3"}
        parts = [json.dumps(each).encode() for each in (header, parent, {}, content)]
        return [DELIMITER, self.sign(parts), *parts]

    def connect(self, kernel, connection):
        """Waits until Deno is heard on iopub too, so that nothing it says to others is missed."""
        self.back["iopub"].subscribe(b"")
        for name in CHANNELS:
            self.back[name].connect(f"tcp://{connection['ip']}:{connection[f'{name}_port']}")
        while kernel.poll() is None and not self.back["iopub"].poll(50):
            self.back["shell"].send_multipart(self.message("kernel_info_request", {}, {}))

    def take_request(self):
        """Takes a request: of a cell, which may have to wait, or another, which passes."""
        frames = self.front["shell"].recv_multipart()
        start = frames.index(DELIMITER) + 1
        if not hmac.compare_digest(frames[start], self.sign(frames[start + 1 : start + 5])):
            return  # as Deno does: nothing is known of who sent it
        if part(frames, HEADER)["msg_type"] == "execute_request":
            self.waiting.append(frames)
            self.run_next()
        else:
            self.back["shell"].send_multipart(frames)

    def run_next(self):
        if self.waiting and not self.running:
            self.running = self.waiting.popleft()
            self.back["shell"].send_multipart(self.running)

    def take_reply(self):
        frames = self.back["shell"].recv_multipart()
        if self.is_of_running(frames):
            self.reply = frames
            self.end_cell()
        elif part(frames, PARENT).get("session") != self.session:
            self.front["shell"].send_multipart(frames)

    def take_output(self):
        frames = self.back["iopub"].recv_multipart()
        status = part(frames, HEADER)["msg_type"] == "status" and part(frames, CONTENT)["execution_state"]
        if status == "idle" and self.is_of_running(frames):
            self.idle = frames
            self.end_cell()
        elif part(frames, PARENT).get("session") != self.session:
            self.front["iopub"].send_multipart(frames)

    def is_of_running(self, frames):
        running = self.running and part(self.running, HEADER)["msg_id"]
        return running is not None and part(frames, PARENT).get("msg_id") == running

    def end_cell(self):
        """Tells the end of the running cell when both halves of it are there, and goes on to the next one."""
        if not (self.reply and self.idle):
            return
        stop_on_error = part(self.running, CONTENT).get("stop_on_error", True)
        if stop_on_error and part(self.reply, CONTENT)["status"] == "error":
            self.refuse_waiting(GRACE)
        self.front["shell"].send_multipart(self.reply)
        self.front["iopub"].send_multipart(self.idle)
        self.running = self.reply = self.idle = None
        for request in self.refused:
            self.answer_aborted(request)
        self.refused = []
        self.run_next()

    def refuse_waiting(self, seconds):
        """Gives up the cells that wait for the running one, and those that come within the time."""
        deadline = time.monotonic() + seconds
        while self.running and self.front["shell"].poll(max(0, deadline - time.monotonic()) * 1000):
            self.take_request()
        self.refused.extend(self.waiting)
        self.waiting.clear()

    def answer_aborted(self, request):
        parent, addresses = part(request, HEADER), request[: request.index(DELIMITER)]
        busy, idle = (self.message("status", {"execution_state": state}, parent) for state in ("busy", "idle"))
        reply = self.message("execute_reply", {"status": "aborted"}, parent)
        self.front["iopub"].send_multipart(busy)
        self.front["shell"].send_multipart(addresses + reply)
        self.front["iopub"].send_multipart(idle)

    def serve(self, kernel, events):
        """Passes messages and signals on until the kernel has ended and its last words are told."""
        front, back = self.front, self.back

        def passing(source, target):
            return lambda: target.send_multipart(source.recv_multipart())

        def take_events():
            for number in filter(None, events.recv(64)):
                if number == signal.SIGINT:
                    self.refuse_waiting(0)
                with suppress(ProcessLookupError):
                    os.killpg(kernel.pid, number)

        from_deno = {back["shell"]: self.take_reply, back["iopub"]: self.take_output}
        from_deno |= {back[name]: passing(back[name], front[name]) for name in PASSING}
        take = from_deno | {front["shell"]: self.take_request, events.fileno(): take_events}
        take |= {front[name]: passing(front[name], back[name]) for name in PASSING}
        poller = zmq.Poller()
        for source in take:
            poller.register(source, zmq.POLLIN)
        while kernel.returncode is None:
            for source, _ in poller.poll():
                take[source]()
        for source, take_last in from_deno.items():
            while source.poll(20):
                take_last()
        for source in from_deno:
            source.close(linger=0)
        self.context.destroy(linger=1000)  # milliseconds for a slow reader


def listen_to_signals():
    """A socket with a byte for each signal, which from now on does nothing else; and where to tell it more."""
    events, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return events, tell


def own_connection(connection, path):
    """Writes a connection file for Deno: other ports, the same key, so that messages keep their signatures."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in CHANNELS]
    ports = {f"{name}_port": each.getsockname()[1] for name, each in zip(CHANNELS, held)}
    for each in held:
        each.close()
    own = {**connection, "transport": "tcp", "ip": "127.0.0.1", **ports}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(own, file)
    return own


def start(deno, path, tell):
    """Starts the kernel, tells when it ends, and sees to it that it ends with this process."""
    kernel = subprocess.Popen([deno, "jupyter", "--kernel", "--conn", path], start_new_session=True)
    threading.Thread(target=lambda: (kernel.wait(), tell.send(b"\0")), daemon=True).start()
    if os.name == "posix":
        pipe, _ = os.pipe()  # its other end closes when this process is gone, killed or not
        end = ["sh", "-c", 'read -r _; kill -KILL "-$0" 2> /dev/null', str(kernel.pid)]
        subprocess.Popen(end, stdin=pipe, start_new_session=True)
    return kernel


def end_with(parent):
    """Ends this process, and Deno with it, when Jupyter was killed and so could not end it."""

    def watch():
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(deno, connection_file):
    end_with(os.getppid())
    events, tell = listen_to_signals()
    with open(connection_file) as file:
        connection = json.load(file)
    proxy = Proxy(connection)
    path = f"{connection_file}.deno"
    own = own_connection(connection, path)
    kernel = start(deno, path, tell)
    try:
        proxy.connect(kernel, own)
    finally:
        os.remove(path)
    proxy.serve(kernel, events)
    code = kernel.returncode
    sys.exit(code if code >= 0 else 128 - code)


main(*sys.argv[1:])
