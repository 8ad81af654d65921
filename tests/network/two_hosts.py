"""Two hosts in a box, to cut the wire between them: run by test_vanished.py as `unshare -rn two_hosts.py PLAN`.

Here is the near host, with the commands under test; `unshare -n` makes the far one, with `scu archive`. A bridge stands
between them. When that is taken down, packets are dropped both ways and nobody is told: both ends keep their link and their
addresses. (Taking a port out of it would not do: the bridge itself then answers ARP for the near host.)

PLAN is JSON: "scu", "folder", "archive" (arguments), "commands" (arguments each, PEER stands for the far host), "ready" (what the
archive's log says when to cut; null = never cut), "limit" (seconds). Prints JSON: for each command its exit code, stderr, and the
seconds since the cut (or since the start). Exits with 77 and a reason on stderr where the system does not let us have such hosts.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

NEAR, FAR, PORT = "10.77.0.1", "10.77.0.2", 11112
TITLE = "FAR"
FAR_SCRIPT = """
read go
ip link set lo up && ip addr add %s/24 dev far && ip link set far up || exit 77
exec "$@"
""" % FAR


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def set_up(*command):
    run = subprocess.run(["ip", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0:
        print("ip %s: %s" % (" ".join(command), run.stdout.decode().strip()), file=sys.stderr)
        sys.exit(77)


def start_far(command):
    far = subprocess.Popen(["unshare", "-n", "sh", "-c", FAR_SCRIPT, "far", *command], stdin=subprocess.PIPE,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=die_with_parent)
    # unshare has made the namespace when the link `/proc/PID/ns/net` is another than ours.
    ours = os.readlink("/proc/self/ns/net")
    deadline = time.monotonic() + 10
    while os.readlink("/proc/%d/ns/net" % far.pid) == ours:
        if far.poll() is not None or time.monotonic() > deadline:
            print("no network namespace for the far host", file=sys.stderr)
            sys.exit(77)
        time.sleep(0.01)
    return far


def connect_hosts(far):
    set_up("link", "set", "lo", "up")
    set_up("link", "add", "near", "type", "veth", "peer", "name", "near-port")
    set_up("link", "add", "far", "type", "veth", "peer", "name", "far-port")
    set_up("link", "add", "wire", "type", "bridge")
    set_up("link", "set", "far", "netns", str(far.pid))
    for name in ("near-port", "far-port"):
        set_up("link", "set", name, "master", "wire")
        set_up("link", "set", name, "up")
    set_up("link", "set", "wire", "up")
    set_up("addr", "add", NEAR + "/24", "dev", "near")
    set_up("link", "set", "near", "up")
    far.stdin.write(b"go\n")
    far.stdin.close()


class Log:
    """What the far host says, without waiting for its end."""

    def __init__(self, pipe):
        self.pipe, self.text = pipe, b""
        os.set_blocking(pipe.fileno(), False)

    def wait_for(self, words, count, seconds):
        deadline = time.monotonic() + seconds
        while self.text.count(words.encode()) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.pipe], [], [], left)[0]:
                raise RuntimeError("the far host did not say %r %d times: %s" % (words, count, self.text.decode()[-2000:]))
            more = self.pipe.read()
            if more == b"":
                raise RuntimeError("the far host ended: " + self.text.decode()[-2000:])
            self.text += more or b""


def start_command(plan, arguments, output):
    peer = "%s@%s:%d" % (TITLE, FAR, PORT)
    command = [plan["scu"]] + [peer if word == "PEER" else word for word in arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output,
                            preexec_fn=die_with_parent)


def wait_for_ends(running, since, limit):
    """Seconds until each has ended; None for those that had to be killed."""
    ends = [None] * len(running)
    while None in ends and time.monotonic() - since < limit:
        for i, process in enumerate(running):
            if ends[i] is None and process.poll() is not None:
                ends[i] = time.monotonic() - since
        time.sleep(0.05)
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
    return ends


def main():
    plan = json.loads(sys.argv[1])
    far = start_far([plan["scu"], "archive", plan["folder"], "--aet", TITLE, "--port", "%s:%d" % (FAR, PORT), "-d",
                     "--durability", "none", *plan["archive"]])
    connect_hosts(far)
    log = Log(far.stderr)
    log.wait_for("listening on ", 1, 20)
    outputs = [open(os.path.join(plan["folder"] + ".%d.err" % i), "w+b") for i in range(len(plan["commands"]))]
    running = [start_command(plan, arguments, output) for arguments, output in zip(plan["commands"], outputs)]
    if plan["ready"]:
        log.wait_for(plan["ready"], len(running), 20)
        time.sleep(0.5)
        set_up("link", "set", "wire", "down")
    since = time.monotonic()
    ends = wait_for_ends(running, since, plan["limit"])
    results = []
    for process, output, seconds in zip(running, outputs, ends):
        output.seek(0)
        results.append({"code": process.returncode, "err": output.read().decode("utf-8", "replace"), "seconds": seconds})
    far.kill()
    far.wait()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
