# Runs the sockets of the broker's Python SDK (fyers_apiv3) in a process of its own, as stream-sdk-child.ts does with the
# Node SDK. Replaces its addresses with the simulator's, in the function and the class that all calls and sockets use.
import json
import os
import sys
import threading
import time
import types
from urllib.parse import urlsplit

import requests.api
import websocket

out, lock = sys.stdout, threading.Lock()
# The SDK prints, and standard output is for the calls only.
sys.stdout = sys.stderr
task = json.loads(sys.stdin.readline())
api_url = task["apiUrl"]


def tell(kind, message, **about):
    with lock:
        out.write(json.dumps({"from": kind, "message": message, **about}, default=str) + "\n")
        out.flush()


def redirect(call):
    return lambda method, url, **rest: call(method, api_url + urlsplit(url).path, **rest)


class Redirected(websocket.WebSocketApp):
    def __init__(self, url, *args, **rest):
        super().__init__(api_url.replace("http:", "ws:") + urlsplit(url).path, *args, **rest)


requests.api.request = redirect(requests.api.request)
websocket.WebSocketApp = Redirected
from fyers_apiv3.FyersWebsocket import data_ws, tbt_ws  # noqa: E402

# The SDK refuses a token that has expired by the clock of this machine.
data_ws.time = types.SimpleNamespace(time=lambda: task["now"], sleep=time.sleep)


def on_open():
    tbt.subscribe(set(task["symbols"]), "1", tbt_ws.SubscriptionModes.DEPTH)
    tbt.switchChannel({"1"}, set())


tbt = tbt_ws.FyersTbtSocket(
    access_token=task["authorization"],
    on_open=on_open,
    on_depth_update=lambda symbol, book: tell("tbt", vars(book), symbol=symbol),
    on_error=lambda message: tell("error", message),
    on_error_message=lambda message: tell("error", message),
)
tbt.connect()
hsm = data_ws.FyersDataSocket(
    access_token=task["authorization"],
    on_message=lambda message: tell("hsm", message),
    on_error=lambda message: tell("error", message),
)
hsm.connect()
hsm.subscribe([*task["symbols"], task["index"]], "SymbolUpdate")
hsm.subscribe(task["symbols"], "DepthUpdate")
sys.stdin.read()
tell("end", {"count": hsm.ack_count})
# The SDK's threads never end.
os._exit(0)
