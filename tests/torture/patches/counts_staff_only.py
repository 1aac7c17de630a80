"""Careline, broken: a list counts staff-only messages for patients, too."""

import sys

import main
from store import participants, questions

of_participant = participants.unread
EVERYTHING = questions.visible_to(questions.STAFF)

participants.unread = lambda _, participant: of_participant(EVERYTHING, participant)
sys.exit(main.main(sys.argv[1:]))
