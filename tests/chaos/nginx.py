"""The machine's nginx, as the handbook configures it in front of two replicas."""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx2

from settings import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PAGE = ROOT / "docs" / "scaling.md"
AROUND = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log warn;
events {{ worker_connections 1024; }}
http {{
access_log off;
client_body_temp_path {directory}/body;
proxy_temp_path {directory}/proxy;
fastcgi_temp_path {directory}/fastcgi;
uwsgi_temp_path {directory}/uwsgi;
scgi_temp_path {directory}/scgi;
{block}
}}
"""


class Nginx:
    """Listens on *port*, with the handbook's block in front of the services on *ports*."""

    def __init__(self, directory: Path, port: int, ports: Sequence[int]) -> None:
        directory.mkdir()
        (block,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
        for told, real in (("8001", ports[0]), ("8002", ports[1]), ("listen 8000", port)):
            block = block.replace(told, f"listen 127.0.0.1:{real}" if " " in told else str(real))
        self.url, self.configuration = f"http://127.0.0.1:{port}", directory / "nginx.conf"
        self.configuration.write_text(AROUND.format(directory=directory, block=block))

    def __enter__(self) -> Self:
        command = [NGINX or "nginx", "-c", str(self.configuration)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(250):
            assert self.process.poll() is None, "nginx did not start"
            try:
                httpx2.get(f"{self.url}/health/live", timeout=1).raise_for_status()
            except httpx2.HTTPError:
                time.sleep(0.02)
            else:
                return self
        raise AssertionError("nginx does not answer")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
