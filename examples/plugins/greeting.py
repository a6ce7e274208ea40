#!/usr/bin/env python3
"""A plug-in for Antibody in Python, without any package: a greeting in a file of its own directory.

    plugin:greeting/lobby: { fields: { text: "welcome" } }

One line of JSON is one question, one line is one answer. It also says by itself when a greeting changes, so
that the agent need not wait for its next look. docs/plugins.md has the whole protocol.
"""

import json
import os
import re
import sys
import threading
import time

directory = sys.argv[1]
watched = {}  # path -> (resource, what stat last said)
lock = threading.Lock()


def say(message):
    with lock:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def path_of(name):
    # The name comes from policy: nothing of it may lead out of the directory.
    return os.path.join(directory, re.sub(r"[^A-Za-z0-9]", "_", name))


def stamp(path):
    try:
        found = os.stat(path)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
    except FileNotFoundError:
        return None


def observe(question):
    path = path_of(question["name"])
    watched[path] = (question["resource"], stamp(path))
    wanted = question["fields"].get("text", "") + "\n"
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == wanted:
                return {"kept": True}
            drift = "another greeting is there"
    except FileNotFoundError:
        drift = "there is no greeting"
    return {"kept": False, "drift": drift, "attributes": ["text"], "repair": "write it", "idempotent": True}


def repair(question):
    path = path_of(question["name"])
    say({"id": question["id"], "step": 1, "of": 2, "note": "writing"})
    # Beside it, then renamed: nobody ever reads half a greeting.
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(question["fields"].get("text", "") + "\n")
    say({"id": question["id"], "step": 2, "of": 2, "note": "renaming"})
    os.replace(path + ".new", path)
    return {"done": "greeting written"}


def watch():
    while True:
        time.sleep(0.2)
        for path, (resource, before) in list(watched.items()):
            now = stamp(path)
            if now != before:
                watched[path] = (resource, now)
                say({"changed": resource})


def main():
    say({"v": 1, "plugin": "greeting"})
    threading.Thread(target=watch, daemon=True).start()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["do"] == "observe":
                say({"id": question["id"], **observe(question)})
            elif question["do"] == "repair":
                say({"id": question["id"], **repair(question)})
        except OSError as error:
            code = {1: "EPERM", 13: "EACCES", 28: "ENOSPC"}.get(error.errno, "EIO")
            say({"id": question["id"], "error": {"code": code, "message": str(error)}})


main()
