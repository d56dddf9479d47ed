"""How workers begin: forks of a process that does nothing else yet, and otherwise from a server."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from contents import contents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc, and nothing else has early forks")

HOW = """
import multiprocessing, sys, threading, time
from imagenet_s.conversion.process_pool import early_workers

def status(who):
    return open(f"/proc/{who}/status").read()

if sys.argv[1] == "crowded":
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
if sys.argv[1] == "spawn":
    multiprocessing.set_start_method("spawn")
early = early_workers(2)
if early is None:
    from multiprocessing import forkserver
    print("server", status(forkserver._forkserver._forkserver_pid))
else:
    with early:
        print("forks", early.submit(status, "self").result())
"""


def how(situation: str) -> tuple[str, bool]:
    """What workers come from, and whether Ctrl-C reaches it."""
    command = [sys.executable, "-c", HOW, situation]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    masks = dict(line.split(":\t") for line in done.stdout.splitlines() if line.startswith(("SigBlk", "SigIgn")))
    hidden = int(masks["SigBlk"], 16) | int(masks["SigIgn"], 16)
    return done.stdout.split()[0], not hidden >> (signal.SIGINT - 1) & 1


@pytest.mark.parametrize(("situation", "expected"), [("alone", "forks"), ("crowded", "server"), ("spawn", "server")])
def test_where_workers_come_from(situation: str, expected: str) -> None:
    """Ctrl-C reaches neither, not even a server that still imports: it would print a traceback of its own."""
    assert how(situation) == (expected, False)


SCRIPT = """
import sys, warnings
from imagenet_s.conversion.shards import Options, convert

warnings.simplefilter("always")
imagenet, annotations, out = sys.argv[1:]
convert(imagenet, out, "50", annotations, Options(verify=False, workers=2, max_shard_size="20KB"))
"""


def test_a_script_that_just_calls_it(convert_miniature, miniature, annotations: Path, tmp_path: Path) -> None:
    """Without `if __name__ == "__main__"`, which forks do not need, and without the warning of Python 3.12."""
    convert_miniature(tmp_path / "here")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, script, miniature("folders"), annotations, tmp_path / "there"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "multi-threaded" not in done.stderr
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
