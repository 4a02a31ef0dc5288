import os

import psycopg
from flask import Flask

app = Flask(__name__)
connection = psycopg.connect(os.environ["DATABASE_URL"])


@app.get("/healthz")
def healthz():
    return "ok"
