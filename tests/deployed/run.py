#!/usr/bin/env python3
"""Deploys template.yaml with the built functions on an AWS emulator and tells the stories over HTTP.

    python3 tests/deployed/run.py                      builds, deploys, tells all stories
    python3 tests/deployed/run.py --only NAME          tells the stories with NAME in their name
    python3 tests/deployed/run.py --binaries DIR       deploys DIR/<function>/bootstrap instead of building

The script makes its own Python environment beside itself. Everything it starts ends with it; what it leaves is in .run/.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"


def enter_environment() -> None:
    """Makes the environment when requirements.txt changed since it was made, and goes on inside it."""
    python, wanted = ENVIRONMENT / "bin" / "python", (HERE / "requirements.txt").read_text()
    stamp = ENVIRONMENT / "requirements.txt"
    if not (stamp.exists() and stamp.read_text() == wanted):
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    if Path(sys.prefix) != ENVIRONMENT:
        os.execv(python, [str(python), str(HERE / "run.py"), *sys.argv[1:]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="NAME")
    parser.add_argument("--binaries", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    enter_environment()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    import stories  # noqa: F401
    from harness import build, emulator, sns, stack, story, tenant, wire, world

    binaries = build.built(arguments.binaries.resolve()) if arguments.binaries else build.build()
    build.check_libraries(binaries)

    signer, stranger = sns.Signer(), sns.Signer()
    port = emulator.free_port()
    with (
        wire.Wire(port).passing() as line,
        sns.Origin(signer, stranger).serving() as origin,
        emulator.running(HERE / ".run", port, line.url) as account,
    ):
        started = time.monotonic()
        deployed = stack.Stack(account)
        parameters = {
            "Architecture": {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine],
            "TableDeletionProtection": "false",
            "PublicUrl": "https://links.example",
            "SnsTrustRoot": signer.root,
            "SnsCertificateOrigin": origin.url,
        }
        deployed.deploy(binaries, parameters)
        account.client("sesv2").create_email_identity(EmailIdentity=tenant.DOMAIN)
        print(f"deployed in {time.monotonic() - started:.1f} s", flush=True)
        here = world.World(account, line, deployed, origin, signer, stranger)
        passed, failed = story.tell(here, arguments.only.replace("_", " "))
        if failed:
            print(f"\n{here.logs()}\n\nThe emulator's own log is {HERE / '.run' / 'emulator.log'}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
