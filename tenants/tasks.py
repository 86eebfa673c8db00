"""Tasks about lists. They find their work as rows: run twice at once, they repeat nothing."""

from celery import shared_task

from tenants.imports import work


@shared_task
def run_imports() -> int:
    """Check and write the lists that wait, or whose worker stopped."""
    return work.run_all()
