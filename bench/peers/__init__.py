"""What Storycast is measured beside, each written as fast as its own documentation says it goes.

All of them check the same tokens for the same claims, and keep what they verified until it expires. They ask
the same PostgreSQL as the same role under row security, over pools of the same size, with prepared
statements. TRIPS=1 has each operation call one function of Storycast's; otherwise it is a transaction,
statement by statement. `identity.js`, `sql.js` and `schema.js` are shared by the servers in Node.
"""
