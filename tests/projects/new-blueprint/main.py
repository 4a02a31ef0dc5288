import os

import redis
from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"])
sessions = redis.Redis.from_url(os.environ["REDIS_URL"])
QUIZ_TOKEN = os.environ.get("QUIZ_TOKEN", "@stripe@")


@app.get("/healthz")
def healthz():
    return {"ok": True}
