"""What the load generator and the stand-in can do together, with nothing between them."""

from bench import servers
from bench.ground import Ground
from bench.load import Job, send
from bench.rows import Row

SECONDS = 1.0
CONNECTIONS = 16


def run(ground: Ground) -> list[Row]:
    """POSTs a second, which no figure of the others can exceed."""
    with servers.telegram(ground.folder) as null:
        job = Job((f"{null.url}/null",), seconds=SECONDS, connections=CONNECTIONS)
        rate = send(job).rate
    return [Row("load generator, 1 alert a POST to nobody", rate, "/s")]
