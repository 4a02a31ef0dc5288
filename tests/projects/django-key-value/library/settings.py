import os

import dj_database_url

SECRET_KEY = os.environ["SECRET_KEY"]
STRIPE_FALLBACK = "@stripe@"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["loans"]
ROOT_URLCONF = "library.urls"
DATABASES = {"default": dj_database_url.config(default="@database@", conn_max_age=60)}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": os.environ["REDIS_URL"],
    }
}
