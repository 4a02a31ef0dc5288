import os

import dj_database_url

SECRET_KEY = os.environ.get("SECRET_KEY", "@secret-key@")
INSTALLED_APPS = ["booking"]
ROOT_URLCONF = "booking.urls"
DATABASES = {"default": dj_database_url.config(conn_max_age=0)}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
