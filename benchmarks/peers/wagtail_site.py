"""A Wagtail site of one article, kept whole by Django's cache of pages in the process's own memory, under gevent's pywsgi.

As Wagtail's and Django's documentation put it together: Wagtail's urls, `UpdateCacheMiddleware` first and
`FetchFromCacheMiddleware` last, nothing between them that varies by person. `prepare FILE` makes the database and the page out
of a file of HTML; without arguments it serves.
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(os.environ["FOLDER"])
settings.configure(
    SECRET_KEY="only-for-a-benchmark",  # nosec B106 # a server of the bench on loopback, which holds nothing
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "wagtail.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    CACHE_MIDDLEWARE_SECONDS=3600,
    INSTALLED_APPS=[
        "wagtail_article",
        "wagtail.contrib.redirects",
        "wagtail.sites",
        "wagtail.users",
        "wagtail.documents",
        "wagtail.images",
        "wagtail.search",
        "wagtail.admin",
        "wagtail",
        "modelcluster",
        "taggit",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "wagtail.contrib.redirects.middleware.RedirectMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ],
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
    ],
    WAGTAIL_SITE_NAME="Benchmark",
    WAGTAILADMIN_BASE_URL="http://127.0.0.1",
    STATIC_URL="/static/",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from wagtail import urls as wagtail_urls  # noqa: E402

urlpatterns = [path("", include(wagtail_urls))]


def prepare(file):
    from wagtail.models import Page, Site
    from wagtail_article.models import ArticlePage

    call_command("migrate", verbosity=0)
    root = Page.objects.get(depth=1)
    page = root.add_child(
        instance=ArticlePage(title="Déménager", slug="demenager", body=Path(file).read_text())
    )
    Site.objects.all().delete()
    Site.objects.create(hostname="127.0.0.1", root_page=page, is_default_site=True)


if sys.argv[1:2] == ["prepare"]:
    prepare(sys.argv[2])
else:
    from pywsgi import serve

    serve(get_wsgi_application())
