import os

from celery import Celery

app = Celery("mailer", broker=os.environ["REDIS_URL"])


@app.task
def send(address):
    return address
