"""Careline, broken: each message brings a notification of its own."""

import sys

import main
from store import replies

replies._WITHOUT_ONE = "SELECT user_id, user_type FROM participant WHERE question_id = ?1 AND takes_part = 1"
sys.exit(main.main(sys.argv[1:]))
