"""Python's grpcio as a gateway would use it: asks a check server what its scenarios say and prints what came of each, one JSON line."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from google.protobuf.json_format import ParseDict
from grpc_health.v1 import health_pb2, health_pb2_grpc

CALL_SECONDS = 60
SHORT_SECONDS = 0.1
CONCURRENT = 3000
SEQUENTIAL = 2000
CANCELLED = 500
LANES = 16
AFTER_RETURN = 500
LONG_HEADER = 60_000
LONG_FIELD = 17_000
TOO_LONG = 5 << 20

# What a gateway's operator would set: calls that no server has worked on are sent again, and wait while none listens.
RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
SERVICE_CONFIG = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": RETRY_POLICY}]})


def tell(word, told):
    print(json.dumps({"word": word, "told": told}), flush=True)


def to_request(path, headers=None):
    http = {"method": "GET", "host": "api.example", "path": path, "headers": headers or {}}
    return ParseDict({"attributes": {"request": {"http": http}}}, external_auth_pb2.CheckRequest())


def to_answer(response):
    denied, ok = response.denied_response, response.ok_response
    options = list(denied.headers) + list(ok.headers)
    return {
        "grpc": "OK",
        "code": response.status.code,
        "status": denied.status.code,
        "body": denied.body,
        "headers": {option.header.key: option.header.value for option in options},
    }


def to_failure(error):
    return {"grpc": error.code().name, "code": 0, "status": 0, "body": "", "headers": {}}


class Client:
    def __init__(self, channel):
        self.checks = external_auth_pb2_grpc.AuthorizationStub(channel)
        self.health = health_pb2_grpc.HealthStub(channel)

    def check(self, path, headers=None, timeout=CALL_SECONDS, metadata=None):
        try:
            request = to_request(path, headers)
            response = self.checks.Check(request, timeout=timeout, metadata=metadata, wait_for_ready=True)
            return to_answer(response)
        except grpc.RpcError as error:
            return to_failure(error)

    def begin(self, path):
        return self.checks.Check.future(to_request(path), timeout=CALL_SECONDS, wait_for_ready=True)


def finish(call):
    try:
        return to_answer(call.result())
    except grpc.FutureCancelledError:
        return {"grpc": "CANCELLED"}
    except grpc.RpcError as error:
        return to_failure(error)


def path_of(index):
    return f"/{('allow', 'deny', 'later')[index % 3]}?{index}"


def fault_of(path, got):
    """None where the answer is that to the question."""
    if path.startswith("/allow"):
        fits = got["grpc"] == "OK" and got["code"] == 0 and got["headers"].get("x-target") == path
    else:
        fits = got["grpc"] == "OK" and got["code"] == 16 and got["body"] == path
    return None if fits else f"{path}: {got}"


def told(calls, faults):
    return {"calls": calls, "wrong": sorted(fault for fault in faults if fault is not None)[:5]}


def all_at_once(client, calls):
    paths = [path_of(index) for index in range(calls)]
    begun = [(path, client.begin(path)) for path in paths]
    return told(calls, [fault_of(path, finish(call)) for path, call in begun])


def one_by_one(client, calls):
    paths = [path_of(index) for index in range(calls)]
    return told(calls, [fault_of(path, client.check(path)) for path in paths])


def ask_health(client):
    def state(service):
        try:
            answer = client.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=CALL_SECONDS)
            return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        except grpc.RpcError as error:
            return error.code().name

    return [state(service) for service in ("", "envoy.service.auth.v3.Authorization", "nobody")]


def pass_deadline(client):
    late = client.check("/never", timeout=SHORT_SECONDS)
    return [f"{late['grpc']} {late['status']}", client.check("/deny?next")["body"]]


def cancel_among(client):
    doomed = [client.begin("/never") for _ in range(CANCELLED)]
    honest = all_at_once(client, CONCURRENT)
    for call in doomed:
        call.cancel()
    ends = {}
    for call in doomed:
        end = finish(call)["grpc"]
        ends[end] = ends.get(end, 0) + 1
    return {"cancelled": ends, "honest": honest, "next": client.check("/deny?next")["body"]}


def too_long_then_short(client):
    refused = client.check("/deny", {"x-long": "x" * TOO_LONG})
    return [refused["grpc"], client.check("/deny?next")["body"]]


def long_field_then_none(client):
    refused = client.check("/deny?long", metadata=[("x-long", "x" * LONG_FIELD)])
    return [refused["grpc"], client.check("/deny?next")["body"]]


class Drain:
    """Asks until another server has answered often enough; one call is under way when the first must go."""

    def __init__(self, client):
        self.client = client
        self.lock = threading.Lock()
        self.calls = 0
        self.returned = 0
        self.wrong = []

    def run(self):
        held = self.client.begin("/held")
        with ThreadPoolExecutor(LANES) as pool:
            list(pool.map(self.lane, range(LANES)))
        server = finish(held).get("headers", {}).get("x-server")
        return {"wrong": self.wrong, "held": server, "returned": self.returned >= AFTER_RETURN}

    def lane(self, index):
        while self.returned < AFTER_RETURN and not self.wrong:
            path = f"/deny?{index}"
            index += LANES
            self.note(path, self.client.check(path))

    def note(self, path, got):
        with self.lock:
            self.calls += 1
            fault = fault_of(path, got)
            if fault is not None:
                self.wrong.append(fault)
            if got["headers"].get("x-server") == "second":
                self.returned += 1
            if self.calls == LANES:
                tell("running", None)


SCENARIOS = {
    "deny": lambda client: client.check("/deny?one"),
    "allow": lambda client: client.check("/allow?one"),
    "health": ask_health,
    "concurrent": lambda client: all_at_once(client, CONCURRENT),
    "sequential": lambda client: one_by_one(client, SEQUENTIAL),
    "deadline": pass_deadline,
    "cancel": cancel_among,
    "long-header": lambda client: client.check("/length", {"x-long": "x" * LONG_HEADER}),
    "too-long": too_long_then_short,
    "long-field": long_field_then_none,
    "big-answer": lambda client: len(client.check("/big")["body"]),
    "while-drains": lambda client: Drain(client).run(),
}


def connect(target, authority):
    options = [("grpc.service_config", SERVICE_CONFIG), ("grpc.enable_retries", 1)]
    if authority == "-":
        return grpc.insecure_channel(target, options)
    with open(authority, "rb") as file:
        trust = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(target, trust, options)


def main():
    _, target, authority, *words = sys.argv
    with connect(target, authority) as channel:
        client = Client(channel)
        for word in words:
            tell(word, SCENARIOS[word](client))


main()
