"""`make quick-start`: follows docs/quick-start.md word by word, with a local Leadway in the account's place.

The commands run in one shell, in an empty folder and without the environment of the caller. What the page clones is
this repository, as it is committed; packages are installed by the versions of constraints.txt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.quick_start.steps import Commands, File, missing, steps, with_account

REPOSITORY: Final = Path(__file__).parents[2]
PAGE: Final = REPOSITORY / "docs" / "quick-start.md"
ADDRESS: Final = "https://github.com/leadway-crm/leadway-provider"
PEOPLE: Final = {"ann@example.com", "bob@example.com", "cleo@example.com"}
"""Who is in the account at the end: the page's customers, without the one that is rejected."""

_PASSED_ON: Final = (
    "UV_",
    "PIP_",
    "SSL_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
_END: Final = "the step has ended with"


def main() -> int:
    """Follow the page, print each step, and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="quick-start-") as folder, SandboxServer(Settings()) as sandbox:
        settings = Settings()
        account = {
            "LEADWAY_HOST": sandbox.url,
            "LEADWAY_LOCATION": settings.location_id,
            "LEADWAY_TOKEN": settings.token,
        }
        with _shell(Path(folder)) as shell:
            for step in steps(PAGE.read_text(encoding="utf-8")):
                if isinstance(step, File):
                    print(f"# {step.path}")
                    path = Path(folder) / step.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(step.text, encoding="utf-8")
                elif not _is_done(step, with_account(step.text, account), shell):
                    return 1
        found = {contact.fields.get("email") for contact in sandbox.account.contacts}
    if found != PEOPLE:
        print(f"The account has {sorted(map(str, found))}, and should have {sorted(PEOPLE)}.")
        return 1
    print("The quick start works, word by word.")
    return 0


def _is_done(step: Commands, text: str, shell: subprocess.Popen[str]) -> bool:
    """Run a step, and return True if it succeeded and printed what the page shows."""
    print(f"$ {step.text.rstrip()}", flush=True)
    began = time.monotonic()
    output, status = _answer(shell, text)
    print(f"  {time.monotonic() - began:.1f} s", flush=True)
    if status == "0" and not (lines := missing(step, output)):
        return True
    print(output)
    print(f"The exit status is {status}." if status != "0" else f"The output does not have these lines: {lines}")
    return False


def _answer(shell: subprocess.Popen[str], text: str) -> tuple[str, str]:
    """Return what the lines print in the shell, and the exit status of the first one that fails, or of the last one."""
    commands, output = _pipes(shell)
    # The lines run in the shell itself, so that it keeps what they export. `set -e` would end it.
    commands.write(
        f"failed=0; trap 'failed=$?' ERR; {{ {text}\n}} </dev/null\ntrap - ERR; echo; echo '{_END}' $failed\n"
    )
    commands.flush()
    lines: list[str] = []
    for line in output:
        if line.startswith(_END):
            return "".join(lines), line.removeprefix(_END).strip()
        lines.append(line)
    return "".join(lines), "unknown, because the shell has ended"


def _pipes(shell: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if shell.stdin is None or shell.stdout is None:
        raise ValueError("the shell was started without pipes")
    return shell.stdin, shell.stdout


@contextmanager
def _shell(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a shell in an empty folder, and end it."""
    with subprocess.Popen(
        ["/bin/bash", "--noprofile", "--norc"],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as shell:
        yield shell
        _pipes(shell)[0].close()


def _environment(folder: Path) -> Mapping[str, str]:
    """Return the environment of somebody who has git and uv, and nothing else of this repository.

    git takes this repository where the page names its address, and uv takes the versions of constraints.txt from its
    cache.
    """
    tools = folder / ".tools"
    tools.mkdir()
    (tools / "uv").symlink_to(Path(sys.executable).parent / "uv")
    (tools / "python3").symlink_to(Path(sys.executable).resolve())  # the first Python that uv finds
    # The repository may belong to another user than the one who runs this.
    git = f'[url "{REPOSITORY.as_uri()}"]\n    insteadOf = {ADDRESS}\n[safe]\n    directory = *\n'
    (folder / ".gitconfig").write_text(git, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    cache = subprocess.run([tools / "uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    constraints = shutil.copy(REPOSITORY / ".venv" / "constraints.txt", folder / ".constraints.txt")
    return inherited | {
        "HOME": str(folder),
        "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "UV_CACHE_DIR": cache,
        "UV_CONSTRAINT": str(constraints),
        "UV_PYTHON_PREFERENCE": "only-system",
    }


if __name__ == "__main__":
    sys.exit(main())
