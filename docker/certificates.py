"""A self-signed certificate for the local mail server, so that STARTTLS is used from the first day."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from stack import StackError

_DAYS = 3650


def ensure_certificate(folder: Path, *names: str) -> Path:
    """Make ``cert.pem`` and ``key.pem`` in a folder unless they are there, and return the certificate's path.

    Parameters
    ----------
    folder
        Made when it is missing.
    names
        Subject alternative names as OpenSSL writes them, for example ``IP:127.0.0.1`` and ``DNS:localhost``.
    """
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if certificate.exists() and key.exists():
        return certificate
    if shutil.which("openssl") is None:
        raise StackError("a certificate is made with openssl, which is not on the PATH: apt install openssl")
    folder.mkdir(parents=True, exist_ok=True)
    subject = ["-subj", "/CN=wardwatch mail", "-addext", f"subjectAltName={','.join(names)}"]
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(_DAYS)]
    files = ["-keyout", str(key), "-out", str(certificate)]
    done = subprocess.run(["openssl", *kind, *subject, *files], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"openssl must make a certificate in {folder}; it said: {done.stderr.strip()[-300:]}")
    key.chmod(0o600)
    return certificate
