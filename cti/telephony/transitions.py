"""How far a leg has come: three phases that only go forward, read from the PBX's words by table.

Asterisk repeats, reorders and loses nothing on purpose, but a link may: so a phase never goes back (a late "Ringing"
after "Up" is old news), and a phase may be entered without the one before (a phone that answers at once never rings).

    NEW --ringing--> RINGING --up--> UP --hangup--> (gone)
     \\______________up________________/

Conversation is not a phase: it is two real legs in one bridge (`talking`).
"""

from __future__ import annotations

from typing import Final

NEW: Final = 0
RINGING: Final = 1
UP: Final = 2

# AMI ChannelState -> phase. 0 Down, 1 Reserved, 2 Off hook, 3 Dialling, 4 Ring (the far end is rung), 5 Ringing (this
# device rings), 6 Up, 7 Busy, 8 Dialling off hook, 9 Pre-ring, 10 Unknown.
PHASE_OF_STATE: Final[dict[str, int]] = {"5": RINGING, "6": UP}

# DialState and DialEnd statuses that say more than the channel's own state.
PHASE_OF_DIAL: Final[dict[str, int]] = {"RINGING": RINGING, "PROGRESS": RINGING, "ANSWER": UP}
