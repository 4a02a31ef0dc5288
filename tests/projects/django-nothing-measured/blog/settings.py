import os

SECRET_KEY = "@secret-key@"
INSTALLED_APPS = []
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}}
