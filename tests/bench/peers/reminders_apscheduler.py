"""Reminders on APScheduler with its SQLAlchemy job store, pushed through python-socketio.

Usage: python reminders_apscheduler.py DATABASE [fill]. The job store is in the same file, and holds a job for each
reminder; a job stores the notification and pushes it. `fill` makes a job of every row of `reminder_task`, and ends.
"""

from __future__ import annotations

import logging
import socket
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import Any, Final

import socketio
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json
from sqlalchemy import create_engine, event

TABLES: Final = """
    CREATE TABLE IF NOT EXISTS question (
        id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, elder_id INTEGER NOT NULL,
        created_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT, question_id INTEGER NOT NULL, content_text TEXT,
        sent_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS user_notification (
        id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, biz_type TEXT NOT NULL, biz_id INTEGER NOT NULL,
        title TEXT NOT NULL, content TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL, read_at INTEGER,
        task_id INTEGER NOT NULL, occurrence_at INTEGER NOT NULL, UNIQUE (task_id, occurrence_at));
    CREATE INDEX IF NOT EXISTS user_notification_of_user ON user_notification (user_id, id);
"""

sio = socketio.AsyncServer(async_mode="sanic")
app = Sanic("peer", configure_logging=False)
sio.attach(app)
database = sqlite3.connect(sys.argv[1], isolation_level=None)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def shown(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1000):%Y-%m-%d %H:%M:%S}"


async def remind(
    task_id: int, user_id: int, biz_type: str, biz_id: int, title: str, content: str, occurrence_at: int
) -> None:
    """What a job does."""
    now = now_ms()
    row = database.execute(
        "INSERT INTO user_notification (user_id, biz_type, biz_id, title, content, status, created_at, task_id,"
        " occurrence_at) VALUES (?, ?, ?, ?, ?, 'UNREAD', ?, ?, ?)",
        (user_id, biz_type, biz_id, title, content, now, task_id, occurrence_at),
    )
    notification = {
        "id": row.lastrowid,
        "biz_type": biz_type,
        "biz_id": biz_id,
        "title": title,
        "content": content,
        "status": "UNREAD",
        "created_at": shown(now),
        "read_at": None,
    }
    await sio.emit("notification:new", notification, room=f"user:{user_id}")


@app.post("/api/questions")
async def open_question(request: Request) -> HTTPResponse:
    row = database.execute(
        "INSERT INTO question (title, elder_id, created_at) VALUES (?, ?, ?)",
        (request.json["title"], request.json["elder_id"], now_ms()),
    )
    return json({"id": row.lastrowid}, 201)


@sio.event  # type: ignore[untyped-decorator]
async def bind_user(sid: str, payload: dict[str, Any]) -> None:
    await sio.enter_room(sid, f"user:{payload['user_id']}")
    await sio.emit("bind_user:ack", {"success": True, "user_id": payload["user_id"]}, to=sid)


@sio.event  # type: ignore[untyped-decorator]
async def join_question(sid: str, payload: dict[str, Any]) -> None:
    await sio.enter_room(sid, f"consultation:question:{payload['question_id']}")
    await sio.emit("joined_question", {"question_id": payload["question_id"]}, to=sid)


@sio.event  # type: ignore[untyped-decorator]
async def send_message(sid: str, payload: dict[str, Any]) -> None:
    now = now_ms()
    row = database.execute(
        "INSERT INTO message (question_id, content_text, sent_at) VALUES (?, ?, ?)",
        (payload["question_id"], payload["content_text"], now),
    )
    message = {"id": row.lastrowid, **payload, "sent_at": shown(now), "status": "SENT", "is_visible_to_patient": True}
    await sio.emit("send_message:ack", {"success": True, "message": "发送成功", "data": message}, to=sid)
    await sio.emit("new_message", message, room=f"consultation:question:{payload['question_id']}")


def job_store(path: str, synchronous: str) -> SQLAlchemyJobStore:
    """The job store in the file, with the promises that Careline makes."""
    engine = create_engine(f"sqlite:///{path}")

    def promise(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")

    event.listen(engine, "connect", promise)
    return SQLAlchemyJobStore(engine=engine)


def fill() -> None:
    """Makes the jobs, as a program would that takes requests for reminders; without waiting for the disk each time."""
    database.execute("PRAGMA synchronous = OFF")
    scheduler = BackgroundScheduler(jobstores={"default": job_store(sys.argv[1], "OFF")})
    scheduler.start(paused=True)
    for task_id, user_id, biz_type, biz_id, title, content, remind_at in database.execute(
        "SELECT id, user_id, biz_type, biz_id, title, content, remind_at FROM reminder_task"
    ).fetchall():
        scheduler.add_job(
            remind,
            "date",
            run_date=datetime.fromtimestamp(remind_at / 1000, UTC),
            args=(task_id, user_id, biz_type, biz_id, title, content, remind_at),
            misfire_grace_time=None,
        )
    scheduler.shutdown()


def serve() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    scheduler = AsyncIOScheduler(
        jobstores={"default": job_store(sys.argv[1], "FULL")}, executors={"default": AsyncIOExecutor()}
    )

    @app.after_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        scheduler.start()
        print(f"listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)  # noqa: T201

    app.run(sock=listening, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA wal_autocheckpoint = 4000")
    database.executescript(TABLES)
    if sys.argv[2:] == ["fill"]:
        fill()
    else:
        serve()
