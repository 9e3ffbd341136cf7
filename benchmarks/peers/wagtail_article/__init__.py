"""The one kind of page of the Wagtail site that is measured."""
