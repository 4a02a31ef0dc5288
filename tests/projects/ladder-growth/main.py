import os

from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"])


@app.get("/healthz")
def healthz():
    return {"status": "ok"}
