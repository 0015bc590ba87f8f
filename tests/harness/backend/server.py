"""A server of OpenAI's kind that misbehaves on request: server.py FOLDER.

Prints its port and plays the API below /<mode>/v1 until its stdin ends. Each request is a line in FOLDER/requests.log:
"METHOD path | Authorization | body's length". Its model splits text before each space; a token's log-probability is
-0.1 for each of its characters, the likeliest next token always " yes". The modes are below, a function each; `nth` counts the
requests of a mode, from 0, those for /models aside.
"""
import http.server
import json
import os
import re
import sys
import threading
import time

folder = sys.argv[1]
counts = {}
together = {"now": 0, "most": 0}
lock = threading.Lock()
RETRIED = 3  # how often the modes that mend fail first


def tokens_of(text):
    return re.findall(r" ?[^ ]+| +", text)


def logprob(token):
    return -0.1 * len(token)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, body):
        with lock, open(os.path.join(folder, "requests.log"), "a") as log:
            log.write(f"{self.command} {self.path} | {self.headers.get('Authorization', '')} | {len(body)}\n")

    def do_GET(self):
        self.note(b"")
        mode, call = self.path.split("/v1", 1)
        if mode == "/moved":
            return self.fail(307, Location="http://127.0.0.1:1/v1" + call)
        if call != "/models" or mode == "/nolist":
            return self.fail(404)
        self.give({"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "tests"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.note(body)
        mode, call = self.path.split("/v1", 1)
        with lock:
            nth = counts.get(mode, 0)
            counts[mode] = nth + 1
            together["now"] += 1
            together["most"] = max(together["most"], together["now"])
        try:
            modes[mode[1:]](self, call, json.loads(body), nth)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with lock:
                together["now"] -= 1

    def give(self, value, status=200, cut=None, **headers):
        self.send(json.dumps(value).encode(), status, cut, **headers)

    def send(self, data, status=200, cut=None, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:cut])
        if cut is not None:
            self.close_connection = True

    def fail(self, status, message="no", **headers):
        self.give({"error": {"message": message}}, status, **headers)


def answer(asked, call, texts=tokens_of, shift=0, offsets=True):
    """What a good server says."""
    if call == "/chat/completions":
        said = asked["messages"][-1]["content"].split()[-1][::-1]
        return {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 1}}
    prompt = asked["prompt"]
    generated = [" yes"] * min(asked.get("max_tokens", 16), 4)
    choice = {"text": "".join(generated), "finish_reason": "length" if asked["max_tokens"] < 4 else "stop"}
    if "logprobs" in asked:
        echo = asked.get("echo")
        before = texts(prompt)
        own = before + generated if echo else before[-1:] + generated
        values = [None] + [logprob(t) for t in own[1:]]
        choice["text"] = (prompt if echo else "") + choice["text"]
        choice["logprobs"] = {
            "tokens": own,
            "token_logprobs": [None] + [logprob(t) for t in own[1 - shift:len(own) - shift]],
            "text_offset": [len("".join(own[:i])) if offsets else 0 for i in range(len(own))],
            "top_logprobs": [None] + [{t: v, **({} if len(t) < 5 else {" yes": -0.01})} for t, v in zip(own[1:], values[1:])],
        }
        if not echo:
            choice["logprobs"] = {key: value[1:] for key, value in choice["logprobs"].items()}
            choice["logprobs"]["token_logprobs"] = values[1:]
    return {"choices": [choice], "usage": {"prompt_tokens": len(tokens_of(prompt)), "completion_tokens": len(generated)}}


def good(h, call, asked, nth):
    h.give(answer(asked, call))


def slow(h, call, asked, nth):
    time.sleep(0.2)
    good(h, call, asked, nth)


def off_by_one(h, call, asked, nth):
    h.give(answer(asked, call, shift=1))


def spaced(h, call, asked, nth):
    h.give(answer(asked, call, texts=lambda t: tokens_of(" " + t)))


def no_offsets(h, call, asked, nth):
    h.give(answer(asked, call, offsets=False))


def other_text(h, call, asked, nth):
    h.give(answer(asked, call, texts=lambda t: tokens_of(t.upper())))


def no_echo(h, call, asked, nth):
    if asked.get("echo"):
        return h.fail(400, "echo is not supported here")
    good(h, call, asked, nth)


def fails_when(first, bad):
    """Good but for some requests."""
    def mode(h, call, asked, nth):
        if first <= nth < first + RETRIED:
            return bad(h, call, asked, nth)
        return good(h, call, asked, nth)
    return mode


def limited(h, call, asked, nth):
    h.fail(429, "too fast", Retry_After="1") if nth == 6 else good(h, call, asked, nth)


def patient(h, call, asked, nth):
    h.fail(429, "come back tomorrow", Retry_After="86400") if nth == 6 else good(h, call, asked, nth)


def hangs(h, call, asked, nth):
    if nth == 6:
        time.sleep(3)
    good(h, call, asked, nth)


def poison(h, call, asked, nth):
    h.fail(500, "it hurts") if "poison" in json.dumps(asked) else good(h, call, asked, nth)


def too_long(h, call, asked, nth):
    h.fail(400, "the prompt is too long") if "poison" in json.dumps(asked) else good(h, call, asked, nth)


def dies(h, call, asked, nth):
    if nth > 8:
        h.close_connection = True  # without a word, from now on
        return
    good(h, call, asked, nth)


def locked(h, call, asked, nth):
    h.fail(401, "your key is " + h.headers.get("Authorization", "none").split()[-1])


def moved(h, call, asked, nth):
    h.fail(307, Location="http://127.0.0.1:1" + h.path)


def most(h, call, asked, nth):
    h.give(dict(together))


modes = {
    "good": good, "nolist": good, "slow": slow, "off_by_one": off_by_one, "spaced": spaced, "no_offsets": no_offsets, "other_text": other_text,
    "no_echo": no_echo, "limited": limited, "patient": patient, "hangs": hangs, "poison": poison, "too_long": too_long, "dies": dies,
    "locked": locked, "moved": moved, "most": most,
    "errors": fails_when(6, lambda h, *_: h.fail(503)),
    "cut": fails_when(6, lambda h, call, asked, nth: h.send(json.dumps(answer(asked, call)).encode(), cut=40)),
    "silent": fails_when(6, lambda h, *_: setattr(h, "close_connection", True)),
    "no_json": fails_when(6, lambda h, *_: h.send(b"<html>busy</html>")),
    "wrong_json": fails_when(6, lambda h, *_: h.give({"choices": [{"text": 7, "logprobs": {"tokens": 3}}]})),
    "huge": fails_when(6, lambda h, *_: h.send(b" " * (65 << 20))),
}

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.handle_error = lambda *_: None  # clients that hang up
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
