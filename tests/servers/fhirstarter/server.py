"""The example application of fhirstarter, unchanged, on 127.0.0.1: server.py PORT"""

import sys

import uvicorn
from fhirstarter.examples.example import app


class Server(uvicorn.Server):
    """Says on standard output when requests are answered. The log goes to standard error."""

    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            print(f"ready http://127.0.0.1:{self.config.port}", flush=True)


if len(sys.argv) != 2 or not sys.argv[1].isdigit() or not 1 <= int(sys.argv[1]) <= 65535:
    sys.exit("the one argument is the port, from 1 to 65535")
Server(uvicorn.Config(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")).run()
