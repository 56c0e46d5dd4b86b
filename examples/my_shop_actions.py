"""A shop's own action: a Faust agent over the segment changes. Run it with: gedrag worker --agents my_shop_actions

An agent whose function raises has its change acknowledged all the same: catch what may fail, and repeat it.
"""

from streams.app import app, changes


@app.agent(changes)
async def greet_big_spenders(stream):
    async for change in stream:
        if change["segment"] == "big_spender" and change["kind"] == "entered":
            print(f"a bunch of flowers for {change['customer_id']}: {change['reason']}", flush=True)
