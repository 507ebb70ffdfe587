"""Benchmarks beside peers: `python3 dev.py bench`. `docs/performance.md` says what they show.

A benchmark is a module of this package, listed in `registry`, with

    NAME = "list"                                   # what `dev.py bench` is asked for
    ABOUT = "GraphQL list of 10 and the total"      # one line for --help
    async def run(ground: Ground) -> list[Table]    # measure, then say it in tables

`ground` is a PostgreSQL and a Valkey of the run's own, durable as in production and migrated, in a folder
that goes afterwards. It starts what is measured; everything it starts ends with the run, however that ends:

    users = await data.fill(ground, users=1000, each=200)
    api = await ground.start_api(initiations_per_minute=100_000)    # production settings, changed by name
    worker = ground.start_worker()
    peer = await ground.start_peer("mercurius.js", {"TRIPS": "1"})  # of bench/peers, by the pinned Node
    token = ground.token(users[0].id)
    figures = await rounds.interleave(ground.rounds, {"storycast": measure_api, "peer": measure_peer})

`interleave` awaits each contender's measurement once a slice, in an order that turns from slice to slice, and
makes a round's figures of the medians of its slices; a measurement returns its figures by column.
`ground.seconds` is how long a contender is measured in a round, all in all: requests are put for that by
`rounds.SLICES`. Before anything is timed, check that all contenders answer alike, and raise `Different` where
they do not.

A `Table` shows, for each contender and column, the median over the rounds and the spread; for columns that
are compared, also the ratio to the reference within each round, which is what lasts from machine to machine.
Its notes say what was left out, raised by setting, or unequal.
"""
