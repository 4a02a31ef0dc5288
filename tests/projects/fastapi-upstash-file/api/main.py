import os

import redis.asyncio as redis
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()
engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"))
cache = redis.from_url(os.environ["REDIS_URL"])


@app.get("/health")
async def health():
    return {"ok": True}
