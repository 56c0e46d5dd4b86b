"""Where a round takes place: surroundings, a shop of its own, its workers and its traffic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.segments.read import read as read_segments
from tests.integration.chaos.containers import Surroundings
from tests.integration.chaos.crew import Crew, Member
from tests.integration.chaos.tally import Tally
from tests.integration.chaos.traffic import Traffic
from tests.integration.worker.running import DEFINITIONS, Setup

CAMPAIGNS = Path(__file__).parent / "campaigns.toml"
#: ms: how long an idle topic holds deadlines back; no event of the traffic may take longer to the broker.
GRACE = 2_000
#: s
SESSION = 6.0

SENDERS = "senders"


def judge() -> Engine:
    """The engine with the definitions and campaigns that the workers have."""
    definitions = read_segments(DEFINITIONS.read_text())
    return Engine(definitions, read_campaigns(CAMPAIGNS.read_text(), definitions))


@dataclass
class Stage:
    """`cut`: mails that may be there twice, since delivery was killed or its connections were broken so often. `paused`: seconds that
    Redis was longest paused, and with it whoever was asking it."""

    around: Surroundings
    setup: Setup
    crew: Crew
    traffic: Traffic
    tally: Tally
    cut: int = 0
    paused: float = 0.0

    def engine(self, name: str, *, lasting_name: bool = True, kept: bool = True, **how: object) -> Member:
        """A worker of the customer engine. `lasting_name`: one that is killed and started again takes its place at once."""
        settings = {
            "campaigns": str(CAMPAIGNS), "grace": f"{GRACE / 1000:g}s", "session_timeout": f"{SESSION:g}s",
            "group_instance_id": name if lasting_name else "",
        }  # fmt: skip
        return self.crew.start(name, kept=kept, **(settings | how))

    def senders(self) -> Member:
        """Delivery and the live view in one process."""
        return self.crew.start(
            SENDERS, options=("--role", "delivery", "--role", "live-view"), campaigns=str(CAMPAIGNS), session_timeout=f"{SESSION:g}s",
            redis=self.around.redis, smtp=self.around.smtp,
        )  # fmt: skip
