"""Looking a customer's state up: it is with the worker that owns its partition.

Workers announce in Redis which partitions are theirs (announce.py) and answer for them on their `web` address (answer.py), guarded by the
internal token; whoever wants a state asks the right one (ask.py).

    <app_id>:workers:<partition>    host:port of the worker that has it; goes by itself when the worker is gone
    <app_id>:internal-token         the token, made by whoever needs it first; the setting `internal_token` comes before it
"""
