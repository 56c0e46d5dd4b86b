"""`make chaos`: workers killed, stopped, cut off and rebalanced a few hundred times, and what came of it.

Ends with a table and, as its last line, one JSON object. Exit status 1 if a single change, state, message or mail is not as it ought to be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path

from tests.integration.chaos.containers import surroundings
from tests.integration.chaos.plan import SCENES, plan
from tests.integration.chaos.report import progress, table
from tests.integration.chaos.rounds import play
from tests.integration.chaos.tally import Tally


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    arguments.add_argument("--kills", type=int, default=200, help="at least so many; a quarter as many rebalances (default: 200)")
    arguments.add_argument("--seed", type=int, default=1, help="another seed, another schedule (default: 1)")
    arguments.add_argument("--scene", choices=sorted(set(SCENES)), help="rounds of one scene only")
    arguments.add_argument("--round", type=int, help="the round of this seed only, as a failure names it")
    wanted = arguments.parse_args()
    rounds = [
        each for each in plan(wanted.kills, wanted.seed)
        if wanted.scene in (None, each.scene) and wanted.round in (None, each.seed)
    ]  # fmt: skip
    began = time.monotonic()
    whole = Tally()
    folder = Path(tempfile.mkdtemp(prefix="gedrag-chaos-"))
    with surroundings() as around:
        for number, each in enumerate(rounds, 1):
            here = folder / f"{number}-{each.scene}-{each.seed}"
            here.mkdir()
            started = time.monotonic()
            tally, notes = asyncio.run(play(each, around, here))
            whole.add(tally)
            print(progress(number, len(rounds), each, tally, time.monotonic() - started), flush=True)
            for note in notes:
                print(f"    {note[:300]}", flush=True)
            for example in tally.examples:
                print(f"    WRONG {example}", flush=True)
    seconds = time.monotonic() - began
    print(table(whole, seconds))
    if whole.holds:
        shutil.rmtree(folder)
    else:
        print(f"Not as it ought to be, see WRONG above; the workers' logs are in {folder}")
    print(json.dumps({"seed": wanted.seed, "seconds": round(seconds), "rounds": len(rounds), **whole.as_dict(), "holds": whole.holds}))
    return 0 if whole.holds else 1


raise SystemExit(main())
