"""A shop's API in a few lines: it says which version answers, and which worker."""

import os

ORDERS = "orders since 2024"


def app(environ, start_response):
    pages = {"/healthz": "well", "/version": os.environ["RENDER_GIT_COMMIT"]}
    headers = [("Content-Type", "text/plain"), ("X-Worker", str(os.getpid()))]
    start_response("200 OK", headers)
    return [pages.get(environ["PATH_INFO"], ORDERS).encode()]
