"""Connects to each ADDRESS:PORT at the same time and writes what came of it: connected, refused or blocked, when nothing answers for some seconds.

Refused is an answer: the packets have passed.
"""

import asyncio
import sys


async def connect(target: str, seconds: float) -> str:
    address, port = target.split(":")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, int(port)), seconds)
    except TimeoutError:
        return "blocked"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return f"failed: {error}"
    writer.close()
    return "connected"


async def main(seconds: float, targets: list[str]) -> None:
    results = await asyncio.gather(*(connect(target, seconds) for target in targets))
    for target, result in zip(targets, results, strict=True):
        print(target, result)


asyncio.run(main(float(sys.argv[1]), sys.argv[2:]))
