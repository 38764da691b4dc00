"""Do in this process what a stock worker would do."""

from __future__ import annotations

from django_tasks_db.management.commands.db_worker import Worker


def work_off(limit: int | None = None) -> None:
    """Do all units that wait and those that they queue, or ``limit`` of them."""
    Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=limit,
        worker_id="test",
    ).run()
