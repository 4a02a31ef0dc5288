"""An S3 server for tests: moto's, one request at a time, so that a create-only write is atomic as it is in S3.

It prints its port. A list comes in parts of ten names, as that of S3 comes in parts of a thousand.

What tests need beyond S3 is below /_test/: `ahead?seconds=N` moves the server's clock, `stumble?writes=N` answers the next
N writes with 500 although they were done. The bucket `refused` refuses everybody and repeats what it was sent, as some
servers do.
"""

import datetime
import logging
from urllib.parse import parse_qs

import moto.s3.models as s3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
inner = DomainDispatcherApplication(create_backend_app)
state = {"ahead": 0.0, "stumble": 0}
real_now = s3.utcnow
s3.utcnow = lambda: real_now() + datetime.timedelta(seconds=state["ahead"])


def answer(start, status, body):
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def app(environ, start):
    path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
    if path == "/_test/ahead":
        state["ahead"] += float(query["seconds"][0])
        return answer(start, "200 OK", b"")
    if path == "/_test/stumble":
        state["stumble"] = int(query["writes"][0])
        return answer(start, "200 OK", b"")
    if path.split("/")[1] == "refused":
        sent = "".join(f"<Sent>{environ.get(name)}</Sent>" for name in ("HTTP_AUTHORIZATION", "HTTP_X_AMZ_SECURITY_TOKEN"))
        return answer(start, "403 Forbidden", f"<Error><Code>AccessDenied</Code>{sent}</Error>".encode())
    if environ["REQUEST_METHOD"] == "PUT" and path.endswith(".json") and state["stumble"] > 0:
        state["stumble"] -= 1
        list(inner(environ, lambda status, headers, info=None: lambda data: None))
        return answer(start, "500 Internal Server Error", b"<Error><Code>InternalError</Code></Error>")
    if "list-type=2" in environ.get("QUERY_STRING", ""):
        environ["QUERY_STRING"] += "&max-keys=10"
    return inner(environ, start)


server = make_server("127.0.0.1", 0, app, threaded=False, request_handler=MotoRequestHandler)
print(server.port, flush=True)
server.serve_forever()
