"""Where sessions are kept: people, recordings as raw blocks, results; one SQLite file."""

from coxa.store.inbox import Inbox
from coxa.store.inbox_sessions import InboxSession
from coxa.store.records import Headline, HipSurgery, Origin, Person, Saved, Session
from coxa.store.store import Store

__all__ = ["Headline", "HipSurgery", "Inbox", "InboxSession", "Origin", "Person", "Saved", "Session", "Store"]
