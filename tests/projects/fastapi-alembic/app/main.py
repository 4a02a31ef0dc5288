import os

from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"], pool_size=5, max_overflow=10)
JWT_SECRET = os.environ["JWT_SECRET"]


@app.get("/healthz")
def healthz():
    return {"ok": True}
