from django.db import models
from wagtail.models import Page


class ArticlePage(Page):
    """An article whose text is HTML, as ours is once it is published."""

    body = models.TextField()
    # Not `.html`: those are the product's own, which its tests read.
    template = "wagtail_article/article_page.dtl"
