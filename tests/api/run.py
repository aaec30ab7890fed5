#!/usr/bin/env python3
"""Drives the server with schemathesis over its own OpenAPI document.

Starts POSTRIDER_BIN (default: build/release/bin/postrider) on a new SQLite database, seeds it, runs
the coverage, fuzzing and stateful phases, and stops the server. Fails when an answer is not as
documented, when the server dies, and when it does not exit with 0 upon SIGTERM.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
ROOT_KEY = "root-key-of-the-api-tests"
START_S = 30
STOP_S = 30


def virtual_environment():
    """Makes build/api-venv with what requirements.txt pins, unless it is there already."""
    folder = REPOSITORY / "build" / "api-venv"
    stamp = folder / "requirements.sha256"
    requirements = HERE / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {requirements.relative_to(REPOSITORY)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        stamp.write_text(wanted)
    return folder


class Server:
    """A postrider process of its own, on a port that the system chooses."""

    def __init__(self, folder):
        default = REPOSITORY / "build" / "release" / "bin" / "postrider"
        binary = os.environ.get("POSTRIDER_BIN", str(default))
        self.log = folder / "server.log"
        command = [binary, "serve", "--db", str(folder / "postrider.db")]
        command += ["--listen", "127.0.0.1:0", "--log-level", "warning"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "POSTRIDER_ROOT_KEY": ROOT_KEY},
            )
        self.url = self.wait_for_url()

    def wait_for_url(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"listening on (http://\S+)\n", self.log.read_text())
            if found:
                return found[1]
            time.sleep(0.05)
        raise SystemExit(f"the server does not start:\n{self.log.read_text()}")

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {ROOT_KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def stop(self):
        """What is wrong with the end of the process; nothing when it exits with 0."""
        if self.process.poll() is not None:
            return f"the server died: {exit_text(self.process.returncode)}"
        try:
            status = self.request("GET", "/healthz")["status"]
        except OSError as error:
            status = str(error)
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return f"the server does not stop within {STOP_S} s"
        if status != "ok":
            return f"the server does not answer /healthz: {status}"
        return None if code == 0 else f"the server stopped badly: {exit_text(code)}"


def exit_text(code):
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def seed(server):
    """Makes at least one of each thing, so that the first requests find something."""
    server.request("POST", "/v1/event-types", {"name": "order.created", "description": "An order"})
    url = "http://127.0.0.1:9/hook"
    once = {"kind": "schedule", "delays_ms": []}
    server.request("POST", "/v1/endpoints", {"url": url, "retry": once})
    server.request("POST", "/v1/endpoints", {"url": url, "state": "paused", "ordering": "key"})
    for number in range(20):
        event = {"type": "order.created", "data": {"number": number}, "ordering_key": f"{number}"}
        server.request("POST", "/v1/events", event)
    server.request("POST", "/v1/dead-letters/replay", {"type": "nothing.of.this.type"})
    server.request("POST", "/v1/api-keys", {"name": "reader", "scope": "read"})


def run_schemathesis(folder, server, options):
    """Runs it; its exit code, and its report where it came to an end."""
    config = folder / "schemathesis.toml"
    config.write_text(f"seed = {options.seed}\n{(HERE / 'schemathesis.toml').read_text()}")
    report = folder / "report.json"
    command = [virtual_environment() / "bin" / "st", "--config-file", config]
    command += ["run", options.schema or f"{server.url}/openapi.json", "--url", server.url]
    command += ["--header", f"Authorization: Bearer {ROOT_KEY}", "--phases", options.phases]
    command += ["--max-examples", str(options.examples), "--no-color"]
    command += ["--report-json-path", report, *options.more]
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    return done.returncode, json.loads(report.read_text()) if report.exists() else None


def print_summary(options, report, is_good):
    """Ends with a line like CTest's, which .ci/run counts: one test for each operation."""
    tested = report["operations"]["tested"]
    failed = {name for failure in report["failures"] for name in failure["operations"]}
    # An undocumented method of a path counts as an operation of its own only when it fails.
    count = max(tested, len(failed), 1)
    failures = len(failed) if is_good else max(len(failed), 1)
    print(
        f"{report['test_cases']['generated']} test cases of {tested} operations "
        f"in {report['running_time']:.0f} s, seed {options.seed}"
    )
    percent = (count - failures) * 100 // count
    print(f"{percent}% tests passed, {failures} tests failed out of {count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="1", help="a number, or random (default: 1)")
    parser.add_argument("--examples", type=int, default=20, help="generated requests per operation")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--schema", help="a document instead of the server's own")
    parser.add_argument("more", nargs="*", help="after --: more arguments for `st run`")
    options = parser.parse_args()
    options.seed = random.randrange(2**32) if options.seed == "random" else int(options.seed)
    print(f"repeat with: tests/api/run.py --seed {options.seed} --examples {options.examples}")
    sys.stdout.flush()
    virtual_environment()
    with tempfile.TemporaryDirectory(prefix="postrider-api-") as name:
        folder = pathlib.Path(name)
        server = Server(folder)
        try:
            seed(server)
            code, report = run_schemathesis(folder, server, options)
        finally:
            problem = server.stop()
        if problem:
            print(f"{problem}; the end of its log:\n{server.log.read_text()[-4000:]}")
    is_good = code == 0 and problem is None
    if report:
        print_summary(options, report, is_good)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
