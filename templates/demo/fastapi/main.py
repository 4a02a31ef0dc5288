import os

from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI(title="students")
engine = create_engine(os.environ["DATABASE_URL"], pool_size=5, max_overflow=5)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/students/{student_id}/grades")
def grades(student_id: int) -> list[dict]:
    query = text("SELECT course_id, grade FROM grades WHERE student_id = :id ORDER BY created_at DESC LIMIT 50")
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query, {"id": student_id}).mappings()]
