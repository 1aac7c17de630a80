"""Consultation questions and their messages, over HTTP."""

from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from consult.contract import replies
from consult.contract.faults import Fault
from consult.contract.payloads import MessageQuery, NewQuestion, QuestionChange, QuestionQuery, VisibilityQuery
from consult.http.answers import Writing, asker_of, json_answer, page_answer, read_body, read_id, read_query
from consult.http.reads import Reads
from store import messages, questions
from store.clock import Clock, WireTime
from store.database import Database
from store.messages import visible_to
from store.transaction import each


def add_routes(
    app: Sanic[Any, Any], database: Database, reads: Reads, writing: Writing, time: WireTime, clock: Clock
) -> None:
    @app.post("/api/questions")
    async def open_question(request: Request) -> HTTPResponse:
        body = read_body(request, NewQuestion)
        asker_of(request).refuse_other("elder_id", body.elder_id)
        new = questions.NewQuestion(body.title, body.elder_id, clock())
        return await writing.post(
            request, questions.open_question, new, lambda question: replies.question(question, time), 201
        )

    @app.get("/api/questions")
    @reads.bounded
    async def list_questions(request: Request) -> HTTPResponse:
        query = read_query(request, QuestionQuery)
        asker = asker_of(request)
        items, has_more = await questions.page(
            database,
            visible_to(asker.user_type(query.user_type)),
            status=query.status,
            elder_id=query.elder_id,
            before_id=query.before_id,
            limit=query.limit,
            only_elder=asker.only_user,
            only_ids=asker.only_questions,
        )
        return page_answer([replies.question(question, time) for question in items], has_more)

    @app.get("/api/questions/<question_id>")
    async def get_question(request: Request, question_id: str) -> HTTPResponse:
        wanted = read_id("question_id", question_id)
        query = read_query(request, VisibilityQuery)
        return await _question_answer(request, wanted, query)

    @app.patch("/api/questions/<question_id>")
    async def change_question(request: Request, question_id: str) -> HTTPResponse:
        wanted = read_id("question_id", question_id)
        query = read_query(request, VisibilityQuery)
        body = read_body(request, QuestionChange)
        await database.written(each(questions.set_status), questions.StatusChange(wanted, body.status, clock()))
        return await _question_answer(request, wanted, query)

    @app.get("/api/questions/<question_id>/messages")
    @reads.bounded
    async def list_messages(request: Request, question_id: str) -> HTTPResponse:
        wanted = read_id("question_id", question_id)
        query = read_query(request, MessageQuery)
        page = await messages.page(
            database,
            wanted,
            visible_to(asker_of(request).user_type(query.user_type)),
            after_id=query.after_id,
            before_id=query.before_id,
            limit=query.limit,
        )
        if page is None:
            raise Fault("QUESTION_NOT_FOUND")
        items, has_more = page
        return page_answer([replies.message(message, time) for message in items], has_more)

    async def _question_answer(request: Request, question_id: int, query: VisibilityQuery) -> HTTPResponse:
        visibility = visible_to(asker_of(request).user_type(query.user_type))
        question = await questions.get(database, question_id, visibility)
        if question is None:
            raise Fault("QUESTION_NOT_FOUND")
        return json_answer(replies.question(question, time))
