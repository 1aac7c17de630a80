"""The limits on what a client may send, keep waiting or leave unread. `rules.txt` says what happens beyond them.

Each limit is defined once: here, or in the room below that enforces it.
"""

from reminders.budget import CREATION_STEPS as CREATION_STEPS
from reminders.tasks import MOST_PAST as MOST_PAST
from store.answers import LONGEST_SNOOZE
from store.answers import MOST_SNOOZES as MOST_SNOOZES
from store.clock import DAY
from store.confirm_links import LONGEST_LINK
from store.database import DEADLINE as DEADLINE
from store.database import MOST_WAITING as MOST_WAITING
from store.idempotency_keys import KEPT_FOR
from store.participants import MAX_ID as MAX_ID
from store.participants import MOST_COUNTED as MOST_COUNTED
from store.questions import MOST_SEARCHED as MOST_SEARCHED
from store.reading import PAGE_BYTES as PAGE_BYTES

MAX_BYTES = 1_000_000  # of a packet, and of an HTTP body
MOST_HEAD = 18_432  # bytes of a request's head: 16 KB of headers, as browsers and proxies allow, and more
MOST_ATTACHMENTS = 20
# Of a ladder, in seconds after the planned time.
MOST_RUNGS = 20
SHORTEST_RUNG = 60
LONGEST_RUNG = 7 * 86_400
UNTIL_MISSED = 3600  # after the last rung, where the client does not say
MOST_OF_A_DAY = 1000  # occurrences

# The heartbeat and the handshake, in seconds. Clients are told the first two.
PING_INTERVAL = 25
PING_TIMEOUT = 20
CONNECT_TIMEOUT = 20  # from the first byte to the client's CONNECT

# What a connection may send before it has entered. A front end sends its CONNECT, and again after a new token.
STRANGER_FRAMES = 64
STRANGER_BYTES = 16_384  # of one packet
STRANGER_BYTES_IN_ALL = 65_536
# Connections that have not entered: a whole clinic comes back at once, but no crowd stays before the door.
MOST_STRANGERS = 10_000
MOST_POLLING_STRANGERS = 2000  # long-polling sessions of one address

# Of one connection.
MOST_FRAGMENTS = 2048  # of one message. A front end that fragments at all cuts into kilobytes.
MOST_POSTS = 4  # of a long-polling session at a time; a front end sends one
MOST_OPEN = 128  # events that are not answered yet
MOST_REPLAYED = 500  # messages or notifications; the client pages over HTTP for more
OUTBOX_BYTES = 1_048_576  # that it leaves unread
MOST_REMEMBERED_ROOMS = 1000  # questions that it is brought back to
EVENTS_PER_SECOND = 5000
BYTES_PER_SECOND = 8_000_000
# Limits are given per second and counted over this long, so that a burst after a dead network passes.
WINDOW = 10  # seconds
# Frames that ask nothing: pings, pongs, empty fragments, CONNECTs, in a window. A front end sends one in 25 seconds.
MOST_IDLE = 1000
# Events beyond the connection's limit that are answered with RATE_LIMITED, in a window; after that it is cut.
MOST_REFUSED = 1000

# Sessions of clients that are brought back.
RECOVERY_SECONDS = 86_400  # after the connection has ended
MOST_SESSIONS = 100_000
LONGEST_PID = 64  # characters of what a client shows

# Of one user, over all sockets and HTTP calls, with tokens on.
USER_EVENTS = 200  # a second, as are the next two
USER_BYTES = 1_000_000  # sent
USER_READS = 4_000_000  # bytes
USER_ROWS = 100_000  # a day, as is the next
USER_CHANGES = 2_000
USER_REMINDERS = 1_000  # pending
USER_FILES = 500  # a day, as is the next
USER_FILE_BYTES = 2_000_000_000
SERVICE_FACTOR = 10  # programs of the clinic ask on behalf of many
# Of one address, without a good token.
STRANGER_REQUESTS = 1000  # a second, as is the next
STRANGER_TOKENS = 100
STRANGER_CONNECTIONS = 2000
BAD_LINKS = 5  # a second, with tokens or without

# Confirm links.
LINK_DAYS = LONGEST_LINK // DAY

# HTTP.
HEAD_SECONDS = 20  # until a request's head has come
REQUEST_SECONDS = 60  # until all of it has come; a long poll waits for up to 45
MOST_BODY_BYTES = 16_777_216  # of requests that are not answered yet
LONGEST_KEY = 64  # characters of an Idempotency-Key
LONGEST_PAGE = 200
USUAL_PAGE = 50
LISTS_AT_ONCE = 4  # of one client
MOST_LISTS_WAITING = 256  # of one client; one more is refused
LIST_WAIT = 10  # seconds
STILL_SECONDS = 10  # in which a client takes nothing of an answer
ANSWER_SECONDS = 60  # until a client must have taken the answer
MOST_UNREAD_ANSWERS = 32  # of which a client has not taken most of the bytes yet
MOST_UNREAD_BYTES = 8_388_608  # of them all

# Files.
FILE_BYTES = 20_000_000  # of one
DISK_RESERVE = 268_435_456  # bytes that uploads leave free on the disk
MOST_BESIDE_FILE = 65_536  # bytes of a multipart body that are not the file's
UPLOADS_AT_ONCE = 32  # in all; more wait
UPLOADS_OF_CLIENT = 24
DOWNLOADS_AT_ONCE = 48
DOWNLOADS_OF_CLIENT = 24
MOST_FILES_WAITING = 256  # uploads or downloads of one client that wait; one more is refused
FILE_WAIT = 30  # seconds that one waits for its turn
FILE_STILL_SECONDS = 20  # in which nothing comes of an upload
UPLOAD_SECONDS = 900  # until all of it has come
ADDRESS_SECONDS = 3600  # that a signed address is good for at most
LEAST_RATE = 16_384  # bytes a second that a client must take of a download

# Of a sandbox.
LONGEST_ADVANCE = 31_622_400  # seconds that one call moves the clock: a year
WALK_SECONDS = 8  # of real time that one call may take for it: clients wait for ten, as a rule
MOST_LOST_ACKS = 1000
LONGEST_DELAY = 30_000  # milliseconds
MOST_DELAYED = 10_000  # packets that wait
LONGEST_REFUSAL = 3600  # seconds

PARKED_IDS = 10  # that `/health` names

# In days, as clients are told it.
KEYS_KEPT = KEPT_FOR // DAY
SNOOZE_DAYS = LONGEST_SNOOZE // DAY
