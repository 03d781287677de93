"""`manage.py up`: the whole product under one small supervisor.

Read in this order: `up` (from the first check to the last stop), `options` (the environment),
`preflight` (what must hold before anything starts), `ledger` (one supervisor per data folder, and
what a killed one left behind), `start` (processes in order, until all are ready), `processes`
(their arguments and environment), `watch` (the event loop), `probes` (is it ready?), `terminal`
(what people see).

Nothing here imports Django: the supervisor lives as long as the product does, and a second copy of
Django would cost more memory than all of this.
"""
